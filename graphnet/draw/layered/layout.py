"""Layout: where the vertices of a graph stand and how its edges run, from the top to the bottom."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import networkx as nx

from graphnet.draw.layered.coordinates import coordinates
from graphnet.draw.layered.order import ordered
from graphnet.draw.layered.ranks import ranks

V = TypeVar("V", bound=Hashable)


class Size(NamedTuple):
    """Of a vertex."""

    width: float
    height: float


class Point(NamedTuple):
    """From the upper left corner, y downward."""

    x: float
    y: float


class Bend(NamedTuple):
    """Where a long edge passes a row in which it neither begins nor ends."""

    edge: Any
    row: int


@dataclass(frozen=True)
class Layout(Generic[V]):
    """A graph laid out.

    Attributes:
        size: Of it all.
        centres: Of the vertices.
        lines: Of each edge the points it runs through: pairs ``(a, b)``, ``(c, d)``, … of which
            a to b is a straight way down through a row, and b to c a curve between two rows.
    """

    size: Size
    centres: Mapping[V, Point]
    lines: Mapping[tuple[V, V], Sequence[Point]]


@dataclass(frozen=True)
class Spacing:
    """Distances.

    Attributes:
        rows: Between rows; more where edges go far to the side, up to twice as much.
        vertices: Between the vertices of a row.
        bends: Between long edges, and between them and vertices.
    """

    rows: float = 28
    vertices: float = 28
    bends: float = 14


def layout(
    sizes: Mapping[V, Size], edges: Sequence[tuple[V, V]], spacing: Spacing | None = None
) -> Layout[V]:
    """Lay out a directed graph without cycles.

    No two vertices overlap, and no edge runs over a vertex: within a row edges run straight down
    beside the vertices, and only between rows do they move to the side.

    Args:
        sizes: Of each vertex.
        edges: Without doubles.
        spacing: Distances.
    """
    spacing = spacing or Spacing()
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from(sizes)
    graph.add_edges_from(edges)
    rank = ranks(graph)
    paths = _split_long_edges(graph, rank, edges)
    rows: list[list[Any]] = [[] for _ in range(1 + max(rank.values(), default=-1))]
    for vertex, row in rank.items():
        rows[row].append(vertex)
    rows = ordered(graph, rows)
    bends = frozenset(vertex for vertex in graph if isinstance(vertex, Bend))
    ports = _Ports(sizes, spacing)
    xs = coordinates(graph, rows, bends, ports.apart)
    left = min((xs[v] - ports.width(v) / 2 for v in xs), default=0)
    heights = [max(sizes[v].height if v in sizes else 0 for v in row) for row in rows]
    tops = _tops(heights, _furthest_ways(graph, rows, xs), spacing.rows)
    centres = {
        v: Point(xs[v] - left, top + height / 2)
        for row, top, height in zip(rows, tops, heights, strict=True)
        for v in row
    }
    spans = {
        v: (top, top + height)
        for row, top, height in zip(rows, tops, heights, strict=True)
        for v in row
    }
    width = max((centres[v].x + ports.width(v) / 2 for v in centres), default=0)
    size = Size(width, tops[-1] + heights[-1] if rows else 0)
    lines = _lines(graph, paths, centres, spans, sizes)
    return Layout(size, {v: centres[v] for v in sizes}, lines)


def _furthest_ways(
    graph: nx.DiGraph[Any], rows: Sequence[Sequence[Any]], xs: Mapping[Any, float]
) -> list[float]:
    """How far to the side the edges below each row go at most."""
    return [
        max((abs(xs[v] - xs[s]) for v in row for s in graph.succ[v]), default=0) for row in rows
    ]


def _tops(heights: Sequence[float], ways: Sequence[float], gap: float) -> list[float]:
    """Where each row begins."""
    tops = [0.0]
    for height, way in zip(heights, ways, strict=True):
        tops.append(tops[-1] + height + gap + min(gap, way / 12))
    return tops[:-1]


class _Ports(NamedTuple):
    """How much of a row each vertex takes."""

    sizes: Mapping[Any, Size]
    spacing: Spacing

    def width(self, vertex: Any) -> float:
        return self.sizes[vertex].width if vertex in self.sizes else 0

    def apart(self, left: Any, right: Any) -> float:
        is_bend = isinstance(left, Bend) or isinstance(right, Bend)
        gap = self.spacing.bends if is_bend else self.spacing.vertices
        return (self.width(left) + self.width(right)) / 2 + gap


def _split_long_edges(
    graph: nx.DiGraph[Any], rank: dict[Any, int], edges: Sequence[tuple[V, V]]
) -> dict[tuple[V, V], list[Any]]:
    """Put a bend into every row that an edge passes; the vertices and bends of each edge."""
    paths = {}
    for source, target in edges:
        between = [Bend((source, target), row) for row in range(rank[source] + 1, rank[target])]
        paths[source, target] = path = [source, *between, target]
        if between:
            graph.remove_edge(source, target)
            nx.add_path(graph, path)
            rank.update({bend: bend.row for bend in between})
    return paths


def _lines(
    graph: nx.DiGraph[Any],
    paths: Mapping[tuple[V, V], Sequence[Any]],
    centres: Mapping[Any, Point],
    spans: Mapping[Any, tuple[float, float]],
    sizes: Mapping[V, Size],
) -> dict[tuple[V, V], list[Point]]:
    """The points of each edge; edges leave and reach a vertex side by side."""
    starts = _side_by_side(graph.succ, centres, sizes)
    ends = _side_by_side(graph.pred, centres, sizes)
    lines = {}
    for edge, path in paths.items():
        source, target = edge
        points = [
            Point(starts[source, path[1]], centres[source].y + sizes[source].height / 2),
            Point(starts[source, path[1]], spans[source][1]),
        ]
        for bend in path[1:-1]:
            points += [Point(centres[bend].x, y) for y in spans[bend]]
        points += [
            Point(ends[target, path[-2]], spans[target][0]),
            Point(ends[target, path[-2]], centres[target].y - sizes[target].height / 2),
        ]
        lines[edge] = points
    return lines


def _side_by_side(
    neighbours: Mapping[Any, Mapping[Any, object]],
    centres: Mapping[Any, Point],
    sizes: Mapping[V, Size],
) -> dict[tuple[Any, Any], float]:
    """The x at which the edge to each neighbour meets a vertex."""
    found = {}
    for vertex, size in sizes.items():
        near = sorted(neighbours[vertex], key=lambda n: centres[n].x)
        step = min(18.0, 0.7 * size.width / max(1, len(near)))
        first = centres[vertex].x - step * (len(near) - 1) / 2
        found.update({(vertex, n): first + i * step for i, n in enumerate(near)})
    return found
