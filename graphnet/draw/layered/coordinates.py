"""Coordinates: where in its row each vertex stands, with long edges straight.

Brandes and Koepf, "Fast and simple horizontal coordinate assignment" (2001): each vertex is aligned
with a median neighbour in the row before, and the blocks that arise are pushed together. That is
done four times, from above and below and to the left and right; each vertex gets the mean of the
middle two of its four places, which keeps all distances. Where the four disagree, a picture becomes
wider than it need be, so in the end everything moves towards what it is joined to.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import inf
from typing import TypeVar

import networkx as nx

V = TypeVar("V", bound=Hashable)

#: The least distance between the centres of two neighbours in a row.
Apart = Callable[[V, V], float]
#: Sweeps in which everything is pulled together, and moves that are worth another.
SWEEPS, LEAST_MOVE = 24, 0.5


def coordinates(
    graph: nx.DiGraph[V],
    rows: Sequence[Sequence[V]],
    bends: frozenset[V],
    apart: Apart[V],
) -> dict[V, float]:
    """The x of each vertex's centre.

    Args:
        graph: Every edge leads from one row to the next.
        rows: Each from left to right.
        bends: The vertices that only stand where a long edge passes a row.
        apart: The least distance between the centres of two neighbours.
    """
    conflicts = _conflicts(graph, rows, bends)
    found = []
    for upward in (False, True):
        for leftward in (False, True):
            turned = [list(reversed(row)) if leftward else list(row) for row in rows]
            neighbours = graph.succ if upward else graph.pred
            blocks = _aligned(turned[::-1] if upward else turned, neighbours, conflicts)
            xs = _compacted(turned, blocks, apart if not leftward else _swapped(apart))
            found.append({v: -x for v, x in xs.items()} if leftward else xs)
    return _pulled_together(graph, rows, apart, _balanced(found))


def _swapped(apart: Apart[V]) -> Apart[V]:
    return lambda left, right: apart(right, left)


def _conflicts(
    graph: nx.DiGraph[V], rows: Sequence[Sequence[V]], bends: frozenset[V]
) -> set[tuple[V, V]]:
    """The edges that cross the inside of a long edge: they give way to it."""
    found: set[tuple[V, V]] = set()
    for upper, lower in pairwise(rows):
        place = {v: i for i, v in enumerate(upper)}
        inner = [
            (place[p], i)
            for i, v in enumerate(lower)
            if v in bends
            for p in graph.pred[v]
            if p in bends
        ]
        if not inner:
            continue
        for i, v in enumerate(lower):
            for p in graph.pred[v]:
                if p in bends and v in bends:
                    continue
                if any((place[p] - a) * (i - b) < 0 for a, b in inner):
                    found.add((p, v))
    return found


def _aligned(
    rows: Sequence[Sequence[V]],
    neighbours: Mapping[V, Mapping[V, object]],
    conflicts: set[tuple[V, V]],
) -> dict[V, V]:
    """Each vertex with the first of its block: those that are to have one x."""
    root = {v: v for row in rows for v in row}
    is_taken: set[V] = set()
    place: dict[V, int] = {}
    for row in rows:
        furthest = -1
        for v in row:
            near = sorted((n for n in neighbours[v] if n in place), key=place.__getitem__)
            middle = near[(len(near) - 1) // 2 : len(near) // 2 + 1]
            for n in middle:
                is_free = (n, v) not in conflicts and (v, n) not in conflicts
                if root[v] == v and is_free and n not in is_taken and place[n] > furthest:
                    root[v] = root[n]
                    is_taken.add(n)
                    furthest = place[n]
        place = {v: i for i, v in enumerate(row)}
    return root


def _compacted(rows: Sequence[Sequence[V]], root: Mapping[V, V], apart: Apart[V]) -> dict[V, float]:
    """The x of each vertex: as far left as the blocks left of it allow, then together again."""
    blocks: nx.DiGraph[V] = nx.DiGraph()
    blocks.add_nodes_from(dict.fromkeys(root[v] for row in rows for v in row))
    for row in rows:
        for left, right in pairwise(row):
            a, b, distance = root[left], root[right], apart(left, right)
            if not blocks.has_edge(a, b) or blocks.edges[a, b]["distance"] < distance:
                blocks.add_edge(a, b, distance=distance)
    order = list(nx.topological_sort(blocks))
    x: dict[V, float] = {}
    for b in order:
        x[b] = max((x[a] + d["distance"] for a, d in blocks.pred[b].items()), default=0.0)
    for a in reversed(order):
        room = [x[b] - d["distance"] for b, d in blocks.succ[a].items()]
        if room and not blocks.in_degree(a):  # nothing holds it on the left
            x[a] = min(room)
    return {v: x[root[v]] for row in rows for v in row}


def _balanced(found: Sequence[Mapping[V, float]]) -> dict[V, float]:
    """The mean of the middle two places of each vertex, all brought under the narrowest."""
    widths = [max(xs.values(), default=0) - min(xs.values(), default=0) for xs in found]
    narrowest = found[widths.index(min(widths))]
    low, high = min(narrowest.values(), default=0), max(narrowest.values(), default=0)
    shifted = []
    for i, xs in enumerate(found):  # every second one is pushed to the right
        shift = high - max(xs.values(), default=0) if i % 2 else low - min(xs.values(), default=0)
        shifted.append({v: x + shift for v, x in xs.items()})
    middle = {v: sorted(xs[v] for xs in shifted)[1:3] for v in narrowest}
    return {v: sum(pair) / 2 for v, pair in middle.items()}


def _pulled_together(
    graph: nx.DiGraph[V], rows: Sequence[Sequence[V]], apart: Apart[V], xs: dict[V, float]
) -> dict[V, float]:
    """Move every piece to the median of what it is joined to, as far as its neighbours allow.

    All edges together become no longer by it, and what was straight remains so.
    """
    beside = {v: (a, b) for row in rows for a, v, b in _with_neighbours(row)}
    for sweep in range(SWEEPS):
        pieces = _rigid(graph, rows, xs)
        has_moved = False
        for piece in pieces if sweep % 2 else reversed(pieces):
            x = xs[piece[0]]
            least = max(_left_limit(beside[v][0], v, xs, apart) for v in piece)
            most = min(_right_limit(v, beside[v][1], xs, apart) for v in piece)
            wanted = _nearest_median([xs[n] for n in _outside(graph, piece)], x)
            to = max(least, min(most, wanted))
            if abs(to - x) > LEAST_MOVE:
                has_moved = True
                xs.update(dict.fromkeys(piece, to))
        if not has_moved:
            break
    return xs


def _with_neighbours(row: Sequence[V]) -> Iterator[tuple[V | None, V, V | None]]:
    return zip([None, *row[:-1]], row, [*row[1:], None], strict=True)


def _rigid(
    graph: nx.DiGraph[V], rows: Sequence[Sequence[V]], xs: Mapping[V, float]
) -> list[list[V]]:
    """The vertices in pieces: what is joined and stands under each other moves as one."""
    pieces: dict[V, list[V]] = {}
    first: dict[V, V] = {}
    for row in rows:
        for v in row:
            above = (p for p in graph.pred[v] if abs(xs[p] - xs[v]) < LEAST_MOVE)
            head = next((first[p] for p in above if pieces[first[p]][-1] == p), v)
            first[v] = head
            pieces.setdefault(head, []).append(v)
    return list(pieces.values())


def _outside(graph: nx.DiGraph[V], piece: Sequence[V]) -> list[V]:
    """What a piece is joined to, once for each edge."""
    inside = set(piece)
    joined = (n for v in piece for n in (*graph.pred[v], *graph.succ[v]))
    return [n for n in joined if n not in inside]


def _left_limit(left: V | None, v: V, xs: Mapping[V, float], apart: Apart[V]) -> float:
    return -inf if left is None else xs[left] + apart(left, v)


def _right_limit(v: V, right: V | None, xs: Mapping[V, float], apart: Apart[V]) -> float:
    return inf if right is None else xs[right] - apart(v, right)


def _nearest_median(places: list[float], x: float) -> float:
    """The median; between the middle two of an even number of places, the nearest to ``x``."""
    if not places:
        return x
    places = sorted(places)
    low, high = places[(len(places) - 1) // 2], places[len(places) // 2]
    return max(low, min(high, x))
