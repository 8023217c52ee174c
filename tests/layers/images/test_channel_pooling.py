"""ChannelPooling through the layer harness."""

from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.layer_case import LayerCase, Rig, check_adjoint, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.channel_pooling import ChannelPooling


def spec(**properties):
    return ChannelPooling(name="pool", bottoms=("x",), tops=("y",), **properties)


def pooling(layer):
    """Window by window."""

    def reference(bottoms, _):
        x = np.moveaxis(bottoms[0], layer.axis, 0)
        before, after = layer.pad
        places = ceil((len(x) + before + after - layer.kernel) / layer.stride) + 1
        if (places - 1) * layer.stride >= len(x) + before:
            places -= 1
        tops = []
        for p in range(places):
            start = p * layer.stride - before
            window = x[max(0, start) : start + layer.kernel]
            tops.append(window.max(0) if layer.pooling == "Max" else window.sum(0) / layer.kernel)
        return [np.moveaxis(np.array(tops), 0, layer.axis)]

    return reference


VARIANTS = [
    ({"kernel": 2, "stride": 2}, (2, 4, 3, 2)),
    ({"kernel": 3, "stride": 2, "pad": 2}, (2, 7, 2, 2)),
    ({"kernel": 3, "stride": 2, "pad": [0, 1]}, (3, 6)),
    ({"kernel": 3, "pad": [2, 0]}, (3, 4)),
    ({"kernel": 2, "stride": 3}, (2, 5, 2)),
    ({"kernel": 3, "stride": 2, "axis": 2, "pad": 1}, (2, 2, 5, 2)),
    ({"kernel": 2, "axis": -1}, (2, 2, 3, 4)),
    ({"kernel": 2, "stride": 2, "axis": -2}, (2, 2, 2, 5, 2)),
    ({}, (2, 3)),
]
CASES = [
    LayerCase(s := spec(pooling=kind, **v), [shape], pooling(s), label=f"{kind} {v} {shape}")
    for v, shape in VARIANTS
    for kind in ("Max", "Mean")
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Each output is the maximum or mean of its window along the axis."""
    check_layer(case)


@given(
    st.integers(1, 9),
    st.integers(1, 5),
    st.integers(1, 6),
    st.tuples(st.integers(0, 4), st.integers(0, 4)),
    st.sampled_from(["Max", "Mean"]),
)
@settings(deadline=None, max_examples=150)
def test_any_geometry(n, kernel, stride, pad, kind):
    """Any window gives what the naive loop says and an exact gradient, or is refused."""
    pad = tuple(min(p, kernel - 1) for p in pad)
    layer, shape = spec(kernel=kernel, stride=stride, pad=pad, pooling=kind), (2, n, 3)
    if ceil((n + sum(pad) - kernel) / stride) + 1 < 1:
        with pytest.raises(ShapeError, match="does not fit into axis 1"):
            layer.top_shapes([shape])
        return
    case = LayerCase(layer, [shape], pooling(layer))
    results = Rig(case).run()
    np.testing.assert_allclose(results["top 0"], case.expected(case.values())[0], atol=1e-12)
    check_adjoint(case, results, "bottom 0")


def test_window_must_fit():
    """A kernel longer than the padded axis is refused, and a pad as long as the kernel."""
    with pytest.raises(ShapeError, match=r"kernel 7 does not fit into axis 1 .* 2×3×4 .* \[1, 1\]"):
        spec(kernel=7, pad=1).top_shapes([(2, 3, 4)])
    with pytest.raises(SpecError, match=r"pad \[0, 2\] must be less than kernel 2"):
        spec(kernel=2, pad=[0, 2])
