"""Recurrent operators."""

import numpy as np
import pytest
from support.onnx_files import assert_close, needs_onnx, needs_runtime
from support.onnx_models import both_give, imported, model_of, types_of

from graphnet.errors import SpecError

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def weights(op, *, bias=True, h=4, d=3, seed=1):
    """W, R and B."""
    draw, n = np.random.default_rng(seed), GATES[op]
    shapes = {"w": (1, n * h, d), "r": (1, n * h, h)} | ({"b": (1, 2 * n * h)} if bias else {})
    return {k: draw.normal(scale=0.5, size=s).astype(np.float32) for k, s in shapes.items()}


def keys_of(op, **more):
    """The attributes."""
    return {"hidden_size": 4} | ({"linear_before_reset": 1} if op == "GRU" else {}) | more


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("op", GATES)
def test_sequences(op, bias):
    """``(T, N, D)``, and what comes last; both biases count."""
    read = "x,w,r,b" if bias else "x,w,r"
    nodes = [(op, read, "y,h", keys_of(op))]
    model = model_of(nodes, {"x": [5, 2, 3]}, weights(op, bias=bias), ["y", "h"])
    made = imported(model)
    assert made.takes["x"].shape == (2, 5, 3)
    assert "(T, N, …) in ONNX" in made.notes[0]
    found, expected = both_give(model)
    for name in ("y", "h"):
        assert_close(found[name], expected[name])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("keys", [{}, {"linear_before_reset": 0}])
@pytest.mark.parametrize("bias", [True, False])
def test_a_gru_that_resets_first(keys, bias):
    """As ONNX has it where nothing else is said."""
    node = ("GRU", "x,w,r,b" if bias else "x,w,r", "y", {"hidden_size": 4, **keys})
    model = model_of([node], {"x": [5, 2, 3]}, weights("GRU", bias=bias))
    assert "ResetFirstGRU" in types_of(imported(model))
    found, expected = both_give(model)
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("way", ["reverse", "bidirectional"])
@pytest.mark.parametrize("op", GATES)
def test_backwards(op, way):
    """A layer for each direction; what it gives last stands at the front."""
    one, other = weights(op), weights(op, seed=2)
    both = {k: np.concatenate([one[k], other[k]]) for k in one} if way[0] == "b" else one
    model = model_of(
        [(op, "x,w,r,b", "y,h", keys_of(op, direction=way))], {"x": [5, 2, 3]}, both, ["y", "h"]
    )
    assert types_of(imported(model)).count(op) == 1 + (way[0] == "b")
    found, expected = both_give(model)
    for name in ("y", "h"):
        assert_close(found[name], expected[name])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("op", GATES)
def test_batch_first(op):
    """As PyTorch writes it: the Transposes round it are gone."""
    nodes = [
        ("Transpose", "x", "t", {"perm": [1, 0, 2]}),
        (op, "t,w,r,b", "s", keys_of(op)),
        ("Squeeze", "s,axes", "q"),
        ("Transpose", "q", "y", {"perm": [1, 0, 2]}),
    ]
    constants = weights(op) | {"axes": np.array([1], np.int64)}
    model = model_of(nodes, {"x": [2, 5, 3]}, constants)
    made = imported(model)
    assert types_of(made) == [op]
    assert not made.notes
    found, expected = both_give(model)
    assert_close(found["y"], expected["y"])


@needs_onnx
@pytest.mark.parametrize(
    ("op", "keys", "said"),
    [
        ("LSTM", {"direction": "sideways"}, "has direction: sideways"),
        ("LSTM", {"direction": "bidirectional"}, "another number of directions than 2"),
        ("LSTM", {"activations": ["Relu", "Tanh", "Tanh"]}, "has activations Relu"),
        ("LSTM", {"clip": 1.0}, "has clip"),
        ("RNN", {"hidden_size": 5}, "for 5 units"),
    ],
)
def test_what_is_refused(op, keys, said):
    """With the reason."""
    node = (op, "x,w,r,b", "y", keys_of(op) | keys)
    with pytest.raises(SpecError, match=said):
        imported(model_of([node], {"x": [5, 2, 3]}, weights(op)))


@needs_onnx
def test_another_start():
    """Zeros are none; other numbers are refused, and so is what the net computes."""
    zeros = {"z": np.zeros((1, 2, 4), np.float32)}
    made = imported(
        model_of([("RNN", "x,w,r,b,,z", "y", keys_of("RNN"))], {"x": [5, 2, 3]},
                 weights("RNN") | zeros)
    )  # fmt: skip
    assert "stateful" not in made.layers()[1]
    with pytest.raises(SpecError, match="starts from another state than 0"):
        imported(
            model_of([("RNN", "x,w,r,b,,z", "y", keys_of("RNN"))], {"x": [5, 2, 3]},
                     weights("RNN") | {"z": zeros["z"] + 1})
        )  # fmt: skip
