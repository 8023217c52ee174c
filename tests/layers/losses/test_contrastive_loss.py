"""ContrastiveLoss through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import DataError, ShapeError, SpecError
from graphnet.layers.losses.contrastive_loss import ContrastiveLoss


def spec(**properties):
    return ContrastiveLoss(name="loss", bottoms=("a", "b", "same"), **properties)


def contrastive(layer):
    """Pair by pair."""

    def reference(bottoms, _):
        a, b, same = bottoms
        total = 0.0
        for left, right, y in zip(a, b, same.ravel(), strict=True):
            square = ((left.ravel() - right.ravel()) ** 2).sum()
            if layer.legacy_version:
                apart = max(layer.margin - square, 0)
            else:
                apart = max(layer.margin - np.sqrt(square), 0) ** 2
            total += y * square + (1 - y) * apart
        return layer.loss_weight * total / (2 * len(a))

    return reference


SAME = np.array([1.0, 0.0, 0.0, 1.0, 0.0])
CASES = [
    LayerCase(s, [(5, *shape), (5, *shape), same], contrastive(s), label=f"{label} {shape}")
    for label, s, shape, same in [
        ("default", spec(), (2,), SAME),
        ("column", spec(), (2,), SAME[:, None]),
        ("margin", spec(margin=3, loss_weight=0.7), (2, 1, 2), SAME),
        ("legacy", spec(margin=4, legacy_version=True), (2,), SAME),
        ("no margin", spec(margin=0), (2,), SAME),
        ("all alike", spec(), (3,), np.ones(5)),
        ("none alike", spec(margin=2.5), (3,), np.zeros(5)),
        ("in between", spec(margin=2), (3,), SAME * 0.25 + 0.5),
    ]
] + [LayerCase(s := spec(), [(1, 1), (1, 1), np.zeros(1)], contrastive(s), label="smallest")]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Squared distances of alike pairs, squared lacks of distance of the others."""
    check_layer(case)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_vectors(legacy, dtype):
    """Equal vectors cost the margin if they should differ, and get no gradient."""
    x = np.ones((2, 3))
    case = LayerCase(spec(margin=2, legacy_version=legacy), [x, x, np.array([0.0, 1.0])], None)
    results = Rig(case, dtype=dtype).run()
    assert results["loss"] == (0.5 if legacy else 1.0)
    assert not results["diff of bottom 0"].any()
    assert not results["diff of bottom 1"].any()


def test_mistakes():
    """The vectors must be of one size, with one label from 0 to 1 for each pair."""
    with pytest.raises(ShapeError, match="shapes 4×3 and 4×2 cannot be compared"):
        spec().top_shapes([(4, 3), (4, 2), (4,)])
    with pytest.raises(ShapeError, match="bottom 2 has shape 4×3\n  expected 4: 1 or 0"):
        spec().top_shapes([(4, 3), (4, 3), (4, 3)])
    with pytest.raises(SpecError, match="margin"):
        spec(margin=-1)
    for bad in (-1.0, 2.0, np.nan):
        rig = Rig(LayerCase(spec(), [(2, 3), (2, 3), np.array([1.0, bad])], None))
        with pytest.raises(DataError, match=r"the label \S+ in row \d .*\n  expected 1 for pairs"):
            rig.layer.forward()
