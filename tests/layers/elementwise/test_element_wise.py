"""ElementWise through the layer harness."""

from functools import reduce

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.elementwise.element_wise import ElementWise


def spec(operation, n=2, **properties):
    names = tuple(f"x{i}" for i in range(n))
    return ElementWise(name="e", bottoms=names, tops=("y",), operation=operation, **properties)


def fold(operation):
    return lambda bottoms, _: [reduce(operation, bottoms)]


def weighted(*coef):
    return lambda bottoms, _: [sum(c * x for c, x in zip(coef, bottoms, strict=True))]


POSITIVE = np.random.default_rng(2).uniform(0.5, 2, (3, 4))
CASES = [
    LayerCase(spec(name, n), [shape] * n, fold(operation), label=f"{name} {n} {shape}")
    for name, operation in [("Add", np.add), ("Multiply", np.multiply), ("Max", np.maximum)]
    for n in (2, 3, 4)
    for shape in [(3, 4), (2, 3, 2, 2)]
] + [
    LayerCase(spec("Subtract"), [(3, 2, 2)] * 2, fold(np.subtract)),
    LayerCase(spec("Divide"), [(3, 4), POSITIVE], fold(np.divide)),
    LayerCase(spec("Add", coef=[1, -1]), [(3, 4)] * 2, weighted(1, -1), label="signs"),
    LayerCase(spec("Add", 3, coef=[-1, 1, -1]), [(3, 4)] * 3, weighted(-1, 1, -1)),
    LayerCase(spec("Add", 3, coef=[0.5, -2, 1]), [(3, 4)] * 3, weighted(0.5, -2, 1)),
    LayerCase(spec("Add", coef=[3, 0]), [(3, 4)] * 2, weighted(3, 0), label="zero"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Each operation, on any number of bottoms where it makes sense."""
    check_layer(case)


def test_ties_go_to_the_first():
    """Of equal maxima the first bottom takes the whole gradient."""
    values = [np.array([[1.0, 2.0, 0.0]]), np.array([[1.0, 2.0, 5.0]]), np.array([[1.0, 3.0, 5.0]])]
    rig = Rig(LayerCase(spec("Max", 3), values, None))
    diffs, (dy,) = rig.run(), rig.projections()
    np.testing.assert_array_equal(diffs["diff of bottom 0"], dy * [1, 0, 0])
    np.testing.assert_array_equal(diffs["diff of bottom 1"], dy * [0, 0, 1])
    np.testing.assert_array_equal(diffs["diff of bottom 2"], dy * [0, 1, 0])


def test_nothing_is_broadcast():
    """Bottoms of other shapes are refused, even where NumPy would stretch them."""
    message = r"shapes 3×4 and 3×1 cannot be combined .*\n  expected equal shapes"
    with pytest.raises(ShapeError, match=message):
        spec("Add").top_shapes([(3, 4), (3, 1)])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: spec("Subtract", 3), "Subtract takes two bottoms, found 3"),
        (lambda: spec("Divide", 4), "Divide takes two bottoms, found 4"),
        (lambda: spec("Add", 3, coef=[1, 2]), "3 bottoms need as many coef, found 2"),
        (lambda: spec("Max", coef=[1, 2]), "'coef' has no meaning with operation: Max"),
    ],
)
def test_properties_that_do_not_fit(make, message):
    """Contradicting properties are refused when the YAML is read."""
    with pytest.raises(SpecError, match=message):
        make()
