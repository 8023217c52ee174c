"""Normalisation, padding and sizes."""

import numpy as np
import pytest
from support.onnx_files import assert_close, needs_onnx, needs_runtime
from support.onnx_models import both_give, imported, model_of, types_of

from graphnet.errors import SpecError


def positive(*shape):
    """Random numbers."""
    return np.random.default_rng(1).uniform(0.5, 1.5, shape).astype(np.float32)


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("shape", [[2, 3], [2, 3, 4], [2, 3, 4, 5]])
def test_batch_norm(shape):
    """By the statistics of the file."""
    constants = {name: positive(3) for name in "sbmv"}
    keys = {"epsilon": 1e-3, "momentum": 0.8}
    model = model_of([("BatchNormalization", "x,s,b,m,v", "y", keys)], {"x": shape}, constants)
    found, expected = both_give(model)
    assert_close(found["y"], expected["y"])
    assert imported(model).layers()[1]["moving_average_fraction"] == pytest.approx(0.8)


@needs_onnx
@needs_runtime
def test_instance_norm():
    """With its scale and bias."""
    constants = {"s": positive(3), "b": positive(3)}
    keys = {"epsilon": 1e-2}
    found, expected = both_give(
        model_of([("InstanceNormalization", "x,s,b", "y", keys)], {"x": [2, 3, 4, 5]}, constants)
    )
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("opset", [18, 22])
def test_group_norm(opset):
    """Up to opset 20 each group has a scale and a bias, since then each channel has."""
    constants = {name: positive(6 if opset > 20 else 2) for name in "sb"}
    keys = {"epsilon": 1e-2, "num_groups": 2}
    node = ("GroupNormalization", "x,s,b", "y", keys)
    found, expected = both_give(model_of([node], {"x": [2, 6, 4, 5]}, constants, opset=opset))
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize(("axis", "shape"), [(-1, [4]), (2, [3, 4]), (1, [2, 3, 4]), (2, [4])])
@pytest.mark.parametrize("inputs", ["x,s,b", "x,s"])
def test_layer_norm(axis, shape, inputs):
    """Over the last axes; its arrays may be repeated, and a bias may be missing."""
    constants = {name: positive(*shape) for name in "sb" if name in inputs}
    node = ("LayerNormalization", inputs, "y", {"epsilon": 1e-2, "axis": axis})
    found, expected = both_give(model_of([node], {"x": [2, 2, 3, 4]}, constants))
    assert_close(found["y"], expected["y"])


@needs_onnx
def test_norms_that_do_not_fit():
    """Arrays of other shapes, and statistics that somebody asks for."""
    constants = {"s": positive(5), "b": positive(5), "t": positive(4)}
    for node, said in (
        (("GroupNormalization", "x,s,b", "y", {"num_groups": 3}), r"other shapes than \[6\]"),
        (("LayerNormalization", "x,s,b", "y", {}), r"scale of shape \[5\], .* fit \[4\]"),
        (("LayerNormalization", "x,t,t", "y,m", {}), "gives statistics"),
    ):
        with pytest.raises(SpecError, match=said):
            imported(model_of([node], {"x": [2, 6, 4]}, constants, node[2].split(",")))


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("size", [1, 3, 5])
def test_lrn(size):
    """``scale`` is alpha, as in graphnet divided by the size."""
    keys = {"size": size, "alpha": 0.5, "beta": 0.6, "bias": 2.0}
    found, expected = both_give(model_of([("LRN", "x", "y", keys)], {"x": [2, 6, 3, 3]}))
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("mode", ["constant", "edge"])
def test_pad(mode):
    """Images, and rows; the axes may be named."""
    pads = {"p": np.array([0, 0, 1, 2, 0, 0, 0, 3], np.int64)}
    node = ("Pad", "x,p", "y", {"mode": mode})
    found, expected = both_give(model_of([node], {"x": [2, 3, 4, 5]}, pads))
    assert_close(found["y"], expected["y"])
    pads = {"p": np.array([1, 2], np.int64), "a": np.array([-1], np.int64)}
    node = ("Pad", "x,p,,a", "y", {"mode": mode})
    found, expected = both_give(model_of([node], {"x": [2, 3, 4]}, pads))
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize(
    ("keys", "scales"),
    [
        ({"mode": "nearest"}, [1, 1, 2, 3]),
        ({"mode": "nearest", "nearest_mode": "floor",
          "coordinate_transformation_mode": "asymmetric"}, [1, 1, 2, 3]),
        ({"mode": "linear"}, [1, 1, 2, 3]),
        ({"mode": "linear", "coordinate_transformation_mode": "align_corners"}, [1, 1, 2, 0.5]),
        ({"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"}, [1, 1, 2, 2]),
    ],
)  # fmt: skip
def test_resize(keys, scales):
    """By factors."""
    constants = {"s": np.array(scales, np.float32)}
    found, expected = both_give(
        model_of([("Resize", "x,,s", "y", keys)], {"x": [2, 3, 4, 6]}, constants)
    )
    assert_close(found["y"], expected["y"])


