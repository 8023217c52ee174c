"""The graph: who makes and who reads what, and what networkx's own functions make of it."""

from __future__ import annotations

import networkx as nx
import pytest
from support.nets import net_of
from support.shipped_nets import NETS, shrunk, write_made_up_data

from graphnet.errors import GraphnetError
from graphnet.net.graph import BlobVertex, LayerVertex
from graphnet.net.load_net import load_net

TEXT = """
    - {name: in, type: Input, batch_size: 4, shapes: {x: [5], label: []}, tops: [x, label]}
    - {name: a, type: InnerProduct, output_dim: 5, neuron: ReLU, bottoms: [x], tops: [a]}
    - {name: s, type: ElementWise, operation: Add, bottoms: [a, a], tops: [s]}
    - {name: loss, type: SoftmaxLoss, bottoms: [s, label]}
    - {name: accuracy, type: Accuracy, bottoms: [s, label]}
"""


def test_a_blob_knows_its_producer_and_its_readers():
    """In the order they run, with the bottom as which each reads it."""
    graph = net_of(TEXT).graph
    label = graph.blob("label")
    assert label.producer is graph.layer("in")
    assert [layer.name for layer in label.readers] == ["loss", "accuracy"]
    assert [(layer.name, slot) for layer, slot in label.reads] == [("loss", 1), ("accuracy", 1)]
    assert (label.shape, label.n_bytes, label.wants_gradient) == ((4,), 16, False)


def test_versions_of_a_blob_are_vertices_of_one_name():
    """The user sees the last one; the first is what the inner product makes."""
    graph = net_of(TEXT).graph
    last = graph.blob("a")
    assert last.producer.name == "a.neuron"
    assert last.replaces.producer.name == "a"
    assert last.replaces.is_internal
    assert not last.is_internal
    assert [blob.name for blob in graph.all_blobs] == ["x", "label", "a", "a", "a", "a", "s"]
    assert list(graph.blobs) == ["x", "label", "a", "s"]


def test_networkx_answers_about_a_net():
    """It is a networkx graph, acyclic, with layers and blobs in turn."""
    graph = net_of(TEXT).graph
    above = nx.descendants(graph, graph.layer("a"))
    assert {v.name for v in above if isinstance(v, LayerVertex)} == {
        "a.neuron", "a.split", "s", "loss", "accuracy"}  # fmt: skip
    below = nx.ancestors(graph, graph.blob("s"))
    assert "in" in {v.name for v in below}
    assert nx.is_directed_acyclic_graph(graph)
    generations = [[str(v) for v in sorted(g, key=str)] for g in nx.topological_generations(graph)]
    assert generations[:3] == [["layer 'in'"], ["blob 'label'", "blob 'x'"], ["layer 'a'"]]
    assert nx.get_node_attributes(graph, "shape")[graph.blob("s")] == (4, 5)
    assert nx.get_node_attributes(graph, "type")[graph.layer("loss")] == "SoftmaxLoss"
    assert nx.bipartite.is_bipartite(graph)


@pytest.fixture(scope="module")
def made_up_data(tmp_path_factory):
    """For the nets whose data is not part of the package."""
    folder = tmp_path_factory.mktemp("data")
    write_made_up_data(folder)
    return folder


@pytest.mark.parametrize("name", NETS)
def test_every_blob_of_the_shipped_nets_has_one_producer(name, made_up_data, monkeypatch):
    """And edges lead from layers to blobs and back, in the order of the layers."""
    monkeypatch.setenv("GRAPHNET_DATA", str(made_up_data))
    graph = load_net(shrunk(name)).graph
    for vertex in graph:
        if isinstance(vertex, BlobVertex):
            assert graph.in_degree(vertex) == 1
            assert all(vertex.producer.index < reader.index for reader in vertex.readers)
    assert [layer.index for layer in graph.layers] == list(range(len(graph.layers)))


def test_a_copy_can_be_changed_and_tells_the_same():
    """As for an experiment of the user's; the net's own graph stays as it is."""
    graph = net_of(TEXT).graph
    copy = nx.MultiDiGraph(graph)
    copy.remove_node(graph.layer("accuracy"))
    assert graph.layer("accuracy") in graph
    assert [v.name for v in graph.copy().layers] == [v.name for v in graph.layers]


def test_a_compiled_net_cannot_be_changed_through_its_graph():
    """Neither its edges nor what its vertices know."""
    graph = net_of(TEXT).graph
    with pytest.raises(nx.NetworkXError, match="Frozen"):
        graph.remove_node(graph.layer("accuracy"))
    with pytest.raises(GraphnetError, match=r"layer 'a' cannot be changed: 'learns' is what"):
        graph.layer("a").learns = False


@pytest.mark.parametrize(("ask", "there"), [("layer", "in, a, a.neuron"), ("blob", "x, label, a")])
def test_a_name_that_is_not_there(ask, there):
    """The error lists those that are."""
    with pytest.raises(KeyError, match=f"there is no {ask} 'b'; there is: {there}"):
        getattr(net_of(TEXT).graph, ask)("b")
