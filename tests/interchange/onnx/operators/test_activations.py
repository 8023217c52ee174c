"""Operators of one value: each gives what onnxruntime gives."""

import numpy as np
import pytest
from support.onnx_files import assert_close, needs_onnx, needs_runtime
from support.onnx_models import both_give, imported, model_of, types_of

from graphnet.errors import SpecError

CASES = [
    *((op, {}) for op in ("Abs", "Exp", "Neg", "Reciprocal", "Relu", "Sigmoid", "Softplus")),
    *((op, {}) for op in ("Softsign", "Tanh", "Mish", "HardSwish", "Identity", "LogSoftmax")),
    ("Gelu", {}),
    ("Gelu", {"approximate": "tanh"}),
    ("LeakyRelu", {"alpha": 0.2}),
    ("LeakyRelu", {"alpha": 1.5}),
    ("Elu", {"alpha": 0.7}),
    ("Celu", {"alpha": 0.7}),
    ("Selu", {}),
    ("HardSigmoid", {"alpha": 0.3, "beta": 0.4}),
    ("ThresholdedRelu", {"alpha": 0.3}),
    ("Softmax", {}),
    ("Softmax", {"axis": 1}),
]


@needs_onnx
@needs_runtime
@pytest.mark.parametrize(("op", "keys"), CASES)
def test_operators(op, keys):
    """On values of both signs."""
    found, expected = both_give(model_of([(op, "x", "y", keys)], {"x": [2, 3, 4]}))
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("op", ["Log", "Sqrt"])
def test_of_positive_values(op):
    """Where they are defined."""
    found, expected = both_give(model_of([(op, "x", "y")], {"x": [2, 3]}), low=0.1)
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
def test_before_opset_13(op, axis):
    """Over all axes from one on."""
    found, expected = both_give(
        model_of([(op, "x", "y", {"axis": axis})], {"x": [2, 3, 4]}, opset=11)
    )
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("bounds", ["low,high", "low", ",high"])
def test_clip(bounds):
    """With both bounds, and with one."""
    constants = {"low": np.float32(-0.5), "high": np.float32(0.25)}
    found, expected = both_give(model_of([("Clip", f"x,{bounds}", "y")], {"x": [2, 9]}, constants))
    assert_close(found["y"], expected["y"])


@needs_onnx
def test_dropout():
    """Is one; with training_mode, or for its mask, it is refused."""
    made = imported(model_of([("Dropout", "x,r", "y")], {"x": [2, 3]}, {"r": np.float32(0.25)}))
    assert made.layers()[1]["ratio"] == 0.25
    constants = {"r": np.float32(0.25), "t": np.array(True)}
    with pytest.raises(SpecError, match="acts by chance: training_mode is true"):
        imported(model_of([("Dropout", "x,r,t", "y")], {"x": [2, 3]}, constants))
    with pytest.raises(SpecError, match="gives its mask"):
        imported(model_of([("Dropout", "x,r", "z,y")], {"x": [2, 3]}, constants))


@needs_onnx
def test_casts():
    """To a float it is nothing; what cuts numbers is refused."""
    assert types_of(imported(model_of([("Cast", "x", "y", {"to": 1})], {"x": [2, 3]}))) == [
        "Identity"
    ]
    nodes = [("Cast", "x", "i", {"to": 7}), ("Cast", "i", "y", {"to": 1})]
    with pytest.raises(SpecError, match="cuts numbers to whole ones"):
        imported(model_of(nodes, {"x": [2, 3]}))
