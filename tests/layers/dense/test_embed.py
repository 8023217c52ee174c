"""Embed through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import DataError, SpecError
from graphnet.layers.dense.embed import Embed
from graphnet.params.constraints import L2Cons
from graphnet.params.initializers import Constant, Gaussian
from graphnet.params.regularizers import L1Regu, L2Regu


def spec(**properties):
    return Embed(
        name="embed", bottoms=("x",), tops=("y",), **{"input_dim": 5, "output_dim": 3} | properties
    )


def embed(bottoms, params):
    """A product with one-hot vectors."""
    (x,), weight = bottoms, params["weight"]
    one_hot = (x[..., None] == np.arange(len(weight))).astype(float)
    return [one_hot @ weight + params.get("bias", 0.0)]


def indices(*shape, n=5):
    return np.random.default_rng(3).integers(0, n, shape).astype(float)


CASES = [
    LayerCase(spec(), [indices(6)], embed),
    LayerCase(spec(), [indices(3, 4)], embed),
    LayerCase(spec(), [indices(2, 3, 2)], embed),
    LayerCase(spec(bias=False), [indices(3, 4)], embed, label="no bias"),
    LayerCase(spec(input_dim=1, output_dim=1), [indices(2, 1, n=1)], embed, label="smallest"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """A row of the weight for each index; rows used twice collect both gradients."""
    check_layer(case)


def test_unused_rows_get_no_gradient():
    """The gradient of a row that no index names is zero."""
    rig = Rig(LayerCase(spec(), [np.array([[1.0, 3.0], [3.0, 1.0]])], embed))
    gradient = rig.run()["diff of param weight"]
    assert (gradient[[0, 2, 4]] == 0).all()
    assert (gradient[[1, 3]] != 0).all()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [[0, 1], [5, 0]],
            (
                r"^5 in row 1, place \[0\] of the batch is no index"
                r"\n  expected a whole number from 0 to 4: indices count from 0$"
            ),
        ),
        ([[0, -1], [0, 0]], r"-1 in row 0, place \[1\]"),
        ([[0, 0.5], [0, 0]], r"0.5 in row 0, place \[1\]"),
        ([[0, 0], [np.nan, 0]], r"nan in row 1, place \[0\]"),
        ([[0, 0], [0, np.inf]], r"inf in row 1, place \[1\]"),
        ([1, 7, 8], r"7 in row 1 of the batch"),
    ],
)
def test_no_index(values, message):
    """A number that is no index is an error that names it, its row and the range."""
    rig = Rig(LayerCase(spec(), [np.array(values, float)], embed))
    with pytest.raises(DataError, match=message):
        rig.layer.forward()


def test_declarations():
    """Every property reaches its declaration."""
    layer = spec(
        weight_init=Gaussian(std=0.1), bias_init=Constant(value=3.0), weight_regu=L1Regu(),
        bias_regu=L2Regu(), weight_cons=L2Cons(threshold=1.0), bias_cons=L2Cons(threshold=2.0),
        weight_lr=0.5, bias_lr=3.0,
    )  # fmt: skip
    weight, bias = layer.param_decls([(8,)]).values()
    assert (weight.shape, weight.init, weight.regu, weight.cons, weight.lr) == (
        (5, 3), Gaussian(std=0.1), L1Regu(), L2Cons(threshold=1.0), 0.5
    )  # fmt: skip
    assert (bias.shape, bias.init, bias.regu, bias.cons, bias.lr) == (
        (3,), Constant(value=3.0), L2Regu(), L2Cons(threshold=2.0), 3.0
    )  # fmt: skip
    assert list(spec(bias=False).param_decls([(8,)])) == ["weight"]
    assert spec(param_key="words").store_key == "words"
    assert spec(neuron="Tanh").neuron.type == "Tanh"
    assert spec().differentiable(1) == ()


def test_mistakes():
    """Both dimensions are needed."""
    with pytest.raises(SpecError, match="input_dim"):
        Embed(name="embed", output_dim=3)
    with pytest.raises(SpecError, match="output_dim"):
        spec(output_dim=0)
