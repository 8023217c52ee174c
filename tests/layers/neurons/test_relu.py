"""ReLU through the layer harness."""

import numpy as np
import pytest
from support.elementwise import elementwise_cases
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.layers.neurons.relu import ReLU

ENDS = {"name": "n", "bottoms": ("x",)}
CASES = elementwise_cases(
    (ReLU(**ENDS), lambda x: np.where(x > 0, x, 0)),
    (ReLU(**ENDS, epsilon=0.3), lambda x: np.where(x > 0.3, x, 0.3)),
    (ReLU(**ENDS, epsilon=-0.2), lambda x: np.where(x > -0.2, x, -0.2)),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)


def test_gradient_at_zero():
    """At zero the gradient is that of the negative side, as in Mocha and Caffe."""
    rig = Rig(LayerCase(ReLU(**ENDS), [np.array([[0.0, -0.0]])], None))
    assert rig.run()["diff of bottom 0"].tolist() == [[0, 0]]
