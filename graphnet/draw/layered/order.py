"""Order: the vertices of each row from left to right, so that few edges cross.

Rows are swept down and up again. In each, the vertices are sorted by the mean place of their
neighbours in the row before (the barycentre), then neighbours change places wherever that removes
crossings. The best order seen is kept.
"""

from __future__ import annotations

from bisect import bisect, insort
from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import TypeVar

import networkx as nx

V = TypeVar("V", bound=Hashable)

#: Sweeps without a better order before it ends, and sweeps in all.
PATIENCE, MOST_SWEEPS = 8, 48
#: From how many first orders it is tried.
STARTS = 6


def ordered(graph: nx.DiGraph[V], rows: Sequence[Sequence[V]]) -> list[list[V]]:
    """The rows, each from left to right.

    Args:
        graph: Every edge leads from one row to the next.
        rows: All vertices of each row, in any order.
    """
    best: list[list[V]] = []
    fewest = -1
    random = Random(0)  # noqa: S311  # no secret
    for start in range(STARTS):
        found = _swept(graph, _depth_first(graph, rows, random if start else None))
        n = crossings(graph, found)
        if fewest < 0 or n < fewest:
            best, fewest = found, n
        if not fewest:
            break
    return best


def crossings(graph: nx.DiGraph[V], rows: Sequence[Sequence[V]]) -> int:
    """How many pairs of edges cross."""
    return sum(
        _crossings(_ends(graph, upper, {v: i for i, v in enumerate(lower)}))
        for upper, lower in pairwise(rows)
        if len(upper) > 1 and len(lower) > 1
    )


def _ends(graph: nx.DiGraph[V], upper: Sequence[V], place: Mapping[V, int]) -> list[list[int]]:
    """For each vertex of a row the places of those it leads to, in order."""
    return [sorted(place[s] for s in graph.successors(vertex)) for vertex in upper]


def _crossings(ends: Sequence[Sequence[int]]) -> int:
    """Between two rows: for every edge, those that begin left of it and end right of it."""
    before: list[int] = []
    count = 0
    for places in ends:
        count += sum(len(before) - bisect(before, place) for place in places)
        for place in places:
            insort(before, place)
    return count


def _depth_first(
    graph: nx.DiGraph[V], rows: Sequence[Sequence[V]], random: Random | None
) -> list[list[V]]:
    """An order in which what belongs together lies together: that of a walk from the roots.

    Args:
        graph: The edges.
        rows: The vertices.
        random: Decides which way the walk takes first; without it, the graph's own order does.
    """
    row_of = {vertex: i for i, row in enumerate(rows) for vertex in row}
    placed: list[list[V]] = [[] for _ in rows]
    seen: set[V] = set()
    stack = [v for row in rows for v in row if not graph.in_degree(v)][::-1]
    while stack:
        vertex = stack.pop()
        if vertex in seen:
            continue
        seen.add(vertex)
        placed[row_of[vertex]].append(vertex)
        following = list(graph.successors(vertex))[::-1]
        if random is not None:
            random.shuffle(following)
        stack += following
    return placed


def _swept(graph: nx.DiGraph[V], first: Sequence[Sequence[V]]) -> list[list[V]]:
    """The best order that sweeps down and up lead to."""
    rows = [list(row) for row in first]
    best, fewest, waited = [list(row) for row in rows], crossings(graph, rows), 0
    for sweep in range(MOST_SWEEPS):
        if not fewest or waited == PATIENCE:
            break
        _sweep(graph, rows, downward=sweep % 2 == 0, stable=sweep // 2 % 2 == 0)
        n = crossings(graph, rows)
        waited += 1
        if n < fewest:
            best, fewest, waited = [list(row) for row in rows], n, 0
    return best


def _sweep(graph: nx.DiGraph[V], rows: list[list[V]], *, downward: bool, stable: bool) -> None:
    """Sort each row by the one before it, from one end to the other.

    Args:
        graph: The edges.
        rows: Changed in place.
        downward: From the first row to the last.
        stable: Whether vertices of one barycentre keep their order; else they turn round.
    """
    indices = range(1, len(rows)) if downward else range(len(rows) - 2, -1, -1)
    neighbours = graph.pred if downward else graph.succ
    for i in indices:
        if len(rows[i]) == 1:
            continue
        place = {v: j for j, v in enumerate(rows[i - 1 if downward else i + 1])}
        ends = {v: sorted(place[n] for n in neighbours[v]) for v in rows[i]}
        row = rows[i] if stable else rows[i][::-1]
        rows[i] = _sorted_by_mean(row, ends)
        _exchange(rows[i], ends)


def _sorted_by_mean(row: Sequence[V], ends: Mapping[V, Sequence[int]]) -> list[V]:
    """By the mean of the places; vertices without neighbours stay where they are."""
    moving = [v for v in row if ends[v]]
    moving.sort(key=lambda v: sum(ends[v]) / len(ends[v]))
    following = iter(moving)
    return [next(following) if ends[v] else v for v in row]


def _exchange(row: list[V], ends: Mapping[V, Sequence[int]]) -> None:
    """Let neighbours change places as long as that removes crossings."""
    is_better = True
    while is_better:
        is_better = False
        for i in range(len(row) - 1):
            left, right = ends[row[i]], ends[row[i + 1]]
            if not left or not right or left[-1] <= right[0]:
                continue  # nothing of theirs crosses
            if _crossings([right, left]) < _crossings([left, right]):
                row[i], row[i + 1], is_better = row[i + 1], row[i], True
