"""Nets as other frameworks have them."""

from support.onnx_files import net_of

from graphnet.interchange.plain_graph import plain_graph


def test_neurons_and_copies_are_layers():
    """A layer for each bottom, a neuron behind each; no Splits, and only one phase."""
    spec = net_of(
        {"a": [3], "b": [3], "t": []},
        {"name": "ip", "type": "InnerProduct", "output_dim": 2, "neuron": "ReLU",
         "bottoms": ["a", "b"], "tops": ["c", "d"]},
        {"name": "sum", "type": "ElementWise", "bottoms": ["c", "d"], "tops": ["e"]},
        {"name": "again", "type": "ElementWise", "bottoms": ["c", "e"], "tops": ["f"]},
        {"name": "train", "type": "Tanh", "phase": "train", "bottoms": ["f"], "tops": ["g"]},
    )  # fmt: skip
    graph = plain_graph(spec, "test")
    assert [layer.name for layer in graph.layers] == [
        *("in", "ip", "ip.neuron", "ip.2", "ip.2.neuron", "sum", "again"),
    ]
    assert graph.blob("f").shape == (2, 2)
