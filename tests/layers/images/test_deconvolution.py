"""Deconvolution through the layer harness: every property, its geometry and its errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.layer_case import LayerCase, Rig, check_adjoint, check_layer

from graphnet.errors import ShapeError
from graphnet.layers.images.deconvolution import Deconvolution
from graphnet.params.constraints import L2Cons
from graphnet.params.initializers import MSRA, Bilinear, Constant, Gaussian
from graphnet.params.regularizers import L1Regu, L2Regu


def spec(n_filter=2, **properties):
    return Deconvolution(name="up", n_filter=n_filter, bottoms=("x",), tops=("y",), **properties)


def deconvolution(layer):
    """Pixel by pixel: each adds its multiple of the filters to a canvas, which is then cropped."""

    def reference(bottoms, params):
        (x,), filter_ = bottoms, params["filter"]
        n, c, h, w = x.shape
        (kh, kw), (sh, sw), (ph, pw), (dh, dw) = (
            layer.kernel, layer.stride, layer.pad, layer.dilation
        )  # fmt: skip
        height, width = sh * (h - 1) + dh * (kh - 1) + 1, sw * (w - 1) + dw * (kw - 1) + 1
        canvas = np.zeros((n, layer.n_filter, height, width))
        per_group = layer.n_filter // layer.n_group
        for k in range(c):
            first = k // (c // layer.n_group) * per_group
            for i, j, r, s in np.ndindex(h, w, kh, kw):
                canvas[:, first : first + per_group, i * sh + r * dh, j * sw + s * dw] += (
                    x[:, k, i, j, None] * filter_[k, :, r, s]
                )
        y = canvas[:, :, ph : height - ph, pw : width - pw]
        return [y + params.get("bias", np.zeros(layer.n_filter))[:, None, None]]

    return reference


SPECS = [
    (spec(), (2, 3, 2, 3)),
    (spec(kernel=2), (2, 2, 3, 2)),
    (spec(kernel=[3, 2]), (2, 2, 2, 3)),
    (spec(kernel=4, stride=2, pad=1), (2, 2, 2, 3)),
    (spec(kernel=[2, 3], stride=[3, 1], pad=[0, 2]), (2, 1, 3, 3)),
    (spec(kernel=2, stride=3), (2, 1, 2, 2)),
    (spec(kernel=2, dilation=[2, 1]), (2, 2, 3, 2)),
    (spec(kernel=2, dilation=[2, 3], pad=1, stride=[1, 2]), (1, 2, 3, 2)),
    (spec(4, kernel=2, n_group=2), (2, 4, 2, 2)),
    (spec(3, kernel=[2, 1], n_group=3, pad=[1, 0]), (2, 3, 3, 2)),
    (spec(kernel=2, bias=False), (2, 2, 2, 2)),
    (spec(1), (1, 1, 1, 1)),
    (spec(3, kernel=[4, 5]), (3, 2, 1, 1)),
]
CASES = [LayerCase(s, [shape], deconvolution(s)) for s, shape in SPECS]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c}-{c.spec.kernel}")
def test_layer(case):
    """The sum of filters that the pixels put down, for every kind of window."""
    check_layer(case)


def pair(least, most):
    return st.tuples(st.integers(least, most), st.integers(least, most))


@given(pair(1, 6), pair(1, 4), pair(1, 4), pair(0, 3), pair(1, 3), st.sampled_from([1, 2]))
@settings(deadline=None, max_examples=250)
def test_any_geometry(size, kernel, stride, pad, dilation, n_group):
    """Any window gives the size the formula says and the sum of its filters, or is refused.

    Without a bias the top is linear in bottom and filters, which makes both gradients exact.
    """
    layer = spec(
        4, kernel=kernel, stride=stride, pad=pad, dilation=dilation, n_group=n_group, bias=False
    )
    expected = [
        s * (n - 1) + d * (k - 1) + 1 - 2 * p
        for n, k, s, p, d in zip(size, kernel, stride, pad, dilation, strict=True)
    ]
    if min(expected) < 1:
        with pytest.raises(ShapeError, match="expected a smaller pad"):
            layer.top_shapes([(2, 2, *size)])
        return
    assert layer.top_shapes([(2, 2, *size)]) == [(2, 4, *expected)]
    case = LayerCase(layer, [(2, 2, *size)], deconvolution(layer))
    results = Rig(case).run()
    np.testing.assert_allclose(results["top 0"], case.expected(case.values())[0], atol=1e-12)
    check_adjoint(case, results, "bottom 0")
    check_adjoint(case, results, "param filter")


def test_bilinear_enlarges():
    """With one fixed bilinear filter a channel it interpolates: a ramp stays a ramp."""
    layer = spec(1, kernel=4, stride=2, pad=1, bias=False)
    filter_ = Bilinear().sample(np.random.default_rng(0), (1, 1, 4, 4))
    ramp = np.broadcast_to(np.arange(5.0), (1, 1, 5, 5))
    case = LayerCase(layer, [ramp], deconvolution(layer), params={"filter": filter_})
    inside = Rig(case).forward()["top 0"][0, 0, 4, 1:-1]
    np.testing.assert_allclose(inside, np.arange(0.25, 4, 0.5))


def test_param_decls():
    """Every property reaches its declaration; the filter's first axis is the bottom's channels."""
    layer = spec(
        4, kernel=[3, 2], n_group=2, filter_init=MSRA(), bias_init=Gaussian(),
        filter_regu=L1Regu(coef=0.5), bias_regu=L2Regu(), filter_cons=L2Cons(threshold=1.0),
        bias_cons=L2Cons(threshold=2.0), filter_lr=0.1, bias_lr=0.0,
    )  # fmt: skip
    filter_, bias = layer.param_decls([(5, 6, 8, 8)]).values()
    assert (filter_.shape, filter_.init, filter_.regu, filter_.cons, filter_.lr) == (
        (6, 2, 3, 2), MSRA(), L1Regu(coef=0.5), L2Cons(threshold=1.0), 0.1
    )  # fmt: skip
    assert (bias.shape, bias.init, bias.regu, bias.cons, bias.lr) == (
        (4,), Gaussian(), L2Regu(), L2Cons(threshold=2.0), 0.0
    )  # fmt: skip
    defaults = spec().param_decls([(5, 6, 8, 8)])
    assert defaults["bias"].init == Constant()
    assert (defaults["filter"].regu.type, defaults["bias"].regu.type) == ("L2Regu", "NoRegu")
    assert (defaults["filter"].lr, defaults["bias"].lr) == (1.0, 2.0)
    assert set(spec(bias=False).param_decls([(5, 6, 8, 8)])) == {"filter"}
    assert spec(param_key="shared").store_key == "shared"
    assert spec(neuron="ReLU").neuron.type == "ReLU"


def test_counts():
    """Every element of the bottom meets every filter element once; biases count as well."""
    layer = spec(6, kernel=[4, 3], stride=2)
    assert layer.macs([(8, 5, 7, 7)]) == 8 * 5 * 7 * 7 * 6 * 12
    assert layer.connections([(8, 5, 7, 7)]) == 5 * 7 * 7 * 6 * 12 + 6 * 16 * 15
    assert spec(4, n_group=2, bias=False).connections([(8, 6, 2, 2)]) == 6 * 4 * 2


@pytest.mark.parametrize(
    ("layer", "bottom", "message"),
    [
        (
            spec(pad=3),
            (4, 3, 5, 5),
            r"4×3×5×5 nothing is left: pad 3×3 cuts off .*\n.* smaller pad",
        ),
    ],
)
def test_bottom_that_does_not_fit(layer, bottom, message):
    """A bottom of the wrong shape is refused, naming it and what would fit."""
    with pytest.raises(ShapeError, match=message):
        layer.top_shapes([bottom])
