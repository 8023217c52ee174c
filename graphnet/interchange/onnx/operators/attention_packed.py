"""Queries, keys and values that one product makes together, as PyTorch's nets often do.

The product with a matrix ``(D, 3 · D)`` is cut along its features, or seen as
``(N, T, 3, heads, F)`` and turned so that a place of the first axis is one of the three.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphnet.interchange.onnx.files.reading import Attributes
from graphnet.interchange.onnx.graph.value_graph import ValueGraph

#: Of ``(N, T, 3, heads, F)``, what makes it ``(3, N, heads, T, F)``.
_THREE_FIRST = [2, 0, 3, 1, 4]
_THREE, _LAST = 3, (2, -1)


@dataclass(frozen=True)
class Third:
    """One of three.

    Attributes:
        source: The value that has all of them.
        index: Which it is.
        nodes: What takes it out.
        target: The shape that parts it into heads; empty where that is still to come.
    """

    source: str
    index: int
    nodes: tuple[Any, ...]
    target: tuple[int, ...] = ()


def third_of_features(graph: ValueGraph, name: str) -> Third | None:
    """A third of the features ``(N, T, 3 · D)``, if a value is one."""
    node = graph.maker(name, "Split")
    if node is None or len(node.output) != _THREE:
        return None
    attributes = Attributes(node.attribute)
    sizes = attributes.wholes("split") or []
    if len(node.input) > 1 and node.input[1]:
        found = graph.constants.get(node.input[1])
        if found is None:
            return None
        sizes = [int(n) for n in found.reshape(-1)]
    if attributes.whole("axis", 0) not in _LAST or len(set(sizes)) > 1:
        return None
    return Third(node.input[0], [*node.output].index(name), (node,))


def third_of_first_axis(graph: ValueGraph, name: str) -> Third | None:
    """A place of the first axis ``(3, N, heads, T, F)``, if a value is one."""
    taken = _place(graph, name)
    if taken is None:
        return None
    whole, index, nodes = taken
    turned = graph.maker(whole, "Transpose")
    shaped = graph.maker(turned.input[0], "Reshape") if turned is not None else None
    if shaped is None or turned is None:
        return None
    if Attributes(turned.attribute).wholes("perm") != _THREE_FIRST:
        return None
    target = graph.constants.get(shaped.input[1])
    if target is None or target.size != len(_THREE_FIRST):
        return None
    first, second, three, heads, size = (int(n) for n in target.reshape(-1))
    if three != _THREE or min(heads, size) < 1 or not 0 <= index < _THREE:
        return None
    return Third(shaped.input[0], index, (*nodes, turned, shaped), (first, second, heads, size))


def _place(graph: ValueGraph, name: str) -> tuple[str, int, tuple[Any, ...]] | None:
    """The value that a Gather, or a Slice and a Squeeze, take a place of the first axis of."""
    node = graph.maker(name, "Gather")
    if node is not None:
        index = graph.constants.get(node.input[1])
        is_first = index is not None and not index.ndim
        if index is None or not is_first or Attributes(node.attribute).whole("axis", 0):
            return None
        return node.input[0], int(index), (node,)
    node = graph.maker(name, "Squeeze")
    cut = graph.maker(node.input[0], "Slice") if node is not None else None
    if cut is None or _numbers(graph, node, 1, "axes") != [0]:
        return None
    start, end = (_numbers(graph, cut, i, key) for i, key in ((1, "starts"), (2, "ends")))
    axes, steps = _numbers(graph, cut, 3, "axes"), _numbers(graph, cut, 4, "steps")
    if axes not in ([0], None) or steps not in ([1], None) or not start or not end:
        return None
    if len(start) != 1 or end != [start[0] + 1]:
        return None
    return cut.input[0], start[0], (node, cut)


def _numbers(graph: ValueGraph, node: Any, i: int, attribute: str) -> list[int] | None:
    """Whole numbers from an input, or in older opsets from an attribute; None without them."""
    if len(node.input) > i and node.input[i]:
        found = graph.constants.get(node.input[i])
        return None if found is None else [int(n) for n in found.reshape(-1)]
    return Attributes(node.attribute).wholes(attribute)


def turned_in_stacks(graph: ValueGraph, name: str) -> tuple[str, tuple[int, ...], list[Any]] | None:
    """Keys ``(N, heads, T, F)`` before they became ``(N, heads, F, T)`` by way of three axes.

    Returns:
        The value, the shape ``(N, heads, F, T)``, and the nodes; None if it was not made so.
    """
    outer = graph.maker(name, "Reshape")
    turned = graph.maker(outer.input[0], "Transpose") if outer is not None else None
    inner = graph.maker(turned.input[0], "Reshape") if turned is not None else None
    if inner is None or turned is None:
        return None
    if Attributes(turned.attribute).wholes("perm") != [0, 2, 1]:
        return None
    shapes = [graph.constants.get(node.input[1]) for node in (outer, inner)]
    if shapes[0] is None or shapes[1] is None or (shapes[0].size, shapes[1].size) != (4, 3):
        return None
    whole = tuple(int(n) for n in shapes[0].reshape(-1))
    stacked = [int(n) for n in shapes[1].reshape(-1)]
    n, heads, size, keys = whole
    if min(whole) < 1 or stacked[0] not in (-1, n * heads) or stacked[1:] != [keys, size]:
        return None
    return inner.input[0], whole, [outer, turned, inner]
