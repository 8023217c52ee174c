"""LSTM through the layer harness, and its forget bias."""

import numpy as np
import pytest
from support.layer_case import check_layer
from support.recurrent import cases

from graphnet.errors import ShapeError
from graphnet.layers.recurrent.lstm import LSTM, ForgetBias
from graphnet.params.initializers import Bilinear, Constant, Null, Uniform


@pytest.mark.parametrize("case", cases(LSTM), ids=str)
def test_layer(case):
    """The four gates, the cell and the hidden state, step by step."""
    check_layer(case)


def filled(init, **properties):
    """The initial bias of an LSTM of two units."""
    spec = LSTM(name="l", bottoms=("x",), tops=("h",), output_dim=2, bias_init=init, **properties)
    decl = spec.param_decls([(1, 1, 3)])["bias"]
    return decl.init.sample(np.random.default_rng(1), decl.shape)


def test_forget_bias():
    """The forget gate's bias starts one higher, or as much as is asked for."""
    assert filled(Constant(value=0.5)).tolist() == [0.5, 0.5, 1.5, 1.5, 0.5, 0.5, 0.5, 0.5]
    assert filled(Constant(), forget_bias=0.0).tolist() == [0.0] * 8
    drawn = filled(Uniform(), forget_bias=3.0) - filled(Uniform(), forget_bias=0.0)
    np.testing.assert_allclose(drawn, [0, 0, 3, 3, 0, 0, 0, 0], atol=1e-15)


def test_forget_bias_of_a_param_that_is_loaded():
    """Null leaves the whole bias alone."""
    assert filled(Null()) is None


def test_forget_bias_checks_like_its_base():
    """An initializer that cannot fill a vector is refused."""
    with pytest.raises((ShapeError, ValueError), match="Bilinear"):
        ForgetBias(base=Bilinear(), value=1.0).check((8,))
