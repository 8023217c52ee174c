"""Every measure beside scikit-learn's, on made answers; needs the extra sklearn."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.metrics.classes import accuracy, confusion_matrix, macro, per_class, top_k, weighted
from graphnet.metrics.numbers import measure_numbers
from graphnet.metrics.ranking import auc_of_classes, mean_auc
from graphnet.metrics.tags import measure_tags

pytestmark = pytest.mark.filterwarnings("ignore")  # of scikit-learn, of what cannot be divided


@pytest.fixture(scope="module")
def sk():
    """scikit-learn's metrics."""
    return pytest.importorskip("sklearn.metrics", reason="needs the extra sklearn")


def ours_of(found):
    """In the order of scikit-learn."""
    return found.precision, found.recall, found.f1, found.support


@pytest.mark.parametrize("n_classes", [2, 3, 10])
@pytest.mark.parametrize("seed", range(4))
def test_classes(sk, seed, n_classes):
    """Confusion, precision, recall, F1, their means, AUC and top-k; some classes never occur."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, max(2, n_classes - seed % 2), 60)
    scores = rng.random((60, n_classes)).round(1 if seed == 3 else 9)
    scores += 0.4 * np.eye(n_classes)[labels]
    scores /= scores.sum(axis=1, keepdims=True)
    answers = scores.argmax(axis=1)
    every = range(n_classes)
    confusion = confusion_matrix(labels, answers, n_classes)
    np.testing.assert_array_equal(confusion, sk.confusion_matrix(labels, answers, labels=every))
    found = per_class(confusion)
    expected = sk.precision_recall_fscore_support(labels, answers, labels=every, zero_division=0)
    for ours, theirs in zip(ours_of(found), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    for mean, name in ((macro, "macro"), (weighted, "weighted")):
        ours = mean(found)
        theirs = sk.precision_recall_fscore_support(labels, answers, average=name, zero_division=0)
        assert (ours.precision, ours.recall, ours.f1) == pytest.approx(theirs[:3])
    assert accuracy(confusion) == pytest.approx(sk.accuracy_score(labels, answers))
    for k in (1, 2):
        y = scores[:, 1] if n_classes == 2 else scores
        if k < n_classes:
            expected = sk.top_k_accuracy_score(
                labels, y if n_classes > 2 else scores[:, 1], k=k, labels=every
            )
            if seed != 3:  # ties are ranked in another way
                assert top_k(scores, labels, k) == pytest.approx(expected)
    areas = auc_of_classes(scores, labels)
    for c in every:
        if 0 < (labels == c).sum() < 60:
            assert areas[c] == pytest.approx(sk.roc_auc_score(labels == c, scores[:, c]))
    if len(set(labels.tolist())) == n_classes:
        y = scores[:, 1] if n_classes == 2 else scores
        assert mean_auc(areas) == pytest.approx(sk.roc_auc_score(labels, y, multi_class="ovr"))


@pytest.mark.parametrize("seed", range(4))
def test_tags(sk, seed):
    """Of each tag, micro and macro, whole rows, and wrong elements."""
    rng = np.random.default_rng(seed)
    labels, answers = rng.random((50, 4)) < 0.4, rng.random((50, 4)) < 0.4
    found = measure_tags(labels, answers, np.ones(labels.shape, bool))
    expected = sk.precision_recall_fscore_support(labels, answers, zero_division=0)
    for mine, theirs in zip(ours_of(found.per_tag), expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)
    for mean, name in ((found.micro, "micro"), (found.macro, "macro")):
        theirs = sk.precision_recall_fscore_support(labels, answers, average=name, zero_division=0)
        assert (mean.precision, mean.recall, mean.f1) == pytest.approx(theirs[:3])
    assert found.exact == pytest.approx(sk.accuracy_score(labels, answers))
    assert found.hamming == pytest.approx(sk.hamming_loss(labels, answers))


@pytest.mark.parametrize("seed", range(4))
def test_numbers(sk, seed):
    """MAE, RMSE, R²; a column that never changes among them."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(40, 3))
    truth[:, 2] = 5
    answers = truth + rng.normal(size=(40, 3)) * [0.1, 2, seed % 2]
    found = measure_numbers(truth, answers)
    assert found.mae == pytest.approx(sk.mean_absolute_error(truth, answers))
    assert found.rmse == pytest.approx(sk.mean_squared_error(truth, answers) ** 0.5)
    assert found.r2 == pytest.approx(sk.r2_score(truth, answers))
    expected = sk.r2_score(truth, answers, multioutput="raw_values")
    np.testing.assert_allclose(found.r2_of_columns, expected)


@pytest.mark.parametrize("seed", range(4))
def test_weights(sk, seed):
    """Each row counts for its weight; some for nothing."""
    rng = np.random.default_rng(seed)
    n, n_classes = 60, 4
    weights = rng.random(n) * (rng.random(n) < 0.8)
    kept = weights > 0
    labels = np.concatenate([np.arange(n_classes), rng.integers(0, n_classes, n - n_classes)])
    weights[:n_classes] = 0.5
    scores = rng.random((n, n_classes)).round(1)
    answers, every = scores.argmax(axis=1), range(n_classes)
    confusion = confusion_matrix(labels, answers, n_classes, weights)
    theirs = sk.confusion_matrix(labels, answers, labels=every, sample_weight=weights)
    np.testing.assert_allclose(confusion, theirs)
    expected = sk.precision_recall_fscore_support(
        labels, answers, labels=every, zero_division=0, sample_weight=weights
    )
    for ours, found in zip(ours_of(per_class(confusion)), expected, strict=True):
        np.testing.assert_allclose(ours, found, rtol=1e-12)
    own = sk.accuracy_score(labels, answers, sample_weight=weights)
    assert accuracy(confusion) == pytest.approx(own)
    areas = auc_of_classes(scores[kept], labels[kept], weights[kept])
    for c in every:
        own = sk.roc_auc_score(labels == c, scores[:, c], sample_weight=weights)
        assert areas[c] == pytest.approx(own)


@pytest.mark.parametrize("seed", range(4))
def test_weights_of_tags_and_numbers(sk, seed):
    """Each row counts for its weight."""
    rng = np.random.default_rng(seed)
    weights = rng.random(50) * (rng.random(50) < 0.8)
    beside = np.repeat(weights[:, None], 4, axis=1)
    labels, answers = rng.random((50, 4)) < 0.4, rng.random((50, 4)) < 0.4
    found = measure_tags(labels, answers, beside)
    expected = sk.precision_recall_fscore_support(
        labels, answers, zero_division=0, sample_weight=weights
    )
    for mine, theirs in zip(ours_of(found.per_tag), expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)
    own = sk.accuracy_score(labels, answers, sample_weight=weights)
    assert found.exact == pytest.approx(own)
    assert found.hamming == pytest.approx(sk.hamming_loss(labels, answers, sample_weight=weights))
    truth = rng.normal(size=(50, 4))
    given = truth + rng.normal(size=(50, 4))
    found = measure_numbers(truth, given, beside)
    args = (truth, given)
    assert found.mae == pytest.approx(sk.mean_absolute_error(*args, sample_weight=weights))
    assert found.rmse == pytest.approx(sk.mean_squared_error(*args, sample_weight=weights) ** 0.5)
    expected = sk.r2_score(*args, multioutput="raw_values", sample_weight=weights)
    np.testing.assert_allclose(found.r2_of_columns, expected)
