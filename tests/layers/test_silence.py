"""Silence does nothing."""

import pytest
from support.layer_case import LayerCase, Rig

from graphnet.layers.base import Kind
from graphnet.layers.silence import Silence


@pytest.mark.parametrize("shapes", [[(3, 2)], [(3,), (2, 3, 4, 5)]])
def test_layer(shapes):
    """It takes any bottoms, leaves them as they are and sends no gradient."""
    spec = Silence(name="unused", bottoms=tuple(f"x{i}" for i in range(len(shapes))))
    assert len(shapes) in spec.n_bottoms
    assert 0 in spec.n_tops
    assert spec.kind is Kind.OUTPUT
    assert spec.differentiable(len(shapes)) == ()
    assert Rig(LayerCase(spec, shapes, lambda _b, _p: [])).run() == {}
