"""The stacked matrix is made of the params, and its diff goes back to them."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig

from graphnet.layers.recurrent.gru import GRU
from graphnet.layers.recurrent.lstm import LSTM
from graphnet.layers.recurrent.stacked import stacking, stacking_back

H, D = 3, 2


def layer_of(spec):
    """A layer whose scratch is filled with NaN, and whose params are random."""
    return Rig(LayerCase(spec(name="r", bottoms=("x",), output_dim=H), [(4, 5, D)], None)).layer


@pytest.mark.parametrize(("spec", "of_sigmoids"), [(LSTM, (2, 0, 1)), (GRU, (0, 1))])
def test_there_and_back(spec, of_sigmoids):
    """Rows of sigmoids are halved on their way forward, and not on the way back; all is placed."""
    layer = layer_of(spec)
    stack, unstack = stacking(layer)
    for call in [*stack, *stacking_back(layer)]:
        call()
    weights, back = layer.scratch["weights"], layer.scratch["back_x"]
    for i, block in enumerate(layer.spec.blocks):
        rows, gate = slice(i * H, (i + 1) * H), slice(block.gate * H, (block.gate + 1) * H)
        assert block.is_sigmoid == (block.gate in of_sigmoids)
        if "x" in block.reads:
            whole = layer.params["weight_x"].data[gate]
            scale = 0.5 if block.is_sigmoid else 1
            np.testing.assert_array_equal(weights[i, H + 1 : H + 1 + D], whole.T * scale)
            np.testing.assert_array_equal(back[rows], whole)
    layer.scratch["dweights"][...] = 1
    for call in unstack:
        call()
    for param in layer.params.values():
        assert (param.diff == len(layer.scratch["dweights"])).all()
