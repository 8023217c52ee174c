"""RBF through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.dense.rbf import RBF
from graphnet.layers.dense.rbf_codes import DigitBitmaps, RandomSigns, digit_bitmaps
from graphnet.params.constraints import L2Cons
from graphnet.params.initializers import Gaussian
from graphnet.params.regularizers import L2Regu


def spec(output_dim=3, **properties):
    return RBF(name="rbf", bottoms=("x",), tops=("y",), output_dim=output_dim, **properties)


def rbf(bottoms, params):
    """Sample by sample and class by class."""
    (x,), codes = bottoms, params["codes"]
    return [[[((sample.ravel() - code) ** 2).sum() for code in codes] for sample in x]]


CASES = [
    LayerCase(spec(), [(4, 5)], rbf),
    LayerCase(spec(2), [(3, 2, 2, 3)], rbf),
    LayerCase(spec(1), [(1, 1)], rbf, label="smallest"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The squared distance of each sample to each code."""
    check_layer(case)


def test_distance_to_itself():
    """A sample equal to a code is at distance 0, never less."""
    codes = np.random.default_rng(5).standard_normal((10, 84)).astype(np.float32)
    case = LayerCase(spec(10), [codes], rbf, params={"codes": codes})
    y = Rig(case, dtype=np.float32).forward()["top 0"]
    np.testing.assert_allclose(np.diag(y), 0, atol=1e-4)
    assert (y >= 0).all()


def test_digits():
    """With the drawn digits as codes, each drawing is nearest to its own."""
    case = LayerCase(spec(10), [(10, 84)], rbf, params={"codes": digit_bitmaps().reshape(10, 84)})
    y = Rig(case, [digit_bitmaps().reshape(10, 84)]).forward()["top 0"]
    assert y.argmin(1).tolist() == list(range(10))


def test_declarations():
    """Every property reaches its declaration; by default the codes are random signs."""
    (codes,) = spec().param_decls([(8, 2, 3)]).values()
    assert (codes.shape, codes.init, codes.regu.type) == ((3, 6), RandomSigns(), "NoRegu")
    layer = spec(
        codes_init=Gaussian(std=0.1), codes_regu=L2Regu(), codes_cons=L2Cons(threshold=1.0),
        codes_lr=0.5, param_key="codes",
    )  # fmt: skip
    (codes,) = layer.param_decls([(8, 6)]).values()
    assert (codes.init, codes.regu, codes.cons, codes.lr) == (
        Gaussian(std=0.1), L2Regu(), L2Cons(threshold=1.0), 0.5
    )  # fmt: skip
    assert layer.store_key == "codes"


def test_counts():
    """LeNet-5's output layer has 840 connections."""
    layer = spec(10, codes_init=DigitBitmaps())
    assert layer.top_shapes([(64, 84)]) == [(64, 10)]
    assert layer.macs([(64, 84)]) == 64 * 840
    assert layer.connections([(64, 84)]) == 840


def test_mistakes():
    """The drawn digits need 84 inputs and 10 classes."""
    with pytest.raises(ShapeError, match=r"84 inputs and 10 classes, but the codes are 10×80\n"):
        spec(10, codes_init="DigitBitmaps").top_shapes([(64, 80)])
    with pytest.raises(SpecError, match="output_dim"):
        spec(0)
