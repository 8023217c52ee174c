"""Pooling by windows with gaps: every geometry that onnxruntime takes."""

import numpy as np
import pytest
from support.onnx_files import assert_close, needs_onnx, needs_runtime
from support.onnx_models import both_give, imported, model_of, types_of

from graphnet.errors import SpecError
from graphnet.interchange.onnx.operators.dilated import Gapped

SIDES = [
    {"kernel_shape": [2, 2], "dilations": [2, 2]},
    {"kernel_shape": [3, 2], "dilations": [2, 1], "strides": [2, 3]},
    {"kernel_shape": [2, 3], "dilations": [3, 2], "pads": [1, 2, 0, 1]},
    {"kernel_shape": [2, 2], "dilations": [2, 2], "strides": [3, 2], "ceil_mode": 1},
    {"kernel_shape": [3, 3], "dilations": [2, 2], "pads": [1, 1, 1, 1], "strides": [2, 2]},
    {"kernel_shape": [2, 2], "dilations": [2, 3], "strides": [2, 2], "auto_pad": "VALID"},
]


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("keys", SIDES, ids=str)
@pytest.mark.parametrize("op", ["MaxPool", "AveragePool", "AveragePool with pads"])
def test_pooling(op, keys):
    """The largest numbers are the padding's nowhere; means count it or not."""
    more = {"count_include_pad": 1} if "with" in op else {}
    if more and keys.get("ceil_mode"):
        pytest.skip("runtimes do not agree on what lies beyond the padding")
    node = (op.split()[0], "x", "y", keys | more)
    found, expected = both_give(model_of([node], {"x": [2, 3, 9, 8]}), low=-2)
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
def test_rows(op):
    """``(N, C, L)``."""
    keys = {"kernel_shape": [3], "dilations": [2], "pads": [2, 1], "strides": [2]}
    found, expected = both_give(model_of([(op, "x", "y", keys)], {"x": [2, 4, 11]}))
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize("more", [{}, {"strides": [2, 1, 2], "pads": [1, 0, 1, 1, 2, 0]}])
def test_three_sides(op, more):
    """Planes first, and then along the depth."""
    keys = {"kernel_shape": [2, 3, 2], "dilations": [2, 2, 3]} | more
    found, expected = both_give(model_of([(op, "x", "y", keys)], {"x": [2, 3, 6, 7, 8]}), low=-2)
    assert_close(found["y"], expected["y"])


@needs_onnx
def test_layers():
    """Windows side by side; shares only where a mean needs them."""
    keys = {"kernel_shape": [2, 2], "dilations": [2, 2]}
    whole = ["Im2col", "Reshape", "Pooling", "Reshape"]
    for op, more, wanted in [
        ("MaxPool", {}, whole),
        ("MaxPool", {"pads": [1] * 4}, ["Pad", *whole]),
        ("AveragePool", {"pads": [1] * 4}, ["Pad", *whole, "Scale"]),
        ("AveragePool", {"pads": [1] * 4, "count_include_pad": 1}, ["Pad", *whole]),
    ]:
        made = imported(model_of([(op, "x", "y", keys | more)], {"x": [2, 3, 9, 8]}))
        assert types_of(made) == wanted


@needs_onnx
@pytest.mark.parametrize(
    ("keys", "shape", "said"),
    [
        ({"kernel_shape": [2, 2], "dilations": [8, 9]}, [2, 3, 9, 8], "has windows of 10 for 8"),
        ({"kernel_shape": [1, 1], "dilations": [2, 2], "pads": [1] * 4}, [2, 3, 9, 8],
         "windows that lie in the padding alone"),
    ],
)  # fmt: skip
def test_what_is_refused(keys, shape, said):
    """With the reason."""
    with pytest.raises(SpecError, match=said):
        imported(model_of([("MaxPool", "x", "y", keys)], {"x": shape}))


def test_counts():
    """Of each window the places in the image, and in the padded one."""
    windows = Gapped([2, 1], [2, 1], [1, 1], [1, 0], [0, 0], [2, 2])
    assert windows.reach(0) == 3
    assert windows.ends([3, 2]) == [0, 0]
    assert windows.counts([3, 2], with_pads=False).tolist() == [[1, 1], [2, 2]]
    assert windows.counts([3, 2], with_pads=True).tolist() == [[2, 2], [2, 2]]
    assert np.array_equal(windows.counts([2, 2], with_pads=True), [[2, 2], [1, 1]])
