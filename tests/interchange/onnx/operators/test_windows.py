"""Convolutions and pooling: all geometries that onnxruntime takes."""

from itertools import product

import numpy as np
import pytest
from support.onnx_files import assert_close, needs_onnx, needs_runtime
from support.onnx_models import both_give, imported, model_of, types_of

from graphnet.errors import SpecError


def draw(*shape):
    """Random numbers."""
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


@needs_onnx
@needs_runtime
@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"strides": [2, 1], "pads": [1, 2, 1, 2]},
        {"dilations": [2, 1], "pads": [1, 0, 2, 1]},
        {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
        {"auto_pad": "SAME_LOWER", "strides": [2, 2]},
        {"auto_pad": "VALID"},
        {"group": 2},
    ],
)
def test_conv(keys):
    """Pads that differ are a Pad before."""
    group = keys.get("group", 1)
    constants = {"w": draw(6, 4 // group, 3, 2), "b": draw(6)}
    found, expected = both_give(
        model_of([("Conv", "x,w,b", "y", keys)], {"x": [2, 4, 8, 7]}, constants)
    )
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("op", ["Conv", "ConvTranspose"])
@pytest.mark.parametrize("keys", [{}, {"strides": [2], "pads": [1, 1]}, {"dilations": [2]}])
def test_rows(op, keys):
    """``(N, C, L)``."""
    constants = {"w": draw(4, 4, 3), "b": draw(4)}
    found, expected = both_give(model_of([(op, "x,w,b", "y", keys)], {"x": [2, 4, 8]}, constants))
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize(
    ("shape", "keys", "made"),
    [
        ([2, 4, 8], {"strides": [2], "pads": [1, 1]}, "Convolution1D"),
        ([2, 4, 8], {"group": 2}, "Convolution1D"),
        ([2, 4, 5, 6, 4], {"strides": [1, 2, 1], "pads": [1, 0, 1] * 2}, "Convolution3D"),
        ([2, 4, 8], {"pads": [1, 2]}, "Reshape"),
        ([2, 4, 5, 6, 4], {"pads": [1, 0, 0, 0, 2, 1]}, "Reshape"),
        ([2, 4, 5, 6, 4], {"auto_pad": "SAME_UPPER", "strides": [2, 2, 3]}, "Reshape"),
    ],
)
def test_one_side_and_three(shape, keys, made):
    """Layers of their own, unless the pads differ."""
    constants = {"w": draw(6, 4 // keys.get("group", 1), *[3] * (len(shape) - 2)), "b": draw(6)}
    model = model_of([("Conv", "x,w,b", "y", keys)], {"x": shape}, constants)
    assert types_of(imported(model))[0] == made
    found, expected = both_give(model)
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"strides": [2, 3], "pads": [1, 1, 1, 1]},
        {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]},
        {"strides": [2, 2], "pads": [0, 1, 2, 0]},
        {"group": 2, "dilations": [2, 1]},
        {"strides": [2, 2], "output_shape": [9, 8]},
        {"strides": [2, 2], "auto_pad": "SAME_UPPER"},
        {"strides": [2, 2], "auto_pad": "SAME_LOWER"},
        {"strides": [3, 2], "output_padding": [2, 1]},
        {"strides": [3, 2], "output_padding": [2, 1], "pads": [1, 0, 1, 2]},
    ],
)
def test_conv_transpose(keys):
    """What is cut off unevenly is a Slice behind; beyond the filters there is the bias alone."""
    constants = {"w": draw(4, 3, 3, 3), "b": draw(3 * keys.get("group", 1))}
    found, expected = both_give(
        model_of([("ConvTranspose", "x,w,b", "y", keys)], {"x": [2, 4, 5, 4]}, constants)
    )
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
def test_pooling(op):
    """Every kernel, stride and pads, rounded down and up: none gives another number."""
    n = refused = 0
    for k, s, b, e, up, counts in product((1, 2, 3), (1, 2, 3), (0, 1), (0, 1, 2), (0, 1), (0, 1)):
        if max(b, e) >= k or (op == "MaxPool" and counts):
            continue
        keys = {"kernel_shape": [k, 2], "strides": [s, 1], "pads": [b, 0, e, 0], "ceil_mode": up}
        keys |= {"count_include_pad": counts} if op == "AveragePool" else {}
        for size in (4, 5, 6):
            model = model_of([(op, "x", "y", keys)], {"x": [2, 2, size, 4]})
            try:
                found, expected = both_give(model)
            except SpecError:
                refused += 1
                continue
            n += 1
            assert_close(found["y"], expected["y"])
    assert n > 5 * refused
    assert n > 100


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize(
    ("shape", "made"), [([2, 3, 7], "Pooling1D"), ([2, 1, 5, 4, 6], "Pooling3D")]
)
@pytest.mark.parametrize(("up", "counts"), list(product((0, 1), repeat=2)))
def test_pooling_of_one_side_and_three(op, shape, made, up, counts):
    """Layers of their own; pads that differ, too."""
    n = len(shape) - 2
    keys = {"kernel_shape": [3, 2, 3][:n], "strides": [2, 1, 2][:n], "ceil_mode": up}
    keys |= {"count_include_pad": counts} if op == "AveragePool" else {}
    for pads in ([0, 0, 0] * 2, [1, 0, 1] * 2, [0, 1, 0, 2, 0, 1]):
        uneven = pads[:3] != pads[3:]
        if uneven and up and counts:
            continue  # refused: a window would hang over an image padded unevenly
        given = keys | {"pads": [*pads[:n], *pads[3 : 3 + n]]}
        model = model_of([(op, "x", "y", given)], {"x": shape})
        assert types_of(imported(model))[0] == made
        found, expected = both_give(model)
        assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("op", ["GlobalMaxPool", "GlobalAveragePool"])
@pytest.mark.parametrize("shape", [[2, 3, 4], [2, 3, 4, 5], [2, 3, 4, 5, 2]])
def test_global_pooling(op, shape):
    """Of any number of sides."""
    found, expected = both_give(model_of([(op, "x", "y")], {"x": shape}))
    assert_close(found["y"], expected["y"])


@needs_onnx
def test_what_it_becomes():
    """No more layers than are needed; what is cut off is no output."""
    plain = {"kernel_shape": [2, 2], "strides": [2, 2]}
    made = imported(model_of([("MaxPool", "x", "y", plain)], {"x": [1, 1, 6, 6]}))
    assert types_of(made) == ["Pooling"]
    uneven = plain | {"pads": [0, 0, 1, 1], "strides": [1, 1]}
    made = imported(model_of([("MaxPool", "x", "y", uneven)], {"x": [1, 1, 6, 6]}))
    assert types_of(made) == ["Pooling", "Slice", "Silence", "Slice", "Silence"]


@needs_onnx
@pytest.mark.parametrize(
    ("node", "said"),
    [
        (("MaxPool", "x", "y,i", {"kernel_shape": [2, 2]}), "gives the places of its maxima"),
        (("MaxPool", "x", "y", {"kernel_shape": [2]}), "for 2 sides"),
        (("Conv", "x,w", "y", {"kernel_shape": [3, 3]}), "has kernel_shape"),
        (("Conv", "x,x", "y"), "its filter is computed"),
        (("ConvTranspose", "x,w", "y", {"pads": [3, 0, 4, 0]}), "cuts .* off what is"),
    ],
)
def test_what_is_refused(node, said):
    """With the reason."""
    outputs = node[2].split(",")
    with pytest.raises(SpecError, match=said):
        imported(model_of([node], {"x": [1, 1, 6, 6]}, {"w": draw(1, 1, 2, 2)}, outputs))
