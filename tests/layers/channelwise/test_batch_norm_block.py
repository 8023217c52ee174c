"""The two ways to a batch's statistics, and what the blocks of channels make of them."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.layers.channelwise.batch_norm import BatchNorm


def spec(**properties):
    return BatchNorm(name="bn", bottoms=("x",), tops=("y",), **properties)


def batch_norm(bottoms, params):
    """Channel by channel, with the batch's own mean and variance."""
    (x,) = bottoms
    y = np.empty_like(x)
    for c in range(x.shape[1]):
        y[:, c] = (x[:, c] - x[:, c].mean()) / np.sqrt(x[:, c].var() + 1e-5)
        if params:
            y[:, c] = y[:, c] * params["scale"][c] + params["bias"][c]
    return [y]


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("properties", [{}, {"affine": False}])
def test_both_ways_to_the_statistics(far, properties):
    """By sums of x and x² where means are near 0, else by way of x − mean: the same values."""
    x = np.random.default_rng(0).standard_normal((5, 3, 4, 4))
    x[:, 1] += 100 * far
    case = LayerCase(spec(**properties), [x], batch_norm)
    check_layer(case)
    rig = Rig(case)
    rig.layer.forward()
    assert [block.is_centred for block in rig.layer.blocks] == [far]


def test_equal_numbers_are_exactly_zero():
    """In spite of rounding; a channel beside them is none the worse."""
    x = np.random.default_rng(0).standard_normal((64, 2, 9))
    x[:, 0] = 0.1
    y = Rig(LayerCase(spec(affine=False), [x], batch_norm), dtype=np.float32).run()["top 0"]
    assert not y[:, 0].any()
    np.testing.assert_allclose(y[:, 1], batch_norm([x], {})[0][:, 1], atol=1e-6)
