"""Values (T, N, …): nodes that do the same to them as to (N, T, …)."""

from __future__ import annotations

import numpy as np
import pytest
from support.onnx_files import needs_onnx, needs_runtime
from support.onnx_models import both_give, imported, model_of, types_of

from graphnet.errors import SpecError

pytestmark = needs_onnx
T, N, D = 5, 2, 4


def model(*nodes, constants=None, opset=20):
    """Of nodes that read ``x`` as ``(T, N, D)``."""
    made = [("Transpose", "x0", "x", {"perm": [1, 0, 2]}), *nodes]
    return model_of(made, {"x0": [N, T, D]}, constants, opset=opset)


@needs_runtime
@pytest.mark.parametrize(
    ("nodes", "constants"),
    [
        ([("Relu", "x", "y")], {}),
        ([("Relu", "x", "a"), ("Add", "a,x", "y")], {}),
        ([("Add", "x,c", "y")], {"c": np.arange(4, dtype=np.float32)}),
        ([("Add", "x,c", "y")], {"c": np.arange(20, dtype=np.float32).reshape(T, 1, D)}),
        ([("MatMul", "x,w", "m"), ("Add", "m,c", "y")], {"w": np.eye(4, 3), "c": np.ones(3)}),
        ([("LayerNormalization", "x,s,b", "y")], {"s": np.ones(4), "b": np.arange(4.0)}),
        ([("Softmax", "x", "y", {"axis": -1})], {}),
    ],
)
def test_the_same_numbers(nodes, constants):
    """As onnxruntime's, without a Permute."""
    fixed = {name: np.asarray(array, np.float32) for name, array in constants.items()}
    made = model(*nodes, constants=fixed)
    assert "Permute" not in types_of(imported(made))
    here, there = both_give(made)
    np.testing.assert_allclose(here["y"], there["y"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("nodes", "constants"),
    [
        ([("Softmax", "x", "y", {"axis": 0})], {}),
        ([("Add", "x,c", "y")], {"c": np.ones((2, 4), np.float32)}),
        ([("LayerNormalization", "x,s", "y", {"axis": 1})], {"s": np.ones((2, 4), np.float32)}),
        ([("MatMul", "w,x", "y")], {"w": np.ones((2, 2), np.float32)}),
    ],
)
def test_what_works_across_samples(nodes, constants):
    """Is refused as before."""
    with pytest.raises(SpecError, match="batch axis"):
        imported(model(*nodes, constants=constants))