FORMULAS = [
    {"mode": "nearest", "nearest_mode": "ceil", "coordinate_transformation_mode": "asymmetric"},
    {"mode": "nearest", "nearest_mode": "round_prefer_ceil"},
    {"mode": "linear", "coordinate_transformation_mode": "asymmetric"},
    {"mode": "linear", "coordinate_transformation_mode": "half_pixel_symmetric"},
    {"mode": "linear", "antialias": 1},
    {"mode": "cubic"},
    {"mode": "cubic", "cubic_coeff_a": -0.5, "exclude_outside": 1},
    {"mode": "cubic", "antialias": 1},
]


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("keys", FORMULAS)
@pytest.mark.parametrize("scales", [[1, 1, 1.75, 0.625], [1, 1, 0.5, 2.25]])
def test_resize_by_formulas_of_its_own(keys, scales):
    """Each axis is a product with a matrix that does not learn."""
    constants = {"s": np.array(scales, np.float32)}
    model = model_of([("Resize", "x,,s", "y", keys)], {"x": [2, 3, 7, 6]}, constants)
    assert set(types_of(imported(model))) == {"InnerProduct", "Permute"}
    found, expected = both_give(model)
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("mode", ["reflect", "wrap", "constant"])
def test_borders_of_another_kind(mode):
    """What lies within, from the edge or from the other end; or a number."""
    pads = {"p": np.array([0, 2, 1, 2, 0, 0, 3, 0], np.int64), "v": np.float32(2.5)}
    node = ("Pad", "x,p,v" if mode == "constant" else "x,p", "y", {"mode": mode})
    found, expected = both_give(model_of([node], {"x": [2, 3, 4, 5]}, pads))
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
def test_resize_to_a_size():
    """Of all axes, or of those named."""
    for axes, sizes in ((None, [2, 3, 7, 5]), ([2, 3], [7, 5])):
        keys = {"mode": "linear"} | ({"axes": axes} if axes else {})
        constants = {"s": np.array(sizes, np.int64)}
        found, expected = both_give(
            model_of([("Resize", "x,,,s", "y", keys)], {"x": [2, 3, 4, 6]}, constants)
        )
        assert_close(found["y"], expected["y"])


@needs_onnx
@pytest.mark.parametrize(
    ("node", "said"),
    [
        (("BatchNormalization", "x,s,s,s,s", "y", {"training_mode": 1}), "by its batch"),
        (("BatchNormalization", "x,p,p,p,p", "y"), "arrays of other shapes"),
        (("Pad", "x,f", "y", {"mode": "reflect"}), "reflects 4 places of 4"),
        (("Pad", "x,q", "y"), "works along the batch axis"),
        (("Resize", "x,,r", "y", {"mode": "quartic"}), "mode: quartic"),
        (("Resize", "x,,h", "y"), "works along the batch axis"),
    ],
)
def test_what_is_refused(node, said):
    """With the reason."""
    constants = {
        "s": positive(3),
        "p": np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64),
        "q": np.array([1, 0, 1, 1, 0, 0, 1, 1], np.int64),
        "r": np.array([1, 1, 2, 2], np.float32),
        "h": np.array([2, 1, 1.3, 2], np.float32),
        "f": np.array([0, 0, 4, 0, 0, 0, 0, 0], np.int64),
    }
    with pytest.raises(SpecError, match=said):
        imported(model_of([node], {"x": [1, 3, 4, 4]}, constants))


@needs_onnx
@needs_runtime
@pytest.mark.parametrize(
    ("node", "keys"),
    [
        (("DepthToSpace", {"blocksize": 2}), {"type": "PixelShuffle", "order": "place"}),
        (("DepthToSpace", {"blocksize": 2, "mode": "CRD"}), {"type": "PixelShuffle"}),
        (("SpaceToDepth", {"blocksize": 2}), {"type": "PixelUnshuffle", "order": "place"}),
    ],
)
def test_blocks_of_pixels(node, keys):
    """By a layer each."""
    op, attributes = node
    model = model_of([(op, "x", "y", attributes)], {"x": [2, 8, 4, 6]})
    found, expected = both_give(model)
    assert_close(found["y"], expected["y"])
    (_, layer) = imported(model).layers()
    named = {"name": layer["name"], "scale": 2, "bottoms": ["x"], "tops": ["y"]}
    assert layer == named | keys


@needs_onnx
def test_blocks_that_do_not_fit():
    """Channels and sides."""
    for op, shape, said in (
        ("DepthToSpace", [1, 6, 4, 4], "cannot spread the channels"),
        ("SpaceToDepth", [1, 6, 4, 5], "cannot cut images"),
    ):
        with pytest.raises(SpecError, match=said):
            imported(model_of([(op, "x", "y", {"blocksize": 2})], {"x": shape}))


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("size", [[2, 3, 7, 9], [2, 3, 3, 12]])
def test_nearest_to_any_size(size):
    """One Upsample, where it copies the same pixels."""
    keys = {"mode": "nearest", "nearest_mode": "floor"}
    keys["coordinate_transformation_mode"] = "asymmetric"
    constants = {"s": np.array(size, np.int64)}
    model = model_of([("Resize", "x,,,s", "y", keys)], {"x": [2, 3, 4, 6]}, constants)
    assert types_of(imported(model)) == ["Upsample"]
    found, expected = both_give(model)
    assert_close(found["y"], expected["y"])
