"""What other frameworks call params, and in which layout they have them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from graphnet.interchange.weights.layouts import Layout

#: By the name of a param or state here; the first that is there is taken.
_WORDS = {
    "weight": ("kernel", "embeddings", "W", "w"),
    "filter": ("weight", "kernel", "W", "w"),
    "bias": ("beta", "b"),
    "scale": ("weight", "gamma"),
    "slope": ("weight", "alpha"),
    "mean": ("running_mean", "moving_mean"),
    "variance": ("running_var", "moving_variance", "var"),
    "weight_x": ("weight_ih_l0", "weight_ih", "kernel"),
    "weight_h": ("weight_hh_l0", "weight_hh", "recurrent_kernel"),
}
_PAIRS = (("bias_ih_l0", "bias_hh_l0"), ("bias_ih", "bias_hh"))
#: Names in which the framework says that the outputs are the last axis.
_OUTPUTS_LAST = frozenset({"kernel", "recurrent_kernel"})
_TURNED: dict[str, Layout] = {
    "filter": ("HWIO",),
    "weight": ("transposed",),
    "weight_x": ("transposed",),
    "weight_h": ("transposed",),
}
_RECURRENT = ("LSTM", "GRU", "RNN")
_STACKED = re.compile(r"((?:weight|bias)_[ih]h)_l([1-9]\d*)")
_ENDING = re.compile(r":\d+$")
_PLACE = re.compile(r"(.+)(\[\d+\])")


class StoredName(NamedTuple):
    """A stored name in two: the layer's part and the param's."""

    layer: str
    param: str


def split_name(name: str) -> StoredName:
    """``conv1`` and ``weight`` of ``conv1.weight``, ``conv1/weight`` or ``conv1___weight``.

    Of ``conv1[2]``, which is the second param of a layer, it is ``conv1`` and ``[2]``.
    """
    name = _ENDING.sub("", name)
    place = _PLACE.fullmatch(name)
    if place:
        return StoredName(place[1], place[2])
    layer, mark, param = name.rpartition("___")
    if mark and "." not in param and "/" not in param:
        return StoredName(layer, param)
    cut = max(name.rfind("."), name.rfind("/"))
    layer, param = name[: max(cut, 0)], name[cut + 1 :]
    stacked = _STACKED.fullmatch(param)
    if stacked:  # a layer of its own here
        return StoredName(f"{layer}_l{stacked[2]}", f"{stacked[1]}_l0")
    return StoredName(layer, param)


def says_layout(name: str) -> bool:
    """Whether a name is one that a framework gives to arrays of one layout."""
    return split_name(name).param in _OUTPUTS_LAST


def words_for(
    layer_type: str, param: str, index: int, there: Collection[str]
) -> Iterator[tuple[tuple[str, ...], Layout]]:
    """What may fill a param: the names of the arrays and the layouts to be tried, the best first.

    Args:
        layer_type: The layer's type.
        param: The param's name.
        index: Its place among what the layer declares.
        there: The names that the stored layer has for its params.
    """
    is_recurrent, turned = layer_type in _RECURRENT, not _OUTPUTS_LAST.isdisjoint(there)
    gates: Layout = ("gates ifgo",) if layer_type == "LSTM" else ()
    if layer_type == "GRU" and turned:  # it has the gates and biases in a way of its own
        return
    for word in (param, f"[{index + 1}]"):
        own = () if not (is_recurrent and turned) else gates
        for layout in _layouts(layer_type, param, word):
            yield (word,), (*layout, *own)
    if param == "bias" and is_recurrent:
        for pair in _PAIRS:
            yield pair, ("gru biases",) if layer_type == "GRU" else ("sum", *gates)
    for word in _WORDS.get(param, ()):
        for layout in _layouts(layer_type, param, word):
            yield (word,), (*layout, *(gates if is_recurrent else ()))


def _layouts(layer_type: str, param: str, word: str) -> list[Layout]:
    """The layouts to be tried, the likeliest first."""
    turned = _TURNED.get(param)
    if turned is None or layer_type == "Embed":
        return [()]
    both = [(), turned]
    return both[::-1] if word in _OUTPUTS_LAST else both
