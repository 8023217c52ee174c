"""Pooling through the layer harness: every property, the ceil rule, ties, NaN and its errors."""

from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.layer_case import LayerCase, Rig, check_adjoint, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.pooling import Pooling


def spec(**properties):
    return Pooling(name="pool", bottoms=("x",), tops=("y",), **properties)


def pooling(layer):
    """Window by window."""

    def reference(bottoms, _):
        (x,) = bottoms
        n, c, *size = x.shape
        kernel = size if layer.global_ else layer.kernel
        out = []
        for i in range(2):
            rounded = floor if layer.round_mode == "floor" else ceil
            places = rounded((size[i] + 2 * layer.pad[i] - kernel[i]) / layer.stride[i]) + 1
            if any(layer.pad) and (places - 1) * layer.stride[i] >= size[i] + layer.pad[i]:
                places -= 1
            out.append(places)
        y = np.zeros((n, c, *out))
        for p in range(out[0]):
            for q in range(out[1]):
                start = [p * layer.stride[0] - layer.pad[0], q * layer.stride[1] - layer.pad[1]]
                low = [max(0, s) for s in start]
                high = [min(size[i], start[i] + kernel[i]) for i in range(2)]
                window = x[:, :, low[0] : high[0], low[1] : high[1]]
                if layer.pooling == "Max":
                    y[:, :, p, q] = window.max((2, 3))
                    continue
                end = [min(start[i] + kernel[i], size[i] + layer.pad[i]) for i in range(2)]
                area = {
                    "kernel": kernel[0] * kernel[1],
                    "padded": (end[0] - start[0]) * (end[1] - start[1]),
                    "valid": (high[0] - low[0]) * (high[1] - low[1]),
                }
                y[:, :, p, q] = window.sum((2, 3)) / area[layer.divisor]
        return [y]

    return reference


