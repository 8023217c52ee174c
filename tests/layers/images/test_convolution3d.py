"""Convolution3D through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.convolution3d import Convolution3D


def spec(n_filter=2, **properties):
    return Convolution3D(name="conv", n_filter=n_filter, bottoms=("x",), tops=("y",), **properties)


def convolution(layer):
    """Window by window, filter by filter."""

    def reference(bottoms, params):
        (x,), filter_ = bottoms, params["filter"]
        padded = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in layer.pad)])
        geometry = list(zip(layer.kernel, layer.stride, layer.dilation, strict=True))
        out = [
            (n - d * (k - 1) - 1) // s + 1
            for n, (k, s, d) in zip(padded.shape[2:], geometry, strict=True)
        ]
        y = np.zeros((x.shape[0], layer.n_filter, *out))
        c_group, f_group = x.shape[1] // layer.n_group, layer.n_filter // layer.n_group
        for f, *place in np.ndindex(layer.n_filter, *out):
            first = f // f_group * c_group
            sides = (
                slice(i * s, i * s + d * (k - 1) + 1, d)
                for i, (k, s, d) in zip(place, geometry, strict=True)
            )
            window = padded[(slice(None), slice(first, first + c_group), *sides)]
            y[(slice(None), f, *place)] = (window * filter_[f]).sum((1, 2, 3, 4))
        return [y + params.get("bias", np.zeros(layer.n_filter))[:, None, None, None]]

    return reference


SPECS = [
    (spec(), (2, 2, 2, 3, 2)),
    (spec(kernel=2), (2, 2, 3, 3, 3)),
    (spec(kernel=[3, 2, 1], pad=[1, 1, 0]), (2, 1, 3, 2, 3)),
    (spec(kernel=[2, 1, 2], stride=[2, 1, 1], dilation=[2, 1, 1]), (1, 2, 5, 2, 3)),
    (spec(4, kernel=[2, 2, 2], n_group=2, bias=False), (2, 4, 3, 2, 2)),
    (spec(1, kernel=3, pad=1), (1, 1, 1, 1, 1)),
]
CASES = [LayerCase(s, [shape], convolution(s)) for s, shape in SPECS]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Each output is the sum over its window."""
    check_layer(case)


def test_counts():
    """Of one sample: places times the sizes of a filter, and its bias."""
    layer = spec(4, kernel=2)
    assert layer.macs([(2, 5, 3, 3, 3)]) == 2 * 4 * 8 * 40
    assert layer.connections([(2, 5, 3, 3, 3)]) == 4 * 8 * 41


@pytest.mark.parametrize(
    ("layer", "bottom", "said"),
    [
        (spec(), (2, 3, 4, 4), r"no batch of volumes\n  expected \(N, C, D, H, W\)"),
        (spec(kernel=[4, 1, 1]), (2, 3, 3, 5, 5), "the filters do not fit .* kernel 4×1×1"),
        (spec(n_group=2), (2, 3, 3, 3, 3), "the 3 channels .* cannot be split"),
    ],
)
def test_bottoms_that_do_not_fit(layer, bottom, said):
    """With the geometry."""
    with pytest.raises(ShapeError, match=said):
        layer.top_shapes([bottom])


def test_two_numbers():
    """One for all axes, or one for each."""
    with pytest.raises(SpecError, match="three as"):
        spec(kernel=[3, 3])
