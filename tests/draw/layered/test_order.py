"""Tests of graphnet.draw.layered.order."""

import networkx as nx
import pytest
from draw.graphs import directed

from graphnet.draw.layered.order import crossings, ordered


def rows_of(graph):
    return [list(layer) for layer in nx.topological_generations(graph)]


def test_crossings_are_counted():
    """Each pair of edges once; edges that share an end do not cross."""
    graph = directed([("a", "x"), ("a", "y"), ("b", "x"), ("b", "y"), ("b", "z")])
    assert crossings(graph, [["a", "b"], ["x", "y", "z"]]) == 1
    assert crossings(graph, [["b", "a"], ["x", "y", "z"]]) == 3
    assert crossings(graph, [["b", "a"], ["z", "x", "y"]]) == 1


@pytest.mark.parametrize("n", [2, 5, 9])
def test_a_twisted_ladder_is_untwisted(n):
    """A drawing without crossings is found where there is one."""
    edges = [((i, row), ((i * 2 + row) % n, row + 1)) for i in range(n) for row in range(1)]
    graph = directed(edges)
    assert crossings(graph, ordered(graph, rows_of(graph))) == 0


def test_a_tree_has_no_crossings():
    """Wherever its leaves are listed."""
    tree = nx.balanced_tree(3, 3, create_using=nx.DiGraph)
    rows = [row[::-1] if i % 2 else row[1::2] + row[::2] for i, row in enumerate(rows_of(tree))]
    assert crossings(tree, ordered(tree, rows)) == 0


def test_the_complete_graph_has_what_it_must():
    """K(3,4) in two rows has 18 in any order."""
    graph = directed([(f"u{i}", f"v{j}") for i in range(3) for j in range(4)])
    assert crossings(graph, ordered(graph, rows_of(graph))) == 18


def test_nothing_is_lost():
    """Each row has the vertices it had."""
    graph = directed([("a", "c"), ("b", "d"), ("a", "d"), ("b", "c")])
    assert [sorted(row) for row in ordered(graph, [["b", "a"], ["d", "c"]])] == [
        ["a", "b"],
        ["c", "d"],
    ]
    assert ordered(nx.DiGraph(), []) == []


def test_the_order_is_always_the_same():
    """A picture of one net is one picture."""
    graph = directed([(i, 10 + (i * 7 + k) % 9) for i in range(9) for k in (0, 3, 4)])
    rows = [list(range(9)), list(range(10, 19))]
    assert ordered(graph, rows) == ordered(graph, rows)
