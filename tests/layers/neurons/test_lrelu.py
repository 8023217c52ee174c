"""LReLU through the layer harness."""

import numpy as np
import pytest
from support.elementwise import elementwise_cases
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import SpecError
from graphnet.layers.neurons.lrelu import LReLU

ENDS = {"name": "n", "bottoms": ("x",)}
CASES = elementwise_cases(
    (LReLU(**ENDS), lambda x: np.where(x > 0, x, 0.01 * x)),
    (LReLU(**ENDS, slope=0.5), lambda x: np.where(x > 0, x, 0.5 * x)),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)


def test_gradient_at_zero():
    """At zero the gradient is that of the negative side, as in Mocha and Caffe."""
    rig = Rig(LayerCase(LReLU(**ENDS, slope=0.25), [np.array([[0.0, -0.0]])], None))
    np.testing.assert_array_equal(rig.run()["diff of bottom 0"], 0.25 * rig.projections()[0])


def test_slope_is_bounded():
    """A slope outside [0, 1] would make the larger of x and slope · x the wrong one."""
    with pytest.raises(SpecError, match="at most 1"):
        LReLU(name="n", slope=2.0)
    with pytest.raises(SpecError, match="at least 0"):
        LReLU(name="n", slope=-0.1)
