"""Within through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError
from graphnet.layers.statistics.within import Within


def spec(tolerance=0.5, names=("p", "y"), **properties):
    return Within(name="acc", bottoms=names, tolerance=tolerance, **properties)


def within(tolerance):
    def reference(bottoms, _):
        p, y = bottoms
        return {"": np.mean(abs(p - y.reshape(p.shape)) < tolerance)}

    return reference


def weighed(bottoms, _):
    p, y, weights = bottoms
    near = abs(p - y) < 0.5
    wide = np.broadcast_to(weights[:, None], p.shape)
    return {"": (near * wide).sum() / wide.sum()}


CASES = [
    LayerCase(spec(), [(6, 4), (6, 4)], within(0.5)),
    LayerCase(spec(2.0), [(6, 4), (6, 2, 2)], within(2.0), label="another shape"),
    LayerCase(spec(), [(6, 1), (6,)], within(0.5)),
    LayerCase(
        spec(names=("p", "y", "w")),
        [(6, 4), (6, 4), np.array([0, 1, 2, 0.5, 0, 1])],
        weighed,
        label="weights",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The part of the elements that are near."""
    check_layer(case)


def test_the_tolerance_itself_is_too_far_and_nan_is_never_near():
    """Less than it counts."""
    p, y = np.array([[1.5, 1.25, np.nan, 1.0]]), np.array([[1.0, 1.0, 1.0, np.nan]])
    rig = Rig(LayerCase(spec(), [p, y], None))
    rig.forward()
    assert rig.layer.statistics() == {"acc": 0.25}


def test_shapes_must_agree():
    """Both have as many elements a sample."""
    with pytest.raises(ShapeError, match="shapes 4×3 and 4×1 cannot be compared"):
        spec().top_shapes([(4, 3), (4, 1)])
