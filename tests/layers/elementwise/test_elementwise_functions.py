"""AbsVal, Clip, Swish and Threshold through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import SpecError
from graphnet.layers.elementwise.elementwise_functions import AbsVal, Clip, Swish, Threshold

ENDS = {"name": "f", "bottoms": ("x",), "tops": ("y",)}

FORMULAS = [
    (AbsVal(**ENDS), lambda x: np.where(x < 0, -x, x)),
    (Clip(**ENDS, min=-0.5, max=0.75), lambda x: np.minimum(np.maximum(x, -0.5), 0.75)),
    (Clip(**ENDS, min=0.1, max=0.1), lambda x: np.full_like(x, 0.1)),
    (Swish(**ENDS), lambda x: x / (1 + np.exp(-x))),
    (Swish(**ENDS, beta=2.5), lambda x: x / (1 + np.exp(-2.5 * x))),
    (Swish(**ENDS, beta=-1.0), lambda x: x / (1 + np.exp(x))),
    (Threshold(**ENDS), lambda x: np.where(x > 0, 1.0, 0.0)),
    (Threshold(**ENDS, threshold=-0.7), lambda x: np.where(x > -0.7, 1.0, 0.0)),
]
CASES = [
    LayerCase(spec, [shape], lambda bottoms, _, f=formula: [f(bottoms[0])])
    for spec, formula in FORMULAS
    for shape in [(4, 3), (2, 3, 4, 5), (3,)]
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Each computes its formula, element by element."""
    check_layer(case)


def slopes(spec, values):
    """The derivative the layer uses at each value."""
    rig = Rig(LayerCase(spec, [np.array([values])], None))
    return (rig.run()["diff of bottom 0"] / rig.projections()[0])[0].tolist()


def test_gradients_at_kinks():
    """AbsVal's gradient at 0 is 0; Clip's passes at both bounds."""
    assert slopes(AbsVal(**ENDS), [-2.0, 0.0, 2.0]) == [-1, 0, 1]
    assert slopes(Clip(**ENDS, min=-1, max=2), [-1.5, -1.0, 0.0, 2.0, 2.5]) == [0, 1, 1, 1, 0]


def test_threshold_is_exclusive():
    """A value equal to the threshold gives 0, and no gradient is sent."""
    rig = Rig(LayerCase(Threshold(**ENDS, threshold=2), [np.array([[1.0, 2.0, 3.0]])], None))
    assert rig.forward()["top 0"].tolist() == [[0, 0, 1]]
    assert Threshold(**ENDS).differentiable(1) == ()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_swish_does_not_overflow(dtype):
    """The largest numbers neither overflow nor warn."""
    case = LayerCase(Swish(**ENDS, beta=3), [np.array([[-1e4, 0.0, 1e4]])], None)
    results = Rig(case, dtype=dtype).run()
    assert results["top 0"].tolist() == [[0, 0, 1e4]]
    assert np.isfinite(results["diff of bottom 0"]).all()


def test_bounds_are_checked():
    """Both bounds are needed, and min must not exceed max."""
    with pytest.raises(SpecError, match="max"):
        Clip(**ENDS, min=0)
    with pytest.raises(SpecError, match=r"min \(2.0\) must not exceed max \(1.0\)"):
        Clip(**ENDS, min=2.0, max=1.0)
