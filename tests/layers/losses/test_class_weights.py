"""ClassWeighed: class weights fit the scores, and are normalised."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig

from graphnet.errors import ShapeError, SpecError
from graphnet.layers import LAYER_TYPES
from graphnet.layers.losses.class_weights import ClassWeighed, weights_of_classes
from graphnet.layers.losses.softlabel_softmax_loss import SoftlabelSoftmaxLoss

PLACES = ((1.0, 2.0), (0.5, 1.0), (3.0, 1.5))


def spec(**properties):
    return SoftlabelSoftmaxLoss(name="loss", bottoms=("x", "y"), **properties)


@pytest.mark.parametrize(
    ("weights", "normalize", "axis", "expected"),
    [
        ((1, 2, 3), "local", 1, np.array([0.5, 1, 1.5])[None, :, None]),
        ((1, 2, 3), "no", 1, np.array([1, 2, 3])[None, :, None]),
        ((1, 3), "global", -1, np.array([0.5, 1.5])[None, None]),
        (PLACES, "local", 1, np.array(PLACES)[None] / [1.5, 1.5]),
        (PLACES, "global", 1, np.array(PLACES)[None] / 1.5),
    ],
)
def test_class_weights(weights, normalize, axis, expected):
    """The mean over the classes, or over a sample, is 1; or they are as they were given."""
    layer = spec(weights=weights, normalize=normalize, axis=axis)
    found = layer.class_weights((4, 3, 2))
    np.testing.assert_allclose(found, expected, rtol=1e-15)


def test_weights_of_classes():
    """They lie where the layer computes, in its precision."""
    rig = Rig(LayerCase(spec(weights=(1, 3)), [(4, 2), (4, 2)], None), dtype=np.float32)
    found = weights_of_classes(rig.layer, (4, 2))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [[0.5, 1.5]])


@pytest.mark.parametrize(
    "kind", sorted(k for k, t in LAYER_TYPES.items() if issubclass(t, ClassWeighed))
)
def test_all_refuse_what_does_not_fit(kind):
    """Each loss that weighs classes says so before anything runs."""
    extra = {"H": ((1, 0, 0), (0, 1, 0), (0, 0, 1))} if kind == "InfogainLoss" else {}
    layer = LAYER_TYPES[kind](name="loss", bottoms=("x", "y"), weights=(1, 2), **extra)
    other = (4, 3) if kind == "SoftlabelSoftmaxLoss" else (4,)
    with pytest.raises(
        ShapeError, match=r"'weights' has shape 2\n  expected 3, one for each class"
    ):
        layer.top_shapes([(4, 3), other])


def test_mistakes():
    """Weights are numbers of at least 0, and not all nothing."""
    for wrong in ((), (1, -1), (1, float("inf")), ((1, 2), (1,))):
        with pytest.raises(SpecError, match="expected one finite number of at least 0"):
            spec(weights=wrong)
    with pytest.raises(ShapeError, match="cannot be normalised: they add up to zero"):
        spec(weights=(0, 0)).class_weights((4, 2))
