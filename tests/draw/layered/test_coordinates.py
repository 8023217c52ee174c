"""Tests of graphnet.draw.layered.coordinates."""

from itertools import pairwise

import networkx as nx
from draw.graphs import directed
from hypothesis import given
from hypothesis import strategies as st

from graphnet.draw.layered.coordinates import coordinates


def apart(left, right):
    return 10 + (left[1] % 3 + right[1] % 3) * 5


@st.composite
def layered_graphs(draw):
    """Rows of vertices, with edges from each row to the next."""
    widths = draw(st.lists(st.integers(1, 5), min_size=1, max_size=6))
    rows = [[(i, j) for j in range(width)] for i, width in enumerate(widths)]
    graph = nx.DiGraph()
    graph.add_nodes_from(v for row in rows for v in row)
    for upper, lower in pairwise(rows):
        pairs = [(a, b) for a in upper for b in lower]
        graph.add_edges_from(draw(st.lists(st.sampled_from(pairs), max_size=8)))
    bends = [v for v in graph if graph.in_degree(v) == graph.out_degree(v) == 1]
    return graph, rows, frozenset(draw(st.sets(st.sampled_from(bends))) if bends else ())


@given(layered_graphs())
def test_order_and_distances_are_kept(made):
    """Whatever is joined to what."""
    graph, rows, bends = made
    xs = coordinates(graph, rows, bends, apart)
    for row in rows:
        for left, right in pairwise(row):
            assert xs[right] - xs[left] >= apart(left, right) - 1e-6


def test_a_chain_is_straight():
    """Also where other vertices stand beside it."""
    chain = [(i, i % 2) for i in range(6)]
    rows = [[(i, 0), (i, 1)] for i in range(6)]
    graph = directed(pairwise(chain))
    graph.add_nodes_from(v for row in rows for v in row)
    xs = coordinates(graph, rows, frozenset(), apart)
    assert len({round(xs[v], 6) for v in chain}) == 1


def test_a_long_edge_is_straight_inside():
    """Its bends stand under each other, though another edge crosses it."""
    bends = [(i, 0) for i in range(1, 4)]
    edges = [((0, 0), (1, 0)), *pairwise(bends), ((3, 0), (4, 1))]
    edges += [((0, 0), (1, 1)), ((1, 1), (2, 1)), ((2, 1), (3, 1)), ((3, 1), (4, 0))]
    rows = [[(0, 0)], *[[(i, 0), (i, 1)] for i in range(1, 4)], [(4, 0), (4, 1)]]
    xs = coordinates(directed(edges), rows, frozenset(bends), apart)
    assert len({round(xs[v], 6) for v in bends}) == 1
