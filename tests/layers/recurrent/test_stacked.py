"""The stacked matrix is made of the params, and its diff goes back to them."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig

from graphnet.layers.recurrent.gru import GRU
from graphnet.layers.recurrent.lstm import LSTM
from graphnet.layers.recurrent.stacked import stacking, turning

H, D = 3, 2


def layer_of(spec):
    """A layer whose scratch is filled with NaN, and whose params are random."""
    return Rig(LayerCase(spec(name="r", bottoms=("x",), output_dim=H), [(4, 5, D)], None)).layer


@pytest.mark.parametrize(("spec", "of_sigmoids"), [(LSTM, (2, 0, 1)), (GRU, (0, 1))])
def test_there_and_back(spec, of_sigmoids):
    """Rows of sigmoids are halved on their way in, doubled in the turned matrix; all is placed."""
    layer = layer_of(spec)
    stack, unstack = stacking(layer)
    for call in [*stack, *turning(layer)]:
        call()
    weights, back = layer.scratch["weights"], layer.scratch["weights_back"]
    for i, block in enumerate(layer.spec.blocks):
        rows, gate = slice(i * H, (i + 1) * H), slice(block.gate * H, (block.gate + 1) * H)
        assert block.is_sigmoid == (block.gate in of_sigmoids)
        if "x" in block.reads:
            whole = layer.params["weight_x"].data[gate]
            scale = 0.5 if block.is_sigmoid else 1
            np.testing.assert_array_equal(weights[rows, :D], whole * scale)
            np.testing.assert_array_equal(back[:D, rows], whole.T)
    layer.scratch["dweights"][...] = 1
    for call in unstack:
        call()
    for param in layer.params.values():
        assert (param.diff == len(layer.scratch["dweights"])).all()
