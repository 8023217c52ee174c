"""Threshold through the layer harness."""

import numpy as np
import pytest
from support.elementwise import elementwise_cases
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.layers.elementwise.threshold import Threshold

ENDS = {"name": "f", "bottoms": ("x",), "tops": ("y",)}
CASES = elementwise_cases(
    (Threshold(**ENDS), lambda x: np.where(x > 0, 1.0, 0.0)),
    (Threshold(**ENDS, threshold=-0.7), lambda x: np.where(x > -0.7, 1.0, 0.0)),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """It computes its formula, element by element."""
    check_layer(case)


def test_it_is_exclusive():
    """A value equal to the threshold gives 0, and no gradient is sent."""
    rig = Rig(LayerCase(Threshold(**ENDS, threshold=2), [np.array([[1.0, 2.0, 3.0]])], None))
    assert rig.forward()["top 0"].tolist() == [[0, 0, 1]]
    assert Threshold(**ENDS).differentiable(1) == ()
