"""CTCLoss through the layer harness, against all paths counted one by one."""

from itertools import groupby, product

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import DataError, ShapeError
from graphnet.layers.losses.ctc_loss import CTCLoss


def spec(n_bottoms=2, **properties):
    return CTCLoss(name="loss", bottoms=tuple("abcd"[:n_bottoms]), **properties)


def read(path, blank):
    """The labels that a path reads."""
    return [k for k, _ in groupby(path) if k != blank]


def every_path(blank=0, pad=-1, weight=1.0, *, per_label=False):
    """Sequence by sequence, the probabilities of all paths that read its labels."""

    def reference(bottoms, _):
        scores, labels, *rest = bottoms
        mask = rest[0] if rest else np.ones(scores.shape[:2])
        weights = rest[1] if len(rest) > 1 else np.ones(len(scores))
        total = 0.0
        for x, label, counts, times in zip(scores, labels, mask, weights, strict=True):
            if not times:
                continue
            x = x[counts != 0]  # noqa: PLW2901
            p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
            wanted = [int(k) for k in label if k != pad]
            found = sum(
                np.prod([p[t, k] for t, k in enumerate(path)])
                for path in product(range(x.shape[1]), repeat=len(x))
                if read(path, blank) == wanted
            )
            total -= times * np.log(found) / (max(1, len(wanted)) if per_label else 1)
        return weight * total / max(1, (weights != 0).sum())

    return reference


SCORES = np.random.default_rng(1).standard_normal((3, 5, 3)) * 2
LABELS = np.array([[1.0, 2, -1], [1, 1, 2], [-1, -1, -1]])
MASK = np.array([[1.0, 1, 0, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 0]])
CASES = [
    LayerCase(spec(), [SCORES, LABELS], every_path()),
    LayerCase(spec(), [SCORES[:, :1], np.array([[1.0], [-1], [2]])], every_path(), label="T 1"),
    LayerCase(spec(3), [SCORES, LABELS, MASK], every_path(), label="mask"),
    LayerCase(
        spec(4, loss_weight=0.3),
        [SCORES, LABELS, MASK, np.array([0.5, 2, 0])],
        every_path(weight=0.3),
        label="weights",
    ),
    LayerCase(spec(per_label=True), [SCORES, LABELS], every_path(per_label=True), label="mean"),
    LayerCase(
        spec(blank=2, pad_label=9),
        [SCORES, np.array([[0.0, 1, 0], [1, 1, 9], [0, 9, 9]])],
        every_path(2, 9),
        label="blank 2",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The mean of −log of the probability of all paths that read the labels."""
    check_layer(case)


def test_pytorchs():
    """Its log-softmax and ctc_loss give the same, to 1e-9, of long sequences."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    n, t, s, c = 6, 60, 12, 11
    scores = rng.standard_normal((n, t, c)) * 3
    labels, lengths = rng.integers(1, c, (n, s)).astype(float), rng.integers(1, s + 1, n)
    steps = rng.integers(30, t + 1, n)
    labels[np.arange(s) >= lengths[:, None]] = -1
    mask = (np.arange(t) < steps[:, None]).astype(float)
    made = Rig(LayerCase(spec(3), [scores, labels, mask], None)).run()
    x = torch.tensor(scores, requires_grad=True)
    loss = torch.nn.functional.ctc_loss(
        x.log_softmax(2).transpose(0, 1),
        torch.tensor(np.maximum(labels, 0)).long(),
        torch.tensor(steps),
        torch.tensor(lengths),
        reduction="sum",
    )
    (loss / n).backward()
    assert float(made["loss"]) == pytest.approx(float(loss.detach()) / n, rel=1e-12)
    np.testing.assert_allclose(made["diff of bottom 0"], x.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_long_and_certain(dtype):
    """Probabilities far below the smallest number, and scores far beyond exp's range."""
    t, s = 400, 30
    scores = np.random.default_rng(3).standard_normal((1, t, 40))
    labels = np.arange(1.0, s + 1)[None]
    rough, exact = (
        float(Rig(LayerCase(spec(), [scores, labels], None), dtype=k).run()["loss"])
        for k in (dtype, np.float64)
    )
    assert rough == pytest.approx(exact, rel=1e-5)
    assert exact > 900  # its exponential is 0 even in float64
    certain = np.full((1, 4, 3), -1e4)
    certain[0, np.arange(4), [1, 0, 1, 2]] = 1e4
    made = Rig(LayerCase(spec(), [certain, np.array([[1.0, 1, 2]])], None), dtype=dtype).run()
    assert made["loss"] == 0
    np.testing.assert_allclose(made["diff of bottom 0"], 0, atol=1e-6)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            [[1.0, 3, -1]],
            r"label 3 in row 0, place \[1\] .*\n  expected .* 0 to 2: .* except 0, the",
        ),
        ([[1.0, 0, 2]], r"label 0 in row 0, place \[1\] of the batch is no class, the blank"),
        ([[1.0, -1, 2]], r"label 2 in row 0, place \[2\] .* stands behind padding"),
        ([[1.0, 1.5, 2]], r"label 1.5 in row 0"),
        ([[1.0, 1, 1]], r"row 0 of the batch need 5 steps, and fewer count"),
    ],
)
def test_bad_labels(labels, message):
    """The label and its place, or the row whose labels do not fit into its steps, are named."""
    case = LayerCase(spec(), [SCORES[:1, :4], np.array(labels)], None)
    with pytest.raises(DataError, match=message):
        Rig(case).forward()


@pytest.mark.parametrize("mask", [[1.0, 1, 0, 0, 0], [0.0, 1, 1, 1, 1]])
def test_steps_that_do_not_suffice(mask):
    """Fewer than the labels need, or not from the first one on."""
    case = LayerCase(spec(3), [SCORES[1:2], LABELS[1:2], np.array([mask])], None)
    with pytest.raises(DataError, match=r"row 0 .* need 4 steps, .* or the first does not\n"):
        Rig(case).forward()


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(4, 3), (4, 2)], r"shapes 4×3 and 4×2 are no scores and labels\n  expected N×T×C"),
        ([(4, 5, 3), (3, 2)], "are no scores and labels"),
        ([(4, 5, 3), (4, 2), (4,)], r"bottom 2 has shape 4\n  expected 4×5: 1 for each step"),
        ([(4, 5, 3), (4, 2), (4, 5), (4, 5)], r"weights of shape 4×5 do not fit\n  expected 4:"),
    ],
)
def test_shapes(shapes, message):
    """What is expected is said."""
    with pytest.raises(ShapeError, match=message):
        spec(len(shapes)).top_shapes(shapes)


def test_the_blank_is_a_class():
    """One of those that there are scores of."""
    with pytest.raises(ShapeError, match=r"blank: 3 is none of the 3 classes"):
        spec(blank=3).top_shapes([(4, 5, 3), (4, 2)])
