"""Bias through the layer harness: learned and given numbers, every property."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.base import Reads
from graphnet.layers.channelwise.bias import Bias
from graphnet.params.constraints import L2Cons
from graphnet.params.initializers import Constant
from graphnet.params.regularizers import L2Regu


def spec(bottoms=("x",), **properties):
    return Bias(name="bias", bottoms=bottoms, tops=("y",), **properties)


def learned(text):
    """Numbers spread by an einsum such as ``nchw,c->nchw``."""

    def reference(bottoms, params):
        (x,), bias = bottoms, params["bias"]
        return [x + (bias[0] if text == "one" else np.einsum(text, np.ones_like(x), bias))]

    return reference


def given(text):
    """The same with the numbers of the second bottom."""
    return lambda bottoms, _: [bottoms[0] + np.einsum(text, np.ones_like(bottoms[0]), bottoms[1])]


CASES = [
    LayerCase(spec(), [(3, 2, 2, 4)], learned("nchw,c->nchw")),
    LayerCase(spec(), [(4, 3)], learned("nc,c->nc")),
    LayerCase(spec(axis=2), [(3, 2, 2, 4)], learned("nchw,h->nchw"), label="rows"),
    LayerCase(spec(axis=-1), [(3, 2, 2, 4)], learned("nchw,w->nchw"), label="columns"),
    LayerCase(spec(num_axes=2), [(3, 2, 2, 4)], learned("nchw,ch->nchw"), label="two axes"),
    LayerCase(spec(num_axes=-1), [(2, 2, 2, 3)], learned("nchw,chw->nchw"), label="all axes"),
    LayerCase(spec(num_axes=0), [(3, 2, 4)], learned("one"), label="one"),
    LayerCase(spec(("x", "b")), [(3, 2, 2, 4), (3, 2)], given("nchw,nc->nchw")),
    LayerCase(spec(("x", "b")), [(3, 2, 4), (3,)], given("ncd,n->ncd")),
    LayerCase(spec(("x", "b")), [(3, 2, 4), (3, 2, 4)], given("ncd,ncd->ncd")),
    LayerCase(
        spec(("x", "b"), axis=1),
        [(3, 2, 4), (2, 4)],
        given("ncd,cd->ncd"),
        label="axis 1",
        whole=[1],
    ),
    LayerCase(
        spec(("x", "b"), axis=-1), [(3, 2, 4), (4,)], given("ncd,d->ncd"), label="last", whole=[1]
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The sum with numbers spread over the axes they do not span."""
    check_layer(case)


def test_declarations():
    """Every property reaches its declaration, and backward needs no data."""
    layer = spec(
        bias_init=Constant(value=3.0), bias_regu=L2Regu(coef=2.0), bias_cons=L2Cons(threshold=2.0),
        bias_lr=2.0,
    )  # fmt: skip
    (bias,) = layer.param_decls([(8, 5, 2, 2)]).values()
    assert (bias.shape, bias.init, bias.regu, bias.cons, bias.lr) == (
        (5,), Constant(value=3.0), L2Regu(coef=2.0), L2Cons(threshold=2.0), 2.0
    )  # fmt: skip
    assert spec(("x", "b")).param_decls([(8, 5), (8,)]) == {}
    assert spec(param_key="shared").store_key == "shared"
    assert spec(neuron="ReLU").neuron.type == "ReLU"
    assert layer.backward_reads() == Reads()


def test_mistakes():
    """Sizes must fit, and keys about learned values need them."""
    with pytest.raises(ShapeError, match="no 2 axes from axis 2 on"):
        spec(axis=2, num_axes=2).top_shapes([(4, 3, 2)])
    with pytest.raises(ShapeError, match="bottom 1 of shape 3 does not fit"):
        spec(("x", "b")).top_shapes([(4, 3, 2), (3,)])
    with pytest.raises(SpecError, match="'bias_lr' has no meaning with a second bottom"):
        spec(("x", "b"), bias_lr=2.0)
    with pytest.raises(SpecError, match="axis 0 is the batch axis"):
        spec(axis=0)
    with pytest.raises(SpecError, match="num_axes"):
        spec(num_axes=-2)
