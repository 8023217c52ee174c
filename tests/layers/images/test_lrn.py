"""LRN through the layer harness: both modes, every property."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.layer_case import LayerCase, Rig, check_gradient, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.lrn import LRN


def spec(**properties):
    return LRN(name="norm", bottoms=("x",), tops=("y",), **properties)


def lrn(layer):
    """Element by element."""
    k = layer.kernel
    before, after = (k - 1) // 2, k - 1 - (k - 1) // 2

    def reference(bottoms, _):
        (x,) = bottoms
        y = np.empty_like(x)
        axes = [2, 3] if layer.mode == "WithinChannel" else [layer.axis % x.ndim]
        for index in np.ndindex(x.shape):
            window = [slice(i, i + 1) for i in index]
            for axis in axes:
                window[axis] = slice(max(0, index[axis] - before), index[axis] + after + 1)
            mean = (x[tuple(window)] ** 2).sum() / k ** len(axes)
            y[index] = x[index] / (layer.shift + layer.scale * mean) ** layer.power
        return [y]

    return reference


VARIANTS = [
    ({}, (2, 7, 2, 2)),
    ({"kernel": 3, "scale": 0.3}, (2, 2, 3, 2)),
    ({"kernel": 4, "power": 0.5, "shift": 2.0}, (3, 6)),
    ({"kernel": 1, "power": 1.0}, (2, 3)),
    ({"kernel": 3, "axis": -1, "power": 1.3}, (2, 2, 3, 4)),
    ({"kernel": 3, "axis": 2}, (2, 2, 3, 4)),
    ({"mode": "WithinChannel", "kernel": 3}, (2, 2, 4, 3)),
    ({"mode": "WithinChannel", "kernel": 5, "scale": 2.0, "shift": 0.5}, (2, 1, 4, 6)),
    ({"mode": "WithinChannel", "kernel": 1}, (2, 2, 2, 2)),
]
CASES = [LayerCase(s := spec(**v), [shape], lrn(s), label=f"{v}") for v, shape in VARIANTS]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Each element is divided by a power of its neighbours' mean square."""
    check_layer(case)


@given(
    st.tuples(*[st.integers(1, 4)] * 3),
    st.integers(1, 7),
    st.sampled_from(["AcrossChannel", "WithinChannel"]),
    st.sampled_from([0.5, 0.75, 1.0, 1.2]),
    st.sampled_from([1, 2, 3]),
)
@settings(deadline=None, max_examples=200)
def test_any_geometry(sample, kernel, mode, power, axis):
    """Any window, also one wider than the bottom, gives what the naive loop says."""
    kernel += mode == "WithinChannel" and kernel % 2 == 0
    layer = spec(kernel=kernel, mode=mode, power=power, axis=axis)
    case = LayerCase(layer, [(2, *sample)], lrn(layer))
    rig = Rig(case)
    results = rig.run()
    np.testing.assert_allclose(results["top 0"], case.expected(rig.values)[0], atol=1e-12)
    check_gradient(rig, results)


def test_even_kernel_within_channel_is_refused():
    """A square with an even side has no middle."""
    with pytest.raises(SpecError, match="WithinChannel needs an odd kernel, found 4"):
        spec(mode="WithinChannel", kernel=4)


def test_bottom_must_fit():
    """WithinChannel takes images, AcrossChannel anything that has the axis."""
    with pytest.raises(ShapeError, match=r"shape 2×3 is no batch of images\n  expected \(N, C"):
        spec(mode="WithinChannel", kernel=3).top_shapes([(2, 3)])
    with pytest.raises(ShapeError, match="axis 2 is none of a sample's axes"):
        spec(axis=2).top_shapes([(2, 3)])


HUGE = [1e3, 1e18, 3e19, 1e25, 1e38]


@pytest.mark.parametrize("size", [-1, 1])
@pytest.mark.parametrize("huge", HUGE)
@pytest.mark.parametrize(
    "properties",
    [
        {"kernel": 1},
        {"kernel": 1, "scale": 1e-4},
        {"kernel": 3, "power": 0.9},
        {"kernel": 3, "mode": "WithinChannel"},
        {"kernel": 3, "mode": "WithinChannel", "scale": 1e-4, "power": 0.5},
    ],
)
def test_numbers_whose_squares_float32_cannot_hold(properties, huge, size):
    """The base is at most the largest number: all is finite, and right as far as it can be."""
    layer = spec(**properties)
    x = np.random.default_rng(0).standard_normal((2, 5, 4, 3)).astype(np.float32)
    x[0, 2, 1, 1] = size * huge
    with np.errstate(over="ignore"):
        results = Rig(LayerCase(layer, [x.shape], lrn(layer)), [x], dtype=np.float32).run()
    wide = x.astype(float)
    base = wide / lrn(layer.model_copy(update={"power": 1.0}))([wide], ())[0]
    largest = float(np.finfo(np.float32).max)
    expected = wide * np.minimum(base, largest) ** -layer.power
    np.testing.assert_allclose(results["top 0"], expected, rtol=2e-5)
    exact = Rig(LayerCase(layer, [x.shape], lrn(layer)), [wide]).run()
    right = np.broadcast_to(base < largest, x.shape)
    np.testing.assert_allclose(results["top 0"][right], exact["top 0"][right], rtol=2e-5)
    diff = results["diff of bottom 0"]
    assert np.isfinite(diff).all()
    if base.max() < largest:
        scale = np.abs(exact["diff of bottom 0"]).max()
        np.testing.assert_allclose(diff, exact["diff of bottom 0"], rtol=1e-4, atol=1e-6 * scale)


@pytest.mark.parametrize("properties", [{}, {"kernel": 3, "scale": 3e-4}, {"scale": 0.0}])
def test_shrinking_changes_no_bits(properties):
    """The squares are scaled by a power of two, and so is what they are multiplied by."""
    layer = spec(**properties)
    x = np.random.default_rng(1).standard_normal((2, 9, 4, 3)).astype(np.float32)
    rig = Rig(LayerCase(layer, [x.shape], lrn(layer)), [x], dtype=np.float32)
    shrunk = rig.run()
    assert rig.layer.shrink != 1 or not layer.scale
    plain = Rig(LayerCase(layer, [x.shape], lrn(layer)), [x], dtype=np.float32)
    vars(plain.layer).update(shrink=1.0, scale=layer.scale)
    for name, value in plain.run().items():
        np.testing.assert_array_equal(shrunk[name], value)
