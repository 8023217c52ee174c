"""Several data layers in one net: whether their rows belong together, and are kept together.

Each layer shuffles by its own name, so rows of two layers that shuffle meet at random, in other
pairs in every epoch. Layers with one ``order_key`` deliver in one order.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from graphnet.errors import GraphnetWarning, SpecError
from graphnet.layers.base import Layer, Phase
from graphnet.layers.data.data_layer import DataLayer
from graphnet.net.graph import BlobVertex, LayerVertex
from graphnet.net.passes import select_phase
from graphnet.net.spec import NetSpec, Node

_MOST_WORK = 10_000  # to find out whether two arrays overlap


def check_in_step(vertices: Sequence[LayerVertex], layers: Sequence[Layer[Any]]) -> None:
    """See that layers with one ``order_key`` will stay in step.

    Raises:
        SpecError: If they would not: at the second of them, naming both.
    """
    first: dict[str, tuple[LayerVertex, DataLayer[Any]]] = {}
    for node, layer in zip(vertices, layers, strict=True):
        order = node.spec.row_order
        if order is None or order.key is None or not isinstance(layer, DataLayer):
            continue
        other, leader = first.setdefault(order.key, (node, layer))
        differs = _difference(leader, layer)
        if differs:
            with node.located():
                raise SpecError(
                    f"cannot be in step with '{other.name}', which has the same order_key:"
                    f" {differs}"
                )


def _difference(one: DataLayer[Any], other: DataLayer[Any]) -> str:
    """Why two layers would deliver in different orders; nothing if they would not."""
    there, here = one.spec.row_order, other.spec.row_order
    if there.shuffle != here.shuffle:
        return f"its shuffle is {there.shuffle} there and {here.shuffle} here"
    if there.batch_size != here.batch_size:
        return f"its batch_size is {there.batch_size} there and {here.batch_size} here"
    if one.n_samples != other.n_samples:
        return f"there are {one.n_samples} rows there and {other.n_samples} here"
    a, b = one.epoch_order, other.epoch_order
    if not (a and b) or a.key is None:
        return ""
    if a.per_group == b.per_group and np.array_equal(a.sizes, b.sizes):
        return ""
    return (
        "they are read in groups of different sizes\n"
        "  give both a buffer_bytes that holds all of it, or keep their data in one file"
    )


def chance_meetings(vertices: Sequence[LayerVertex]) -> list[str]:
    """Pairs of data layers whose rows meet at random, in words; from the specs alone.

    Args:
        vertices: The layers of one phase, in the order they run.
    """
    return [
        f"{_pair(one, other, meet)} at random: {_who_shuffles(one, other)}\n"
        "  give both the same order_key to keep their rows together, or different ones if they"
        " are not to belong together"
        for one, other, meet in _pairs(vertices)
        if _shuffles(one) or _shuffles(other)
    ]


def drifting(vertices: Sequence[LayerVertex], layers: Sequence[Layer[Any]]) -> list[str]:
    """Pairs of data layers that do not shuffle, and are not equally long."""
    by_name = {layer.name: layer for layer in layers if isinstance(layer, DataLayer)}
    found = []
    for one, other, meet in _pairs(vertices):
        a, b = by_name[one.name], by_name[other.name]
        if not (_shuffles(one) or _shuffles(other)) and a.n_samples != b.n_samples:
            found.append(
                f"{_pair(one, other, meet)} out of step after the first epoch: they have"
                f" {a.n_samples} and {b.n_samples} rows\n"
                "  make them equally long, or give both an order_key of their own if their rows"
                " are not to belong together"
            )
    return found


def _pair(one: LayerVertex, other: LayerVertex, meet: str) -> str:
    return f"the rows of data layers '{one.name}' and '{other.name}' meet in layer '{meet}'"


def _who_shuffles(one: LayerVertex, other: LayerVertex) -> str:
    names = [n.name for n in (one, other) if _shuffles(n)]
    if len(names) == 2:  # noqa: PLR2004  # of the two
        return "each shuffles by itself"
    return f"'{names[0]}' shuffles and the other does not"


def _shuffles(layer: LayerVertex) -> bool:
    return layer.spec.row_order is not None and layer.spec.row_order.shuffle


def _pairs(vertices: Sequence[LayerVertex]) -> Iterator[tuple[LayerVertex, LayerVertex, str]]:
    """Data layers whose order was not said to be one or different, and the layer they meet in."""
    keys = {v: order.key for v in vertices if (order := v.spec.row_order) is not None}
    reach = _reach(vertices, list(keys))
    for one, other in combinations(keys, 2):
        meet = next((name for name, of in reach.items() if {one.name, other.name} <= of), None)
        if None in (keys[one], keys[other]) and meet is not None:
            yield one, other, meet


def _reach(vertices: Sequence[LayerVertex], data: Sequence[LayerVertex]) -> Mapping[str, set[str]]:
    """By layer, the data layers that it depends on."""
    of_blob: dict[BlobVertex, set[str]] = {top: {node.name} for node in data for top in node.tops}
    found: dict[str, set[str]] = {}
    for node in vertices:
        below: set[str] = set().union(*(of_blob.get(b, set()) for b in node.bottoms))
        found[node.name] = below
        for top in node.tops:
            of_blob.setdefault(top, set()).update(below)
    return found


def warn_of_same_rows(
    spec: NetSpec,
    phase: Phase,
    given: Mapping[str, np.ndarray],
    other: NetSpec,
    other_given: Mapping[str, np.ndarray],
) -> None:
    """Warn where training and validation get the same rows of arrays given to MemoryData layers.

    Args:
        spec: Of a net of this phase …
        phase: The phase.
        given: … and its arrays, by top.
        other: Of the net of the other phase.
        other_given: Its arrays.
    """
    other_phase: Phase = "train" if phase == "test" else "test"
    there = {top for node in _given_arrays(other, other_phase) for top in node.tops}
    same = [
        f"'{top}' of layer '{node.name}'"
        for node in _given_arrays(spec, phase)
        for top in node.tops
        if top in there and top in given and top in other_given
        if _overlap(given[top], other_given[top])
    ]
    if same:
        warnings.warn(
            f"net '{spec.name}': the rows given for {', '.join(same)} are those of the other phase"
            " as well, so validation is on the training rows\n"
            '  load the test net with arrays of its own, load_net(…, phase="test", share=net,'
            " inputs=…), and validate on that: ValidationPerformance(test_net)",
            GraphnetWarning,
            stacklevel=4,
        )


def _given_arrays(spec: NetSpec, phase: Phase) -> list[Node]:
    """The layers of the phase that deliver arrays they are given."""
    nodes = select_phase(spec.data_nodes(), phase)
    return [node for node in nodes if node.spec.takes_arrays]


def _overlap(one: np.ndarray, other: np.ndarray) -> bool:
    try:
        return np.shares_memory(one, other, max_work=_MOST_WORK)  # type: ignore[arg-type, unused-ignore]  # any int
    except np.exceptions.TooHardError:
        return False
