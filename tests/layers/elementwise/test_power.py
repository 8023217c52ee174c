"""Power through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.layers.elementwise.power import Power

POSITIVE = np.random.default_rng(1).uniform(0.5, 2, (3, 4))


def spec(power=1.0, scale=1.0, shift=0.0):
    return Power(name="p", bottoms=("x",), tops=("y",), power=power, scale=scale, shift=shift)


def power(layer):
    return lambda bottoms, _: [(layer.scale * bottoms[0] + layer.shift) ** layer.power]


CASES = [
    LayerCase(s := spec(p, scale, shift), [x], power(s), label=f"{p} {scale} {shift}")
    for p, x in [
        (1.0, (3, 2, 2, 3)),
        (0.0, (3, 4)),
        (2.0, (3, 4)),
        (3.0, (3, 4)),
        (4.0, (2, 3, 2, 2)),
        (0.5, POSITIVE),
        (1.5, POSITIVE),
        (-1.0, POSITIVE),
        (-0.75, POSITIVE),
    ]
    for scale, shift in [(1.0, 0.0), (0.7, 0.0), (1.0, 0.4), (0.3, 1.5), (0.0, 2.0)]
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """(scale · x + shift) ^ power for common and uncommon powers."""
    check_layer(case)


def test_gradient_at_a_base_of_zero():
    """Where the base is 0 the gradient is power · scale · 0 ^ (power − 1), not NaN."""
    rig = Rig(LayerCase(spec(3, 2.0, -1.0), [np.full((1, 2), 0.5)], None))
    np.testing.assert_array_equal(rig.run()["diff of bottom 0"], [[0, 0]])


def test_linear_reads_nothing():
    """Backward needs the bottom only where the gradient depends on it."""
    assert spec(1, 2.0).backward_reads().bottoms == ()
    assert spec(0).backward_reads().bottoms == ()
    assert spec(2).backward_reads().bottoms == (0,)
