"""CTCDecoder through the layer harness."""

from itertools import groupby

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError
from graphnet.layers.elementwise.ctc_decoder import CTCDecoder

RNG = np.random.default_rng(8)


def spec(names=("x",), **properties):
    return CTCDecoder(name="read", bottoms=names, tops=("y",), **properties)


def decoded(layer):
    """Runs of one class become one, then blanks go."""

    def reference(bottoms, _):
        scores, masks = bottoms[0], bottoms[1] if len(bottoms) > 1 else None
        out = np.full(scores.shape[:2], float(layer.pad_label))
        for n, best in enumerate(scores.argmax(2)):
            steps = best if masks is None else best[: int(masks[n].sum())]
            read = [c for c, _ in groupby(steps) if c != layer.blank]
            out[n, : len(read)] = read
        return [out]

    return reference


MASK = (np.arange(7) < np.array([7, 3, 0, 5])[:, None]).astype(float)
VARIANTS = [
    ({}, [(4, 7, 3)]),
    ({"blank": 2}, [(5, 9, 3)]),
    ({"blank": 1, "pad_label": 7}, [(3, 6, 2)]),
    ({}, [(3, 1, 4)]),
    ({}, [(1, 8, 3)]),
    ({"names": ("x", "m"), "blank": 1}, [(4, 7, 3), MASK]),
]
CASES = [
    LayerCase(s := spec(**v), bottoms, decoded(s), label=f"{i}")
    for i, (v, bottoms) in enumerate(VARIANTS)
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The best path, with repeated labels read once."""
    check_layer(case)


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ([1, 1, 0, 1, 2, 2], [1, 1, 2]),
        ([0, 0, 0, 0, 0, 0], []),
        ([1, 2, 1, 2, 1, 2], [1, 2, 1, 2, 1, 2]),
        ([0, 3, 3, 3, 3, 0], [3]),
    ],
)
def test_a_few_by_hand(path, read):
    """What lies between two equal labels tells them apart."""
    rig = Rig(LayerCase(spec(), [np.eye(4)[path][None]], None))
    expected = [*read, *[-1] * (6 - len(read))]
    np.testing.assert_array_equal(rig.forward()["top 0"], [expected])


def test_of_equal_scores_the_smaller_class_is_read():
    """As Argmax takes it."""
    rig = Rig(LayerCase(spec(blank=2), [np.array([[[0.0, 1, 1, 1], [2, 1, 0, 2]]])], None))
    np.testing.assert_array_equal(rig.forward()["top 0"], [[1, 0]])


def test_shapes_must_fit():
    """Scores of steps, a blank that is a class, a mask of the steps."""
    with pytest.raises(ShapeError, match=r"4×3 is no sequence of scores"):
        spec().top_shapes([(4, 3)])
    with pytest.raises(ShapeError, match=r"blank: 3 is none of the 3 classes"):
        spec(blank=3).top_shapes([(4, 5, 3)])
    with pytest.raises(ShapeError, match=r"bottom 1 has shape 4×3\n  expected 4×5"):
        spec(names=("x", "m")).top_shapes([(4, 5, 3), (4, 3)])
