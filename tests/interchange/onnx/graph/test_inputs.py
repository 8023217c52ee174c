"""The inputs of graphs."""

import pytest
from support.onnx_files import needs_onnx
from support.onnx_models import imported, model_of

from graphnet.errors import SpecError


@needs_onnx
@pytest.mark.parametrize(("batch", "size"), [(4, 4), ("n", 1), (None, 1)])
def test_batch(batch, size):
    """Of its size, or 1 where it is open."""
    made = imported(model_of([("Relu", "x", "y")], {"x": [batch, 3]}))
    assert made.feed == {
        "name": "input", "type": "Input", "batch_size": size, "shapes": {"x": [3]}, "tops": ["x"]
    }  # fmt: skip


@needs_onnx
def test_what_is_wrong():
    """All of it at once."""
    model = model_of([("Relu", "x", "y"), ("Relu", "z", "u")], {"x": [1, "h"], "z": []},
                     outputs=["y", "u"])  # fmt: skip
    with pytest.raises(SpecError, match=r"'x': its shape \(1, \?\) is open along more") as error:
        imported(model)
    assert len(error.value.problems) == 2
    assert "'z': has no shape" in str(error.value)
    with pytest.raises(SpecError, match="the inputs have different batch sizes: 'a' 2, 'b' 3"):
        imported(model_of([("Add", "a,b", "y")], {"a": [2, 1], "b": [3, 1]}))
    with pytest.raises(SpecError, match=r"'x': has the shape \[2, 0\]"):
        imported(model_of([("Relu", "x", "y")], {"x": [2, 0]}))


@needs_onnx
def test_what_is_not_needed_is_no_input():
    """Nothing depends on it."""
    made = imported(model_of([("Relu", "x", "y"), ("Relu", "z", "u")], {"x": [1, 2], "z": [3]}))
    assert made.feed["tops"] == ["x"]
