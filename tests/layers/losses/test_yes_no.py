"""YesNoLoss: a positive weight is one number, or one for each tag."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig

from graphnet.errors import ShapeError, SpecError
from graphnet.layers import LAYER_TYPES
from graphnet.layers.losses.yes_no import YesNoLoss

KINDS = sorted(k for k, t in LAYER_TYPES.items() if issubclass(t, YesNoLoss))


def layer(kind, **properties):
    return LAYER_TYPES[kind](name="loss", bottoms=("x", "y"), **properties)


def values():
    rng = np.random.default_rng(3)
    return [rng.uniform(0.1, 0.9, (4, 3, 2)), rng.uniform(0, 1, (4, 3, 2))]


def run(kind, dtype=np.float64, **properties):
    return Rig(LayerCase(layer(kind, **properties), values(), None), dtype=dtype).run()


@pytest.mark.parametrize("kind", KINDS)
def test_equal_weights_of_tags_are_one_weight(kind):
    """The same bits, whether the weight is a number or stands for each tag."""
    one, each = run(kind, positive_weight=2.5), run(kind, positive_weight=(2.5, 2.5, 2.5))
    assert one.keys() == each.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(each[name], value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_weight_of_one_is_none(kind):
    """As if it were not given."""
    plain = run(kind)
    for weight in (1, (1, 1, 1)):
        for name, value in run(kind, positive_weight=weight).items():
            np.testing.assert_allclose(value, plain[name], rtol=1e-12, atol=1e-15)


def test_mistakes():
    """Weights are at least 0, and as many as there are tags."""
    kind = "SigmoidCrossEntropyLoss"
    for wrong in (-1, (1, -1), (), float("nan")):
        with pytest.raises(SpecError, match="positive_weight"):
            layer(kind, positive_weight=wrong)
    with pytest.raises(
        ShapeError, match=r"has 2 numbers, .* shape 4×3\n  expected 3, one for each"
    ):
        layer(kind, positive_weight=(1, 2)).top_shapes([(4, 3), (4, 3)])
    with pytest.raises(ShapeError, match=r"has 1 numbers, .* shape 4\n  expected one number"):
        layer(kind, positive_weight=(1,)).top_shapes([(4,), (4,)])
