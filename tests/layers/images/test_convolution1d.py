"""Convolution1D through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.convolution1d import Convolution1D


def spec(n_filter=2, **properties):
    return Convolution1D(name="conv", n_filter=n_filter, bottoms=("x",), tops=("y",), **properties)


def convolution(layer):
    """Window by window, filter by filter."""

    def reference(bottoms, params):
        (x,), filter_ = bottoms, params["filter"]
        n, c, length = x.shape
        k, s, p, d = layer.kernel, layer.stride, layer.pad, layer.dilation
        padded = np.zeros((n, c, length + 2 * p))
        padded[:, :, p : p + length] = x
        out = (length + 2 * p - d * (k - 1) - 1) // s + 1
        y = np.zeros((n, layer.n_filter, out))
        c_group, f_group = c // layer.n_group, layer.n_filter // layer.n_group
        for f in range(layer.n_filter):
            first = f // f_group * c_group
            for i in range(out):
                window = padded[:, first : first + c_group, i * s : i * s + d * (k - 1) + 1 : d]
                y[:, f, i] = (window * filter_[f]).sum((1, 2))
        return [y + params.get("bias", np.zeros(layer.n_filter))[:, None]]

    return reference


SPECS = [
    (spec(), (2, 3, 4)),
    (spec(kernel=3, pad=1), (2, 2, 5)),
    (spec(3, kernel=2, stride=2, dilation=2), (3, 2, 7)),
    (spec(4, kernel=3, n_group=2, bias=False), (2, 4, 6)),
    (spec(1, kernel=5, pad=2), (1, 1, 1)),
]
CASES = [LayerCase(s, [shape], convolution(s)) for s, shape in SPECS]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Each output is the sum over its window."""
    check_layer(case)


def test_counts():
    """Of one sample: places times the sizes of a filter, and its bias."""
    layer = spec(4, kernel=3)
    assert layer.macs([(2, 5, 10)]) == 2 * 4 * 8 * 15
    assert layer.connections([(2, 5, 10)]) == 4 * 8 * 16


@pytest.mark.parametrize(
    ("layer", "bottom", "said"),
    [
        (spec(), (2, 3), r"no batch of sequences\n  expected \(N, C, L\)"),
        (spec(), (2, 3, 4, 4), "no batch of sequences"),
        (spec(kernel=4), (2, 3, 3), "the filters do not fit .* kernel 4, dilation 1, pad 0"),
        (spec(n_group=2), (2, 3, 3), "the 3 channels .* cannot be split"),
    ],
)
def test_bottoms_that_do_not_fit(layer, bottom, said):
    """With the geometry."""
    with pytest.raises(ShapeError, match=said):
        layer.top_shapes([bottom])


def test_one_number():
    """There is one axis."""
    with pytest.raises(SpecError, match="kernel"):
        spec(kernel=[3, 3])
