"""Names of blobs: what Caffe changes in place, and the Splits that it puts in by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.layers.table import LAYER_TYPES


class Versions:
    """The names of tops: of a blob that is changed in place, one for each state it is in.

        conv1 → conv1.before-bn1 → bn1 → conv1.before-scale1 → scale1 → conv1 → relu1 → conv1

    relu1 runs in place in graphnet, too. Where the first is an input, it keeps its name, for
    whoever feeds it.
    """

    def __init__(self, layers: Sequence[Message]) -> None:
        self._tops: dict[tuple[int, int], str] = {}
        made: dict[str, list[int]] = {}  # by which layers each blob is made anew
        weighed: set[str] = set()
        for step, layer in enumerate(layers):
            for i, top in enumerate(layer["top"]):
                if top not in made or top in weighed or not _stays(layer, i):
                    made.setdefault(top, []).append(step)
                weights = layer["loss_weight"]
                weighed.discard(top)
                if i < len(weights) and weights[i]:  # what it was then is a term of the objective
                    weighed.add(top)
        for top, steps in made.items():
            for n, name in enumerate(_names(top, [layers[step] for step in steps])):
                last = steps[n + 1] if n + 1 < len(steps) else len(layers)
                for step in range(steps[n], last):
                    for i, other in enumerate(layers[step]["top"]):
                        if other == top:
                            self._tops[step, i] = name

    def top(self, step: int, i: int) -> str:
        """The name in graphnet of a top."""
        return self._tops[step, i]


def _stays(layer: Message, i: int) -> bool:
    """Whether a layer writes its top over its bottom, in graphnet, too."""
    known = LAYER_TYPES.get(layer["type"] or "")
    in_place = layer["bottom"][i : i + 1] == [layer["top"][i]]
    return in_place and known is not None and known.runs_in_place(layer)


def _names(top: str, makers: Sequence[Message]) -> list[str]:
    """The names of a blob that these layers make, one after the other."""
    if makers[0]["type"] == "Input":
        return [top, *(f"{top}.after-{_named(layer)}" for layer in makers[1:])]
    return [*(f"{top}.before-{_named(layer)}" for layer in makers[1:]), top]


def _named(layer: Message) -> str:
    return re.sub(r"[^\w.-]+", "_", layer["name"] or layer["type"] or "layer")


def is_automatic_split(layer: Message) -> bool:
    """Whether it is a Split that Caffe itself puts in, and writes into models."""
    name = layer["name"] or ""
    tops = layer["top"]
    return (
        layer["type"] == "Split"
        and name.endswith("_split")
        and tops == [f"{name}_{i}" for i in range(len(tops))]
    )
