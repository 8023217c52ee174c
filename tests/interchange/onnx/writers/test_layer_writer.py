"""What layers are written with."""

import numpy as np
import pytest
from support.onnx_files import net_of

from graphnet.errors import SpecError
from graphnet.interchange.onnx.files.building import OnnxGraph
from graphnet.interchange.onnx.writers.layer_writer import LayerWriter
from graphnet.interchange.plain_graph import plain_graph


@pytest.fixture
def writer():
    """Of an InnerProduct."""
    layer = {"name": "ip", "type": "InnerProduct", "output_dim": 2, "bottoms": ["x"], "tops": ["y"]}
    vertex = plain_graph(net_of({"x": [3]}, layer), "test").layer("ip")
    values = {"ip/weight": np.ones((2, 3), np.float32)}
    return LayerWriter(vertex, OnnxGraph("n", ["x", "y"]), ["x"], ["y"], values.get, "test", {})


def test_a_chain(writer):
    """The last step gives the top under the layer's name; no steps are the Identity."""
    writer.chain("x", [("a", "Abs", ()), ("b", "Neg", ())])
    writer.chain("x", [])
    found = [(n.name, n.op, n.inputs, n.outputs) for n in writer.graph.nodes]
    assert found == [
        ("ip.a", "Abs", ("x",), ("ip.a",)),
        ("ip", "Neg", ("ip.a",), ("y",)),
        ("ip", "Identity", ("x",), ("y",)),
    ]


def test_the_main_operator_has_the_name(writer):
    """What comes before and behind has a word more."""
    writer.close("end", "Neg", writer.main("it", "Abs", writer.part("before", "Exp", "x")))
    assert [n.name for n in writer.graph.nodes] == ["ip.before", "ip", "ip.end"]


def test_a_param_is_one_constant(writer):
    """However often it is read; in another shape it is another."""
    assert writer.param("weight") == writer.param("weight") == "ip/weight"
    assert writer.param("weight", [6]) == "ip/weight-2"
    assert {n: a.shape for n, a in writer.graph.constants.items()} == {
        "ip/weight": (2, 3),
        "ip/weight-2": (6,),
    }


def test_a_refusal(writer):
    """Is an error."""
    with pytest.raises(SpecError, match="no"):
        writer.refuse("no")
