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
