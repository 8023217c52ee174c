"""What translators of nodes see and make."""

import numpy as np
import pytest

from graphnet.errors import SpecError
from graphnet.interchange.onnx.files.reading import Attributes
from graphnet.interchange.onnx.graph.node_reader import MadeLayers, NodeReader
from graphnet.interchange.onnx.graph.values import Value


@pytest.fixture
def reader():
    """Of a node with a blob, a constant and nothing; its output is called y."""
    made = MadeLayers()
    made.shapes["x"] = (2, 4, 3)
    made.blobs.add("x")
    inputs = [Value.plain("x", (2, 4, 3)), np.array([5, 6]), None]
    return NodeReader("Op", "node", Attributes(), 22, inputs, ["y"], made)


def test_inputs(reader):
    """Each of the kind that is asked for."""
    assert reader.value(0).blob == "x"
    assert reader.wholes(1, "list") == [5, 6]
    assert (reader.has(2), reader.has(7), reader.is_constant(1)) == (False, False, True)
    for ask, said in (
        (lambda: reader.value(1), "its input 1 is a constant"),
        (lambda: reader.value(2), "its input 2 is not given"),
        (lambda: reader.constant(0, "size"), "its size is computed"),
        (lambda: reader.number(1, "bound"), "its bound is 2 numbers, expected one"),
        (lambda: reader.not_batch(0), "works along the batch axis"),
    ):
        with pytest.raises(SpecError, match=said):
            ask()


def test_layers(reader):
    """The node's own has its name; blobs between have another one than its output."""
    first = reader.layer("Tanh", reader.value(0), word="soft")
    reader.layer("Power", first, out=0, scale=2.0)
    assert reader.made.layers == {
        "node.soft": {"name": "node.soft", "type": "Tanh", "bottoms": ["x"], "tops": ["node.soft"]},
        "node": {"name": "node", "type": "Power", "scale": 2.0, "bottoms": ["node.soft"],
                 "tops": ["y"]},
    }  # fmt: skip
    assert reader.results[0].shape == (2, 4, 3)
    reader.fill("p", np.ones(2))
    assert reader.made.params["node/p"].dtype == np.float32


def test_a_layer_that_does_not_fit(reader):
    """Is an error as everywhere."""
    with pytest.raises(SpecError, match="unknown key 'x'"):
        reader.layer("Tanh", reader.value(0), x=1)


def test_values_that_are_turned_round(reader):
    """Are turned back, with a Permute if the batch is the first, else not at all."""
    x = reader.value(0)
    assert reader.straight(x.transposed([0, 2, 1])).shape == (2, 3, 4)
    assert [layer["type"] for layer in reader.made.layers.values()] == ["Permute"]
    with pytest.raises(SpecError, match="whose batch axis is not the first"):
        reader.straight(x.transposed([1, 0, 2]))
    assert reader.straight(x.unsqueezed([1])).shape == (2, 1, 4, 3)
