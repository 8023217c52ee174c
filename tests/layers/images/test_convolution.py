"""Convolution through the layer harness: every property, its shapes and its errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.layer_case import LayerCase, Rig, check_adjoint, check_layer

from graphnet.errors import ShapeError
from graphnet.layers.images.convolution import Convolution
from graphnet.params.initializers import MSRA, Constant, Gaussian
from graphnet.params.regularizers import L1Regu


def spec(n_filter=2, **properties):
    return Convolution(name="conv", n_filter=n_filter, bottoms=("x",), tops=("y",), **properties)


def convolution(layer):
    """Window by window, filter by filter."""

    def reference(bottoms, params):
        (x,), filter_ = bottoms, params["filter"]
        n, c, h, w = x.shape
        (kh, kw), (sh, sw), (ph, pw), (dh, dw) = (
            layer.kernel, layer.stride, layer.pad, layer.dilation
        )  # fmt: skip
        out_h = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1
        out_w = (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
        padded = np.zeros((n, c, h + 2 * ph, w + 2 * pw))
        padded[:, :, ph : ph + h, pw : pw + w] = x
        y = np.zeros((n, layer.n_filter, out_h, out_w))
        c_group, k_group = c // layer.n_group, layer.n_filter // layer.n_group
        for k in range(layer.n_filter):
            first = k // k_group * c_group
            for i in range(out_h):
                for j in range(out_w):
                    window = padded[
                        :,
                        first : first + c_group,
                        i * sh : i * sh + dh * (kh - 1) + 1 : dh,
                        j * sw : j * sw + dw * (kw - 1) + 1 : dw,
                    ]
                    y[:, k, i, j] = (window * filter_[k]).sum((1, 2, 3))
        return [y + params.get("bias", np.zeros(layer.n_filter))[:, None, None]]

    return reference


SPECS = [
    (spec(), (2, 3, 4, 3)),
    (spec(kernel=2), (2, 2, 4, 3)),
    (spec(kernel=[3, 2]), (2, 2, 5, 4)),
    (spec(kernel=[1, 3], stride=[2, 1]), (3, 1, 5, 4)),
    (spec(kernel=3, pad=1), (2, 2, 3, 4)),
    (spec(kernel=[2, 3], stride=2, pad=[1, 2]), (2, 1, 4, 5)),
    (spec(kernel=2, stride=3), (2, 1, 6, 6)),
    (spec(kernel=2, dilation=[2, 1]), (2, 2, 4, 3)),
    (spec(kernel=[2, 2], dilation=[2, 3], pad=1, stride=[1, 2]), (1, 2, 4, 5)),
    (spec(4, kernel=2, n_group=2), (2, 4, 3, 3)),
    (spec(3, kernel=[2, 1], n_group=3, pad=[1, 0]), (2, 3, 3, 2)),
    (spec(kernel=2, bias=False), (2, 2, 3, 3)),
    (spec(1), (1, 1, 1, 1)),
    (spec(3, kernel=[4, 5]), (2, 2, 4, 5)),  # the filter covers the image
    (spec(kernel=5, pad=2), (2, 1, 1, 2)),  # the filter is larger than the image
]
CASES = [LayerCase(s, [shape], convolution(s)) for s, shape in SPECS]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c}-{c.spec.kernel}")
def test_layer(case):
    """Each output is the sum over its window, for every kind of window."""
    check_layer(case)


def pair(least, most):
    return st.tuples(st.integers(least, most), st.integers(least, most))


@given(pair(1, 8), pair(1, 4), pair(1, 4), pair(0, 3), pair(1, 3), st.sampled_from([1, 2]))
@settings(deadline=None, max_examples=150)
def test_any_geometry(size, kernel, stride, pad, dilation, n_group):
    """Any window gives what the formula and the naive loop say, and exact gradients."""
    layer = spec(2, kernel=kernel, stride=stride, pad=pad, dilation=dilation, n_group=n_group)
    shape = (2, 2, *size)
    expected = layer.window.floor_size(size)
    if min(expected) < 1:
        with pytest.raises(ShapeError, match="the filters do not fit"):
            layer.top_shapes([shape])
        return
    case = LayerCase(layer, [shape], convolution(layer), params={"bias": np.zeros(2)})
    results = Rig(case).run()
    np.testing.assert_allclose(results["top 0"], case.expected(case.values())[0], atol=1e-12)
    check_adjoint(case, results, "bottom 0")
    check_adjoint(case, results, "param filter")


def test_param_decls():
    """The params carry what was said of them; the defaults are Mocha's."""
    layer = spec(
        4,
        kernel=[3, 2],
        n_group=2,
        filter_init=MSRA(),
        bias_init="Gaussian",
        filter_regu=L1Regu(coef=0.5),
        filter_lr=0.1,
        bias_lr=0.0,
    )
    decls = layer.param_decls([(5, 6, 8, 8)])
    assert decls["filter"].shape == (4, 3, 3, 2)
    assert decls["filter"].init == MSRA()
    assert decls["filter"].regu == L1Regu(coef=0.5)
    assert decls["filter"].lr == 0.1
    assert decls["bias"].shape == (4,)
    assert decls["bias"].init == Gaussian()
    assert decls["bias"].lr == 0.0
    defaults = spec().param_decls([(5, 6, 8, 8)])
    assert defaults["bias"].init == Constant()
    assert (defaults["filter"].regu.type, defaults["bias"].regu.type) == ("L2Regu", "NoRegu")
    assert (defaults["filter"].lr, defaults["bias"].lr) == (1.0, 2.0)
    assert set(spec(bias=False).param_decls([(5, 6, 8, 8)])) == {"filter"}


def test_counts():
    """LeNet-5's C1 has 122,304 connections: multiply-adds plus biases of one sample."""
    c1 = spec(6, kernel=5)
    assert c1.connections([(64, 1, 32, 32)]) == 122_304
    assert c1.macs([(64, 1, 32, 32)]) == 64 * 28 * 28 * 6 * 25
    assert spec(4, n_group=2).macs([(1, 6, 2, 2)]) == 4 * 3 * 4


@pytest.mark.parametrize(
    ("layer", "bottom", "message"),
    [
        (spec(kernel=6), (4, 3, 5, 5), r"do not fit .* 4×3×5×5: kernel 6×6, dilation 1×1, pad 0×0"),
        (spec(kernel=3, dilation=3), (4, 3, 9, 5), r"do not fit .*\n  expected a smaller kernel"),
    ],
)
def test_bottom_that_does_not_fit(layer, bottom, message):
    """A bottom of the wrong shape is refused, naming it and what would fit."""
    with pytest.raises(ShapeError, match=message):
        layer.top_shapes([bottom])