WINDOWS = [
    ({"kernel": 2, "stride": 2}, (2, 3, 4, 6)),
    ({"kernel": 2, "stride": 2}, (2, 2, 5, 3)),  # the last window hangs over
    ({"kernel": [3, 2], "stride": [1, 2]}, (3, 1, 5, 4)),
    ({"kernel": 3, "stride": 2}, (2, 1, 6, 5)),  # windows overlap
    ({"kernel": 3, "stride": 2, "pad": 1}, (2, 1, 5, 4)),
    ({"kernel": [2, 4], "stride": [2, 3], "pad": [0, 2]}, (2, 1, 5, 6)),
    ({"kernel": 2, "stride": 2, "pad": 1}, (1, 2, 3, 5)),  # a window in the padding is dropped
    ({"kernel": 2}, (2, 1, 3, 3)),
    ({"kernel": 1}, (1, 1, 1, 1)),
    ({"kernel": [3, 4]}, (2, 2, 3, 4)),
    ({"kernel": 5, "stride": 3}, (2, 1, 4, 4)),  # the only window is larger than the image
    ({"global": True}, (2, 3, 4, 3)),
    (
        {"kernel": 2, "stride": 2, "round_mode": "floor"},
        (2, 2, 5, 3),
    ),  # the rest counts for nothing
    ({"kernel": 3, "stride": 2, "round_mode": "floor"}, (2, 1, 6, 8)),
    ({"kernel": [3, 2], "stride": [2, 3], "pad": 1, "round_mode": "floor"}, (2, 1, 6, 6)),
    ({"kernel": 1, "stride": [3, 2], "round_mode": "floor"}, (2, 1, 6, 5)),
]
KINDS = [{"pooling": "Max"}] + [
    {"pooling": "Mean", "divisor": d} for d in ("kernel", "padded", "valid")
]
CASES = [
    LayerCase(s := spec(**window, **kind), [shape], pooling(s), label=f"{kind}-{window}")
    for window, shape in WINDOWS
    for kind in KINDS
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Each output is the maximum or mean of its window, for every kind of window."""
    check_layer(case)


def pair(least, most):
    return st.tuples(st.integers(least, most), st.integers(least, most))


@given(
    pair(1, 9),
    pair(1, 5),
    pair(1, 5),
    pair(0, 3),
    st.sampled_from(KINDS),
    st.sampled_from(["ceil", "floor"]),
)
@settings(deadline=None, max_examples=300)
def test_any_geometry(size, kernel, stride, pad, kind, rounding):
    """Any window gives what the naive loop says and an exact gradient, or is refused."""
    pad = tuple(min(p, k - 1) for p, k in zip(pad, kernel, strict=True))
    layer = spec(kernel=kernel, stride=stride, pad=pad, round_mode=rounding, **kind)
    shape, window = (2, 2, *size), layer.window((2, 2, *size))
    out = window.floor_size(size) if rounding == "floor" else window.ceil_size(size)
    geometry = zip(out, stride, pad, size, strict=True)
    if min(out) < 1 or any((o - 1) * s - p >= n for o, s, p, n in geometry):
        with pytest.raises(ShapeError, match="a window would lie outside a bottom"):
            layer.top_shapes([shape])
        return
    case = LayerCase(layer, [shape], pooling(layer))
    results = Rig(case).run()
    np.testing.assert_allclose(results["top 0"], case.expected(case.values())[0], atol=1e-12)
    check_adjoint(case, results, "bottom 0")


def diff_of(x, y_diff, **properties):
    """The bottom's diff for a given diff of the top."""
    rig = Rig(LayerCase(spec(**properties), [x], None))
    rig.forward()
    rig.tops[0].diff[...] = y_diff
    rig.layer.backward()
    return rig.bottoms[0].diff


@pytest.mark.parametrize(
    "x", [np.zeros((1, 1, 2, 2)), np.array([[[[0.0, 1.0], [1.0, 1.0]]]])], ids=["all", "three"]
)
def test_ties_go_to_the_first(x):
    """Of equal maxima, the first in row-major order takes the whole gradient."""
    expected = np.zeros(4)
    expected[np.argmax(x)] = 3.0
    np.testing.assert_array_equal(diff_of(x, 3.0, kernel=2).ravel(), expected)


def test_overlapping_windows_add_up():
    """A pixel that is the maximum of several windows takes the gradient of each."""
    x = np.zeros((1, 1, 3, 3))
    x[0, 0, 1, 1] = 1.0
    diff = diff_of(x, [[1.0, 2.0], [4.0, 8.0]], kernel=2)
    assert diff[0, 0].tolist() == [[0, 0, 0], [0, 15, 0], [0, 0, 0]]


def test_nan_is_passed_on():
    """A NaN makes the maximum of its windows NaN, wherever in the window it is."""
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    x[0, 0, 1, 0] = x[0, 0, 2, 3] = np.nan
    top = Rig(LayerCase(spec(kernel=2, stride=2), [x], None)).forward()["top 0"]
    assert np.isnan(top[0, 0]).tolist() == [[True, False], [False, True]]


@pytest.mark.parametrize(
    ("layer", "bottom", "message"),
    [
        (
            spec(kernel=2),
            (4, 3, 5),
            r"shape 4×3×5 is no batch of images\n  expected \(N, C, H, W\)",
        ),
        (spec(kernel=1, stride=3), (1, 1, 5, 4), r"outside .* 1×1×5×4: .* on height 5"),
        (spec(kernel=[2, 1], stride=[1, 3]), (1, 1, 5, 5), r"stride 1×3, pad 0×0 on width 5"),
        (spec(kernel=7), (1, 1, 5, 9), r"kernel 7×7.* on height 5\n  expected a stride no larger"),
    ],
)
def test_bottom_that_does_not_fit(layer, bottom, message):
    """A window without a pixel is refused, naming the geometry."""
    with pytest.raises(ShapeError, match=message):
        layer.top_shapes([bottom])


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({}, r"'kernel' is missing\n  expected it, or global: true"),
        ({"global": True, "kernel": 2}, r"'kernel' has no meaning with global: true"),
        ({"global": True, "round_mode": "floor"}, r"'round_mode' has no meaning with global"),
        ({"kernel": 2, "round_mode": "down"}, "expected 'ceil' or 'floor'"),
        ({"global": True, "pad": 1}, r"'pad' has no meaning with global: true"),
        ({"kernel": 2, "pad": 2}, r"pad 2×2 must be less than kernel 2×2"),
        ({"kernel": [3, 2], "pad": [0, 2]}, r"pad 0×2 must be less than kernel 3×2"),
        ({"kernel": 2, "pooling": "Min"}, "expected 'Max' or 'Mean'"),
    ],
)
def test_properties_that_do_not_fit(properties, message):
    """Contradicting properties are refused when the YAML is read."""
    with pytest.raises(SpecError, match=message):
        spec(**properties)


def test_global_by_either_name():
    """YAML says ``global``; in Python, where that is a keyword, ``global_`` works too."""
    assert spec(global_=True) == spec(**{"global": True})
