"""Tests of graphnet.draw.layered.ranks."""

import networkx as nx
from draw.graphs import directed

from graphnet.draw.layered.ranks import ranks


def test_the_longest_path_decides():
    """A vertex is below all that lead to it."""
    assert ranks(directed([("a", "b"), ("b", "c"), ("a", "c")])) == {"a": 0, "b": 1, "c": 2}


def test_a_source_is_near_what_it_leads_to():
    """Its edges would else pass rows in vain."""
    found = ranks(directed([("a", "b"), ("b", "c"), ("noise", "c")]))
    assert found["noise"] == 1


def test_a_vertex_alone():
    """It is in the first row."""
    graph = nx.DiGraph()
    graph.add_node("a")
    assert ranks(graph) == {"a": 0}
