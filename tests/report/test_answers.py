"""What a trained net answers, and which rows it is worst at."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import graphnet as gn
from graphnet.report.answers import (
    MOST_WORST,
    answers_of,
    find_judged,
    principal_components,
    probabilities,
    task_of,
)

DATA = {"name": "d", "type": "HDF5Data", "source": "x.h5", "batch_size": 4}
SCORES = {"name": "s", "type": "InnerProduct", "output_dim": 3, "bottoms": ["h"], "tops": ["s"]}
HIDDEN = {"name": "h", "type": "InnerProduct", "output_dim": 5, "neuron": "ReLU",
          "bottoms": ["data"], "tops": ["h"]}  # fmt: skip
LOSS = {"name": "loss", "type": "SoftmaxLoss", "bottoms": ["s", "label"]}


def net_of(layers, tmp_path, keep, **columns):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name, values in columns.items():
            file[name] = values
    source = {**DATA, "source": str(tmp_path / "x.h5"), "tops": list(columns)}
    return gn.load_net({"name": "n", "layers": [source, *layers]}, phase="test", keep=keep)


def rows(n, *shape):
    return np.random.default_rng(0).standard_normal((n, *shape)).astype(np.float32)


def test_answers_are_those_of_predict(tmp_path):
    """Of every row once, also where the last batch is not full."""
    data, label = rows(10, 6), (np.arange(10) % 3).astype(np.int32)
    net = net_of([HIDDEN, SCORES, LOSS], tmp_path, "all", data=data, label=label)
    judged = find_judged(net.compiled.spec)
    assert (judged.answer, judged.label, judged.feature) == ("s", "label", "h")
    found = answers_of(net, judged)
    scores = net.predict({"data": data})["s"]
    assert found.task == "classes"
    np.testing.assert_array_equal(found.labels, label)
    np.testing.assert_array_equal(found.answers, scores.argmax(axis=1))
    assert found.features.shape == (10, 5)
    wrong = np.flatnonzero(scores.argmax(axis=1) != label)
    assert {row.row for row in found.worst} == set(wrong.tolist())
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    for row in found.worst:
        cost = chances[row.row].max() - chances[row.row, label[row.row]]
        assert row.cost == pytest.approx(cost, rel=1e-5)
    costs = [row.cost for row in found.worst]
    assert costs == sorted(costs, reverse=True)


def test_the_worst_are_the_worst_of_all_batches(tmp_path):
    """Numbers: by the root of the mean squared error."""
    data, target = rows(60, 3), rows(60, 2) * np.arange(60)[:, None]
    layer = {**SCORES, "bottoms": ["data"], "output_dim": 2}
    loss = {"name": "loss", "type": "SquareLoss", "bottoms": ["s", "target"]}
    net = net_of([layer, loss], tmp_path, "all", data=data, target=target)
    judged = find_judged(net.compiled.spec)
    assert judged.feature is None
    found = answers_of(net, judged)
    assert (found.task, found.features, found.n_rows) == ("numbers", None, 60)
    errors = np.sqrt(np.square(net.predict({"data": data})["s"] - target).mean(axis=1))
    assert [row.row for row in found.worst] == np.argsort(-errors)[:MOST_WORST].tolist()


def test_pictures_come_with_the_worst(tmp_path):
    """As the net saw them."""
    data, label = rows(9, 1, 4, 4), np.zeros(9, np.int32)
    net = net_of([HIDDEN, SCORES, LOSS], tmp_path, "all", data=data, label=label)
    found = answers_of(net, find_judged(net.compiled.spec))
    assert found.worst
    for row in found.worst:
        np.testing.assert_array_equal(row.picture, data[row.row])


def test_a_net_that_judges_nothing_has_no_answers(tmp_path):
    """Neither a loss of one blob nor of two that are computed."""
    other = {**SCORES, "name": "t", "tops": ["t"]}
    loss = {"name": "loss", "type": "SquareLoss", "bottoms": ["s", "t"]}
    net = net_of([HIDDEN, SCORES, other, loss], tmp_path, "all", data=rows(4, 6))
    assert find_judged(net.compiled.spec) is None


@pytest.mark.parametrize(
    ("answer", "label", "labels", "expected"),
    [
        ((4, 3), (4,), [0, 1, 2, 1], ("classes", 1)),
        ((4, 3), (4, 1), [0, 1, 2, 1], ("classes", 1)),
        ((4, 3, 1, 1), (4, 1), [0, 1, 2, 1], ("classes", 1)),
        ((4, 5, 7), (4, 7), [0, 1, 2, 4], ("classes", 1)),
        ((4, 7, 5), (4, 7), [0, 1, 2, 4], ("classes", 2)),
        ((4, 1), (4,), [0, 1, 0, 1], ("numbers", 0)),
        ((4, 2), (4, 2), [0.5, 1, 2, 1], ("numbers", 0)),
        ((4, 3), (4,), [0, 1, 3, 1], None),
        ((4, 3), (4,), [0, 0.5, 1, 1], None),
        ((4, 3), (4, 2), [0, 1], None),
    ],
)
def test_what_is_answered(answer, label, labels, expected):
    """Classes by the shapes and by what the labels are; else numbers, or nothing that is known."""
    assert task_of(answer, label, np.array(labels)) == expected


def test_the_declared_axis_is_tried_first():
    """Where rows are as long as there are classes, the shapes do not tell."""
    labels = np.zeros((4, 6))
    assert task_of((4, 6, 6), (4, 6), labels) == ("classes", 1)
    assert task_of((4, 6, 6), (4, 6), labels, 2) == ("classes", 2)
    assert task_of((4, 6, 6), (4, 6), labels, -1) == ("classes", 2)
    assert task_of((4, 3), (4,), labels[:, 0], 2) == ("classes", 1)


def test_probabilities_stay_and_scores_become_some():
    """A net may end in a softmax or in the scores."""
    given = np.array([[0.25, 0.75], [1.0, 0.0]])
    np.testing.assert_array_equal(probabilities(given), given)
    found = probabilities(np.array([[1000.0, 1000.0], [-5.0, 5.0]], np.float32))
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert found[0].tolist() == [0.5, 0.5]


def test_principal_components_are_those_of_the_covariance():
    """Uncorrelated, the largest variance first, and the same whatever the sign of the solver."""
    features = rows(200, 3) @ np.diag([5.0, 1.0, 0.1]) @ rows(3, 3)[:3]
    found = principal_components(features)
    values = np.sort(np.linalg.eigvalsh(np.cov(features.T)))[::-1]
    covariance = np.cov(found.T)
    np.testing.assert_allclose(covariance.diagonal(), values[:2], rtol=1e-4)
    assert abs(covariance[0, 1]) < 1e-4 * values[0]
    np.testing.assert_allclose(principal_components(features[:, ::-1]), found, atol=1e-3)


def test_of_fewer_columns_than_components():
    """The rest is 0."""
    assert principal_components(np.arange(4.0)[:, None])[:, 1].tolist() == [0, 0, 0, 0]
