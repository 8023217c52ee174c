"""Tests of graphnet.draw.layered.layout: no overlaps, no edge over a vertex, few crossings."""

import networkx as nx
import pytest
from draw.graphs import edges_over_vertices, n_edge_crossings, overlaps
from hypothesis import given, settings
from hypothesis import strategies as st

from graphnet.draw.layered.layout import Point, Size, layout


def check(sizes, edges):
    """What must be true of every layout; gives it back."""
    found = layout(sizes, edges)
    assert not overlaps(sizes, found)
    assert not edges_over_vertices(sizes, found)
    for (source, target), points in found.lines.items():
        assert points[0].y == pytest.approx(found.centres[source].y + sizes[source].height / 2)
        assert points[-1].y == pytest.approx(found.centres[target].y - sizes[target].height / 2)
        assert len(points) % 2 == 0
        for v, end in ((source, points[0]), (target, points[-1])):
            assert abs(end.x - found.centres[v].x) <= sizes[v].width / 2
    for v, size in sizes.items():
        centre = found.centres[v]
        assert size.width / 2 - 1e-6 <= centre.x <= found.size.width - size.width / 2 + 1e-6
        assert size.height / 2 - 1e-6 <= centre.y <= found.size.height - size.height / 2 + 1e-6
    return found


@st.composite
def graphs(draw):
    """Graphs without cycles, with vertices of all sizes."""
    n = draw(st.integers(1, 14))
    sides = st.integers(4, 220)
    sizes = {i: Size(draw(sides), draw(sides)) for i in range(n)}
    pairs = [(a, b) for b in range(n) for a in range(b)]
    edges = draw(st.lists(st.sampled_from(pairs), max_size=24, unique=True)) if pairs else []
    return sizes, edges


@given(graphs())
@settings(deadline=None)
def test_any_graph(made):
    """No two vertices overlap, and no edge runs over one."""
    check(*made)


def test_nothing_at_all():
    """A graph without vertices has a layout of no size."""
    found = layout({}, [])
    assert (found.size, found.centres, found.lines) == (Size(0, 0), {}, {})


def test_one_vertex():
    """It fills the picture."""
    found = layout({"a": Size(40, 20)}, [])
    assert (found.size, found.centres["a"]) == (Size(40, 20), Point(20, 10))


def test_a_chain_is_a_column():
    """From the top to the bottom, each edge a straight line."""
    found = check({i: Size(50 + 10 * i, 20) for i in range(4)}, [(0, 1), (1, 2), (2, 3)])
    assert len({round(c.x, 6) for c in found.centres.values()}) == 1
    assert [c.y for c in found.centres.values()] == sorted(c.y for c in found.centres.values())


GRAPHS = {
    "diamond": ([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")], 0),
    "ladder": ([*nx.path_graph(6).edges, *((i, 10 + i) for i in range(6))], 0),
    "skip": ([*nx.path_graph(8).edges, (0, 7), (1, 6), (2, 5)], 0),
    "tree": (list(nx.bfs_tree(nx.balanced_tree(2, 5), 0).edges), 0),
    "complete": ([(a, b) for b in range(6) for a in range(b)], 10),
    "bipartite": ([(a, 10 + b) for a in range(4) for b in range(4)], 36),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_bounds_of_crossings(name):
    """Graphs of which one knows how few there must be."""
    edges, most = GRAPHS[name]
    sizes = {v: Size(60, 30) for edge in edges for v in edge}
    assert n_edge_crossings(check(sizes, edges).lines) <= most
