"""Reduction through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import SpecError
from graphnet.layers.elementwise.reduction import Reduction


def spec(**properties):
    return Reduction(name="sum", bottoms=("x",), tops=("y",), **properties)


TERMS = {"Sum": lambda x: x, "Mean": lambda x: x, "AbsSum": np.abs, "SquareSum": np.square}


def reduction(operation, axis, coef=1.0):
    """The tail flattened, then summed."""

    def reference(bottoms, _):
        (x,) = bottoms
        tail = TERMS[operation](x).reshape((*x.shape[:axis], -1))
        return [coef * (tail.mean(-1) if operation == "Mean" else tail.sum(-1))]

    return reference


CASES = [
    case
    for operation in TERMS
    for case in (
        LayerCase(spec(operation=operation), [(3, 2, 2, 4)], reduction(operation, 1)),
        LayerCase(spec(operation=operation), [(4, 3)], reduction(operation, 1)),
        LayerCase(
            spec(operation=operation, axis=2, coef=-0.4),
            [(2, 3, 2, 4)],
            reduction(operation, 2, -0.4),
            label=f"{operation} of planes",
        ),
        LayerCase(
            spec(operation=operation, axis=-1),
            [(2, 3, 2, 4)],
            reduction(operation, 3),
            label=f"{operation} of rows",
        ),
    )
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c}-{c.spec.operation}")
def test_layer(case):
    """The sum of the terms over the last axes, times the coefficient."""
    check_layer(case)


def test_default_is_the_sum_of_a_sample():
    """Without properties it is ``Sum`` from axis 1 on."""
    case = LayerCase(spec(), [np.array([[1.0, 2.0], [3.0, -5.0]])], lambda _b, _p: [])
    assert Rig(case).forward()["top 0"].tolist() == [3, -2]


def test_gradient_of_the_absolute_value_at_zero():
    """It is 0."""
    case = LayerCase(spec(operation="AbsSum"), [np.array([[0.0, -2.0]])], lambda _b, _p: [])
    rig = Rig(case)
    diff = rig.run()["diff of bottom 0"]
    assert diff.tolist() == [[0, -rig.projections()[0][0]]]


def test_mistakes():
    """The batch is never summed over, and operations have names."""
    with pytest.raises(SpecError, match="axis 0 is the batch axis"):
        spec(axis=0)
    with pytest.raises(SpecError, match="'Sum', 'AbsSum', 'SquareSum' or 'Mean'"):
        spec(operation="SUMSQ")
