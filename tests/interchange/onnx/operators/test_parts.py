"""Parts of blobs and borders round them."""

import numpy as np
import pytest
from support.onnx_files import assert_close, needs_onnx, needs_runtime
from support.onnx_models import both_give, imported, model_of, types_of

from graphnet.errors import SpecError


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("mode", ["constant", "edge"])
@pytest.mark.parametrize(
    ("shape", "pads"),
    [
        ([2, 5], [0, 1, 0, 2]),
        ([2, 3, 4], [0, 0, 1, 0, 0, 2]),
        ([2, 3, 4], [0, 2, 0, 0, 1, 1]),
        ([2, 3, 4, 5], [0, 1, 0, 0, 0, 2, 0, 3]),
        ([2, 3, 2, 4, 5], [0, 0, 1, 2, 0, 0, 1, 0, 1, 2]),
    ],
)
def test_borders_along_any_axis(mode, shape, pads):
    """Of rows, sequences, channels, images and volumes."""
    model = model_of([("Pad", "x,p", "y", {"mode": mode})], {"x": shape}, {"p": np.array(pads)})
    found, expected = both_give(model)
    assert_close(found["y"], expected["y"])


@needs_onnx
def test_no_border():
    """Nothing is made of it."""
    model = model_of(
        [("Pad", "x,p", "z"), ("Relu", "z", "y")], {"x": [2, 3]}, {"p": np.zeros(4, int)}
    )
    assert types_of(imported(model)) == ["ReLU"]


@needs_onnx
def test_what_is_cut_away_is_no_output():
    """A Silence reads it."""
    parts = {"a": np.array([1]), "b": np.array([3]), "c": np.array([1])}
    model = model_of([("Slice", "x,a,b,c", "y")], {"x": [2, 5]}, parts)
    made = imported(model)
    assert types_of(made) == ["Slice", "Silence"]
    assert made.gives["y"].shape == (2, 2)
    parts["b"] = np.array([1])
    with pytest.raises(SpecError, match="keeps nothing of axis 1: places 1 to 1 of 5"):
        imported(model_of([("Slice", "x,a,b,c", "y")], {"x": [2, 5]}, parts))
