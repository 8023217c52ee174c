"""Weights, the further bottom of every loss and statistic; and the divisors of losses of a pair."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

import graphnet as gn
from graphnet.errors import DataError, ShapeError
from graphnet.layers import LAYER_TYPES
from graphnet.layers.base import Kind
from graphnet.layers.losses.weights import Weighed

RNG = np.random.default_rng(11)
OF_ROWS = np.array([0.5, 0, 2, 1, 0.25])
OF_PLACES = np.array([[1, 0, 0], [1, 0.5, 2], [0, 0, 0], [1, 1, 0], [0, 3, 1]])
MASK = (OF_PLACES > 0).astype(float)
CLASSES = np.array([0.0, 2, 1, 1, 0])
MATRIX = ((0.0, 1.0, 2.0), (1.0, 0.0, 1.0), (2.0, 1.0, 0.0))


def layer(kind, n_bottoms, **properties):
    return getattr(gn.layers, kind)(name="it", bottoms=tuple("abcd"[:n_bottoms]), **properties)


def of(low, high, *shape):
    return RNG.uniform(low, high, shape)


def distributions(*shape):
    values = RNG.uniform(0.1, 1, shape)
    return values / values.sum(1, keepdims=True)


#: Each loss and statistic: its properties and its bottoms without the weights, for five rows.
ALL = {
    "Accuracy": ({"report_error": True, "top_k": 2}, [(5, 3), CLASSES]),
    "BinaryAccuracy": ({"report_error": True}, [(5, 3), (5, 3)]),
    "BinaryCrossEntropyLoss": ({}, [of(0.1, 0.9, 5, 3), of(0, 1, 5, 3)]),
    "ContrastiveLoss": ({}, [(5, 3), (5, 3), np.array([1.0, 0, 1, 0, 0])]),
    "FocalLoss": ({}, [(5, 3), CLASSES]),
    "GaussianKLLoss": ({}, [(5, 3), of(0.5, 2, 5, 3)]),
    "HingeLoss": ({}, [(5, 3), RNG.choice([-1.0, 1.0], (5, 3))]),
    "HuberLoss": ({"delta": 0.7}, [(5, 3), (5, 3)]),
    "InfogainLoss": ({"H": MATRIX}, [(5, 3), CLASSES]),
    "L1Loss": ({}, [(5, 3), of(-1, 1, 5, 3)]),
    "MultinomialLogisticLoss": ({}, [distributions(5, 3), CLASSES]),
    "RBFLoss": ({}, [of(0.1, 3, 5, 3), CLASSES]),
    "SigmoidCrossEntropyLoss": ({}, [(5, 3), of(0, 1, 5, 3)]),
    "SoftlabelSoftmaxLoss": ({}, [(5, 3), distributions(5, 3)]),
    "SoftmaxLoss": ({"label_smoothing": 0.2}, [(5, 3), CLASSES]),
    "SquareLoss": ({}, [(5, 3), of(-1, 1, 5, 3)]),
    "SumLoss": ({}, [(5, 3)]),
    "Within": ({"tolerance": 0.6}, [(5, 3), (5, 3)]),
    "WassersteinLoss": (
        {"M": MATRIX, "lambda": 5.0},
        [distributions(5, 3), distributions(5, 3)],
    ),
}
#: Those whose elements are counted one by one.
PAIRS = (
    "BinaryCrossEntropyLoss", "GaussianKLLoss", "HingeLoss", "HuberLoss", "L1Loss",
    "SigmoidCrossEntropyLoss",
)  # fmt: skip
LABELS = (
    "FocalLoss", "InfogainLoss", "MultinomialLogisticLoss", "RBFLoss", "SoftmaxLoss",
)  # fmt: skip


def outcome(spec, values):
    """What the layer gives of a few rows, without weights."""
    rig = Rig(LayerCase(spec, values, None))
    made = rig.forward()
    if spec.kind is Kind.LOSS:
        return {"loss": float(made["loss"])}
    keys = [key.partition(".")[2] for key in rig.layer.statistics()]
    return dict(zip(keys, rig.layer.statistics().values(), strict=True))


def row_by_row(plain):
    """Each row by itself, times its weight, over the rows that count (a statistic: the weights)."""

    def reference(bottoms, _):
        *values, weights = bottoms
        weights = weights.reshape(-1)
        each = [outcome(plain, [v[i : i + 1] for v in values]) for i in range(len(weights))]
        is_loss = plain.kind is Kind.LOSS
        divisor = (weights > 0).sum() if is_loss else weights.sum()
        total = {k: sum(w * e[k] for w, e in zip(weights, each, strict=True)) for k in each[0]}
        means = {k: v / max(divisor, 1e-300) for k, v in total.items()}
        return means["loss"] if is_loss else means

    return reference


def place_by_place(kind, properties, divide):
    """Each place as a row of its own, times its weight; ``divide(weights, n_elements)``."""

    def reference(bottoms, _):
        *values, weights = bottoms
        n, t = values[0].shape[:2]
        wide = np.broadcast_to(weights.reshape(n, -1), (n, t)).reshape(-1)
        rows = [v.reshape(n * t, -1) if v.size > n * t else v.reshape(n * t) for v in values]
        plain = layer(kind, len(values), **properties)
        each = [outcome(plain, [r[i : i + 1] for r in rows])["loss"] for i in range(n * t)]
        return (wide * each).sum() / max(1, divide(wide.reshape(n, t), values[0][0, 0].size))

    return reference


def case(kind, given, **extra):
    properties, bottoms = ALL[kind]
    properties = properties | extra
    spec = layer(kind, len(bottoms) + 1, **properties)
    plain = layer(kind, len(bottoms), **properties)
    return LayerCase(
        spec, [*bottoms, given], row_by_row(plain), label=f"{kind}-{extra}",
        gradient=kind != "WassersteinLoss",
    )  # fmt: skip


SAMPLES = [
    *(case(kind, OF_ROWS) for kind in ALL),
    case("ContrastiveLoss", OF_ROWS[:, None]),
    case("SoftmaxLoss", OF_ROWS, weights=(1, 2, 3), loss_weight=0.3),
    case("SoftmaxLoss", OF_ROWS, divisor="batch_size"),
    case("SoftmaxLoss", OF_ROWS, divisor="full"),
    case("FocalLoss", OF_ROWS, gamma=0.5),
]


@pytest.mark.parametrize("case", SAMPLES, ids=str)
def test_weights_of_samples(case):
    """A sample costs so many times as much; one of weight 0 is as if it were not there."""
    check_layer(case)


def rows_that_count(weights, _):
    return weights.any(1).sum()


def places_that_count(weights, _):
    return (weights > 0).sum()


def elements_that_count(weights, size):
    return (weights > 0).sum() * size


SCORES = RNG.standard_normal((5, 3, 4))
PLACES = [
    *(
        LayerCase(
            layer(kind, 3, axis=2, **extra),
            [SCORES, RNG.integers(0, 4, (5, 3)).astype(float), weights],
            place_by_place(kind, extra, places_that_count),
            label=f"{kind} {np.shape(weights)}",
        )
        for kind, extra in (("SoftmaxLoss", {}), ("FocalLoss", {}), ("RBFLoss", {"j": 2.0}))
        for weights in (OF_PLACES, MASK, OF_ROWS)
    ),
    LayerCase(
        layer("SoftlabelSoftmaxLoss", 3, axis=2),
        [SCORES, distributions(15, 4).reshape(5, 3, 4), OF_PLACES],
        place_by_place("SoftlabelSoftmaxLoss", {}, places_that_count),
    ),
    *(
        LayerCase(
            layer(kind, 3, **ALL[kind][0], divisor=divisor),
            [np.repeat(np.asarray(v)[:, :, None], 2, 2) for v in _values] + [OF_PLACES],
            place_by_place(kind, ALL[kind][0], divide),
            label=f"{kind} {divisor}",
            adds_up=divisor != "none",
        )
        for kind in PAIRS
        for _values in [LayerCase(layer(kind, 2), ALL[kind][1], None).values()]
        for divisor, divide in (
            ("batch_size", rows_that_count),
            ("valid", elements_that_count),
            ("full", lambda w, size: w.any(1).sum() * w.shape[1] * size),
            ("none", lambda *_: 1),
        )
    ),
    LayerCase(
        layer("SquareLoss", 3),
        [(5, 3, 2), (5, 3, 2), OF_PLACES],
        place_by_place("SquareLoss", {}, rows_that_count),
    ),
    LayerCase(
        layer("SumLoss", 2),
        [(5, 3, 2), OF_PLACES],
        place_by_place("SumLoss", {}, rows_that_count),
    ),
]


@pytest.mark.parametrize("case", PLACES, ids=str)
def test_weights_of_places(case):
    """Sequences of several lengths: what the mask leaves out counts nowhere."""
    check_layer(case)


def of_images(bottoms, _):
    """Pixel by pixel: −log softmax at the label, over the pixels that count."""
    scores, label, weights = bottoms
    e = np.exp(scores)
    cost = -np.log(e / e.sum(1, keepdims=True))
    weights = weights.reshape(*weights.shape, *(1,) * (3 - weights.ndim))
    weights = np.broadcast_to(weights, label.shape)
    total = sum(
        weights[n, y, x] * cost[n, int(label[n, y, x]), y, x] for n, y, x in np.ndindex(label.shape)
    )
    return total / max(1, (weights > 0).sum())


IMAGES = [
    LayerCase(
        layer("SoftmaxLoss", 3),
        [(5, 4, 3, 2), RNG.integers(0, 4, (5, 3, 2)).astype(float), weights],
        of_images,
        label=f"weights {weights.shape}",
    )
    for weights in (RNG.integers(0, 3, (5, 3, 2)).astype(float), OF_PLACES, OF_ROWS)
]


@pytest.mark.parametrize("case", IMAGES, ids=str)
def test_weights_of_pixels(case):
    """The classes lie between the samples and their places."""
    check_layer(case)


PLAIN_DIVISORS = [
    LayerCase(
        layer(kind, 2, **ALL[kind][0], divisor=divisor),
        ALL[kind][1],
        lambda bottoms, _, kind=kind, n=n: (
            outcome(layer(kind, 2, **ALL[kind][0]), bottoms)["loss"] * len(bottoms[0]) / n(bottoms)
        ),
        label=f"{kind} {divisor}",
        adds_up=divisor != "none",
    )
    for kind in PAIRS
    for divisor, n in (
        ("valid", lambda b: b[0].size),
        ("full", lambda b: b[0].size),
        ("none", lambda _: 1),
    )
]


@pytest.mark.parametrize("case", PLAIN_DIVISORS, ids=str)
def test_divisors_of_pairs(case):
    """The mean over samples is the default; all else is that times the samples, divided anew."""
    check_layer(case)


def test_every_loss_and_statistic_takes_weights():
    """And is in the table above."""
    measures = {k for k, t in LAYER_TYPES.items() if t.kind in (Kind.LOSS, Kind.STATISTIC)}
    assert {k for k in measures if issubclass(LAYER_TYPES[k], Weighed)} == measures
    of_their_own = {"CTCLoss", "LabelErrorRate", "MeanIoU"}  # tested beside their layers
    assert measures - of_their_own == ALL.keys()


def weighs_classes(kind):
    """How it lets one class count more than another, if it does."""
    fields = LAYER_TYPES[kind].model_fields
    return next((key for key in ("weights", "positive_weight") if key in fields), None)


LOSSES = sorted(kind for kind, spec in LAYER_TYPES.items() if spec.kind is Kind.LOSS)


def test_every_loss_weighs_its_classes_or_says_why_not():
    """Either a key, or its name where the page of the layers says what there is instead."""
    page = (Path(__file__).parents[3] / "docs" / "layers.md").read_text(encoding="utf-8")
    _, found, rest = page.partition("\nWeights of classes: ")
    reasons = rest.partition("\n###")[0]
    assert found
    for kind in LOSSES:
        assert (weighs_classes(kind) is None) == (kind in reasons), kind


#: Rows of each loss that weighs classes; the answer is that class 1, or yes, is right.
OF_ONE_CLASS = {
    "BinaryCrossEntropyLoss": [of(0.1, 0.9, 2, 3), np.ones((2, 3))],
    "SigmoidCrossEntropyLoss": [(2, 3), np.ones((2, 3))],
    "SoftlabelSoftmaxLoss": [(2, 3), np.array([[0.0, 1, 0], [0, 1, 0]])],
    **{kind: [ALL[kind][1][0], np.ones(5)] for kind in LABELS},
}


@pytest.mark.parametrize("kind", [k for k in LOSSES if weighs_classes(k)])
def test_a_class_of_weight_three_costs_three_times_as_much(kind):
    """Loss and gradient of rows that all are of one class, beside the same without weights."""
    properties, bottoms = ALL[kind][0], OF_ONE_CLASS[kind]
    given = (
        {"positive_weight": 3.0}
        if weighs_classes(kind) == "positive_weight"
        else {"weights": (1, 3, 1), "normalize": "no"}
    )
    plain = Rig(LayerCase(layer(kind, 2, **properties), bottoms, None)).run()
    found = Rig(LayerCase(layer(kind, 2, **properties, **given), bottoms, None)).run()
    for name in ("loss", "diff of bottom 0"):
        np.testing.assert_allclose(found[name], 3 * plain[name], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -7.0])
def test_what_is_left_out_may_be_anything(kind, bad):
    """Neither scores nor labels matter where the weight is 0."""
    properties, _ = ALL[kind]
    scores = distributions(3, 3)
    label, weights = np.array([0.0, 1, 2]), np.array([1.0, 0, 2])
    expected = Rig(LayerCase(layer(kind, 3, **properties), [scores, label, weights], None)).run()
    scores[1], label[1] = bad, bad
    with np.errstate(invalid="ignore"):  # of scores that are infinite
        found = Rig(LayerCase(layer(kind, 3, **properties), [scores, label, weights], None)).run()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


@pytest.mark.parametrize("kind", ["SquareLoss", "HuberLoss", "SumLoss", "BinaryAccuracy"])
def test_numbers_that_are_left_out_may_be_anything(kind):
    """Likewise of losses of numbers."""
    properties, bottoms = ALL[kind]
    values = LayerCase(layer(kind, len(bottoms), **properties), bottoms, None).values()
    spec = layer(kind, len(bottoms) + 1, **properties)
    expected = Rig(LayerCase(spec, [*values, OF_ROWS], None)).run()
    values[0][1] = np.nan
    found = Rig(LayerCase(spec, [*values, OF_ROWS], None)).run()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


@pytest.mark.parametrize("kind", sorted(ALL))
def test_no_weight_at_all(kind):
    """Nothing is counted: no loss, no gradient, and no statistic."""
    properties, bottoms = ALL[kind]
    spec = layer(kind, len(bottoms) + 1, **properties)
    rig = Rig(LayerCase(spec, [*bottoms, np.zeros(5)], None))
    for name, value in rig.run().items():
        assert np.isnan(value).all() if name.startswith("statistic") else not value.any()


@pytest.mark.parametrize("bad", [-0.5, np.nan, np.inf])
def test_bad_weights(bad):
    """The weight, its row and what is allowed are named."""
    weights = np.array([[1.0, 1], [1, bad]])
    spec = layer("SquareLoss", 3)
    rig = Rig(LayerCase(spec, [(2, 2), (2, 2), weights], None))
    message = rf"the weight {bad:g} in row 1, place \[1\] .*\n  expected a finite number of at le"
    with pytest.raises(DataError, match=message):
        rig.forward()


@pytest.mark.parametrize(
    ("kind", "shapes", "message"),
    [
        ("SoftmaxLoss", [(4, 3), (4,), (4, 3)], r"shape 4×3 do not fit\n  expected 4: one for"),
        ("SoftmaxLoss", [(4, 3, 2), (4, 2), (4, 3)], r"4×3 do not fit\n  expected 4 or 4×2: "),
        ("SquareLoss", [(4, 3), (4, 3), (3,)], r"shape 3 do not fit\n  expected 4 or 4×3"),
        ("SumLoss", [(4, 3), (4, 1)], r"shape 4×1 do not fit\n  expected 4 or 4×3"),
        ("ContrastiveLoss", [(4, 3), (4, 3), (4,), (4, 3)], r"4×3 .*\n  expected 4 or 4×1"),
    ],
)
def test_weights_must_fit(kind, shapes, message):
    """They have the sizes of the first axes of what is counted."""
    with pytest.raises(ShapeError, match=message):
        layer(kind, len(shapes)).top_shapes(shapes)
