"""LabelErrorRate through the layer harness, against the distance by recursion."""

from functools import cache

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import DataError, ShapeError
from graphnet.layers.statistics.label_error_rate import LabelErrorRate

RNG = np.random.default_rng(5)


def spec(names=("read", "words"), **properties):
    return LabelErrorRate(name="error", bottoms=names, **properties)


def distance(a, b):
    """Levenshtein's, by its definition."""

    @cache
    def of(i, j):
        if not i or not j:
            return i + j
        return min(of(i - 1, j) + 1, of(i, j - 1) + 1, of(i - 1, j - 1) + (a[i - 1] != b[j - 1]))

    return of(len(a), len(b))


def error_rate(pad):
    """Sequence by sequence."""

    def reference(bottoms, _):
        weights = bottoms[2] if len(bottoms) > 2 else np.ones(len(bottoms[0]))
        pairs = [
            [tuple(v for v in row if v != pad) for row in rows]
            for rows in zip(*bottoms[:2], strict=True)
        ]
        distances = np.array([distance(a, b) for a, b in pairs])
        n_labels = np.array([len(b) for _, b in pairs])
        return {
            "": (weights * distances).sum() / (weights * n_labels).sum(),
            "sequences": (weights * (distances > 0)).sum() / weights.sum(),
        }

    return reference


def sequences(n, longest, n_class, pad=-1):
    """Of every length, the longest one and the empty one among them."""
    values = RNG.integers(0, n_class, (n, longest)).astype(float)
    lengths = RNG.integers(0, longest + 1, n)
    lengths[:2] = longest, 0
    values[np.arange(longest) >= lengths[:, None]] = pad
    return values


def near(labels, pad=-1):
    """Some of the sequences as they are, some with one label replaced."""
    values = labels.copy()
    values[::2, 0] = np.where(values[::2, 0] == pad, pad, 1)
    return values


W = ("read", "words", "w")
LABELS = sequences(9, 4, 3)
CASES = [
    LayerCase(spec(), [sequences(40, 7, 3), sequences(40, 5, 3)], error_rate(-1)),
    LayerCase(spec(), [sequences(30, 3, 2), sequences(30, 9, 2)], error_rate(-1), label="shorter"),
    LayerCase(spec(), [sequences(8, 1, 2), sequences(8, 1, 2)], error_rate(-1), label="one label"),
    LayerCase(spec(), [near(LABELS), LABELS], error_rate(-1), label="few errors"),
    LayerCase(
        spec(pad_label=9), [sequences(9, 4, 3, 9), sequences(9, 4, 3, 9)], error_rate(9), label="9"
    ),
    LayerCase(
        spec(W), [sequences(6, 8, 3), sequences(6, 4, 3), np.array([1, 0.5, 0, 2, 0, 1])],
        error_rate(-1), label="weights",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """All distances over all labels, and how many sequences are not as they should be."""
    check_layer(case)


def found(read, label, **properties):
    """The statistics of one batch."""
    rig = Rig(LayerCase(spec(**properties), [np.array(v, float) for v in (read, label)], None))
    rig.forward()
    return rig.layer.statistics()


@pytest.mark.parametrize(
    ("read", "label", "distance"),
    [
        ([1, 2, 3, -1], [1, 2, 3, -1], 0),
        ([-1, -1, -1, -1], [1, 2, 3, -1], 3),
        ([2, 3, 4, 5], [1, 2, 3, 4], 2),
        ([1, 1, 1, 1], [1, -1, -1, -1], 3),
        ([1, 9, 3, -1], [1, 2, 3, -1], 1),
    ],
)
def test_a_few_by_hand(read, label, distance):
    """Left out, put in, replaced."""
    n = sum(v >= 0 for v in label)
    assert found([read], [label]) == {"error": distance / n, "error.sequences": float(distance > 0)}


def test_without_a_label_there_is_no_rate():
    """But sequences that are wrong."""
    made = found([[1, -1]], [[-1, -1]])
    assert np.isnan(made["error"])
    assert made["error.sequences"] == 1.0


@pytest.mark.parametrize("which", [0, 1])
def test_a_label_behind_padding(which):
    """Is refused with its place."""
    values = [[[1, 2, -1]], [[1, 2, -1]]]
    values[which] = [[1, -1, 2]]
    with pytest.raises(DataError, match=r"label 2 in row 0, place \(?\[?2.* behind padding"):
        found(*values)


def test_shapes_must_fit():
    """Scores are no labels."""
    with pytest.raises(ShapeError, match=r"4×3×2 and 4×3 are no sequences.*\n.*CTCDecoder"):
        spec().top_shapes([(4, 3, 2), (4, 3)])
    with pytest.raises(ShapeError, match=r"4×3 and 5×3"):
        spec().top_shapes([(4, 3), (5, 3)])
