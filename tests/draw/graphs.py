"""Graphs, and what is seen in a layout: overlaps, edges over vertices, crossings."""

from __future__ import annotations

from itertools import combinations, pairwise

import networkx as nx
import numpy as np


def directed(edges):
    """A graph of these edges; older versions of networkx warn where they are given at once."""
    graph = nx.DiGraph()
    graph.add_edges_from(edges)
    return graph


def boxes(sizes, found):
    """The rectangle of each vertex: left, top, right, bottom."""
    return {
        v: (c.x - s.width / 2, c.y - s.height / 2, c.x + s.width / 2, c.y + s.height / 2)
        for v, s in sizes.items()
        for c in (found.centres[v],)
    }


def overlaps(sizes, found):
    """The pairs of vertices that share a point."""
    rectangles = boxes(sizes, found)
    return [
        (a, b)
        for (a, (l1, t1, r1, b1)), (b, (l2, t2, r2, b2)) in combinations(rectangles.items(), 2)
        if l1 < r2 and l2 < r1 and t1 < b2 and t2 < b1
    ]


def sampled(points, pieces=24):
    """Points on a drawn line: straight and curved in turn, as they are drawn."""
    for i, (a, b) in enumerate(pairwise(points)):
        for step in range(pieces + 1):
            t = step / pieces
            bent = t * t * (3 - 2 * t) if i % 2 else t
            along = 1.5 * t - 1.5 * t**2 + t**3 if i % 2 else t
            yield a.x + (b.x - a.x) * bent, a.y + (b.y - a.y) * along


def edges_over_vertices(sizes, found):
    """The edges that run over a vertex which is not one of their ends."""
    vertices, rectangles = zip(*boxes(sizes, found).items(), strict=True)
    left, top, right, bottom = np.array(rectangles).T
    met = []
    for edge, points in found.lines.items():
        x, y = np.array(list(sampled(points))).T[:, :, None]
        hits = ((left < x) & (x < right) & (top < y) & (y < bottom)).any(axis=0)
        met += [(edge, vertices[i]) for i in np.flatnonzero(hits) if vertices[i] not in edge]
    return met


def n_edge_crossings(lines):
    """How many pairs of drawn edges cross between two rows."""
    pieces = {}
    for points in lines.values():
        for a, b in list(pairwise(points))[1::2]:
            pieces.setdefault((a.y, b.y), []).append((a.x, b.x))
    return sum(
        (a[0] - b[0]) * (a[1] - b[1]) < 0
        for found in pieces.values()
        for i, a in enumerate(found)
        for b in found[:i]
    )
