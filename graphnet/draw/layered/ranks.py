"""Ranks: the row of each vertex, below all that lead to it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

import networkx as nx

V = TypeVar("V", bound=Hashable)


def ranks(graph: nx.DiGraph[V]) -> dict[V, int]:
    """The row of each vertex, the first being 0.

    Each vertex is one row below the lowest that leads to it: the longest path to it. A vertex that
    nothing leads to is right above the first that it leads to.

    Args:
        graph: Without cycles.
    """
    rank: dict[V, int] = {}
    for vertex in nx.topological_sort(graph):
        rank[vertex] = 1 + max((rank[p] for p in graph.predecessors(vertex)), default=-1)
    for vertex in graph:
        if not graph.in_degree(vertex) and graph.out_degree(vertex):
            rank[vertex] = min(rank[s] for s in graph.successors(vertex)) - 1
    return rank
