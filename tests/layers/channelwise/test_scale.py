"""Scale through the layer harness: learned and given factors, every property."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.channelwise.scale import Scale
from graphnet.params.constraints import L2Cons
from graphnet.params.initializers import Constant, Gaussian
from graphnet.params.regularizers import L2Regu


def spec(bottoms=("x",), **properties):
    return Scale(name="scale", bottoms=bottoms, tops=("y",), **properties)


def learned(text):
    """Factors and biases spread by an einsum such as ``nchw,c->nchw``."""

    def reference(bottoms, params):
        (x,), scale = bottoms, params["scale"]
        if text == "all":  # one value
            return [x * scale[0] + params.get("bias", [0.0])[0]]
        y = np.einsum(text, x, scale)
        if "bias" in params:
            y += np.einsum(text, np.ones_like(x), params["bias"])
        return [y]

    return reference


def given(text):
    """The same with the factors of the second bottom."""
    return lambda bottoms, _: [np.einsum(text, *bottoms)]


CASES = [
    LayerCase(spec(), [(3, 2, 2, 4)], learned("nchw,c->nchw")),
    LayerCase(spec(), [(4, 3)], learned("nc,c->nc")),
    LayerCase(spec(bias=True), [(3, 2, 2, 4)], learned("nchw,c->nchw"), label="bias"),
    LayerCase(spec(axis=2, bias=True), [(3, 2, 2, 4)], learned("nchw,h->nchw"), label="rows"),
    LayerCase(spec(axis=-1), [(3, 2, 2, 4)], learned("nchw,w->nchw"), label="columns"),
    LayerCase(spec(num_axes=2), [(3, 2, 2, 4)], learned("nchw,ch->nchw"), label="two axes"),
    LayerCase(spec(num_axes=-1), [(2, 2, 2, 3)], learned("nchw,chw->nchw"), label="all axes"),
    LayerCase(spec(num_axes=0, bias=True), [(3, 2, 4)], learned("all"), label="one"),
    LayerCase(spec(("x", "s")), [(3, 2, 2, 4), (3, 2)], given("nchw,nc->nchw")),
    LayerCase(spec(("x", "s")), [(3, 2, 4), (3,)], given("ncd,n->ncd")),
    LayerCase(spec(("x", "s")), [(3, 2, 4), (3, 2, 4)], given("ncd,ncd->ncd")),
    LayerCase(
        spec(("x", "s"), axis=1),
        [(3, 2, 4), (2, 4)],
        given("ncd,cd->ncd"),
        label="axis 1",
        whole=[1],
    ),
    LayerCase(
        spec(("x", "s"), axis=1),
        [(3, 2, 4), (2,)],
        given("ncd,c->ncd"),
        label="channels",
        whole=[1],
    ),
    LayerCase(
        spec(("x", "s"), axis=-2),
        [(3, 2, 2, 4), (2, 4)],
        given("nchw,hw->nchw"),
        label="hw",
        whole=[1],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The product with factors spread over the axes they do not span."""
    check_layer(case)


def test_declarations():
    """Every property reaches its declaration."""
    layer = spec(
        bias=True, scale_init=Gaussian(std=0.1), bias_init=Constant(value=3.0),
        scale_regu=L2Regu(), bias_regu=L2Regu(coef=2.0), scale_cons=L2Cons(threshold=1.0),
        bias_cons=L2Cons(threshold=2.0), scale_lr=0.5, bias_lr=2.0,
    )  # fmt: skip
    scale, bias = layer.param_decls([(8, 5, 2, 2)]).values()
    assert (scale.shape, scale.init, scale.regu, scale.cons, scale.lr) == (
        (5,), Gaussian(std=0.1), L2Regu(), L2Cons(threshold=1.0), 0.5
    )  # fmt: skip
    assert (bias.shape, bias.init, bias.regu, bias.cons, bias.lr) == (
        (5,), Constant(value=3.0), L2Regu(coef=2.0), L2Cons(threshold=2.0), 2.0
    )  # fmt: skip
    assert list(spec().param_decls([(8, 5)])) == ["scale"]
    assert spec().param_decls([(8, 5)])["scale"].init == Constant(value=1.0)
    assert spec(("x", "s")).param_decls([(8, 5), (8,)]) == {}
    assert spec(param_key="shared").store_key == "shared"
    assert spec(neuron="ReLU").neuron.type == "ReLU"


def test_frozen_needs_no_bottom():
    """The bottom is kept for backward only where the scale learns or is itself a bottom."""
    assert spec().backward_reads().bottoms == (0,)
    assert spec(frozen=True).backward_reads().bottoms == ()
    assert spec(("x", "s"), frozen=True).backward_reads().bottoms == (0, 1)


def test_mistakes():
    """Sizes must fit, and keys about learned values need learned values."""
    with pytest.raises(ShapeError, match="no 2 axes from axis 2 on"):
        spec(axis=2, num_axes=2).top_shapes([(4, 3, 2)])
    with pytest.raises(ShapeError, match="bottom 1 of shape 3 does not fit"):
        spec(("x", "s")).top_shapes([(4, 3, 2), (3,)])
    with pytest.raises(SpecError, match="'bias' has no meaning with a second bottom"):
        spec(("x", "s"), bias=True)
    with pytest.raises(SpecError, match="axis 0 is the batch axis"):
        spec(axis=0)
    with pytest.raises(SpecError, match="num_axes"):
        spec(num_axes=-2)
