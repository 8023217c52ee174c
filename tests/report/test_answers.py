"""What a trained net answers, and which rows it is worst at."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import graphnet as gn
from graphnet.data.record import DataRecord
from graphnet.inference.examination.choosing import examined, examiner_of
from graphnet.report.answers import MOST_WORST, answers_of, principal_components, seen_blobs

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


def answered(net):
    """As ``graphnet report`` asks."""
    spec = net.compiled.spec
    one = examined(spec)
    seen = seen_blobs(spec, one)
    examiner = examiner_of(spec, one, net.blobs[one.answer].shape, DataRecord(), MOST_WORST)
    return answers_of(net, one, examiner, seen), seen


def test_answers_are_those_of_predict(tmp_path):
    """Of every row once, also where the last batch is not full."""
    data, label = rows(10, 6), (np.arange(10) % 3).astype(np.int32)
    net = net_of([HIDDEN, SCORES, LOSS], tmp_path, "all", data=data, label=label)
    found, seen = answered(net)
    assert (seen.feature, seen.picture) == ("h", "data")
    scores = net.predict({"data": data})["s"]
    assert (found.kind, found.n_rows) == ("classes", 10)
    expected = np.zeros((3, 3), int)
    np.add.at(expected, (label, scores.argmax(axis=1)), 1)
    assert found.measures["confusion"] == expected.tolist()
    assert found.features.shape == (10, 5)
    assert found.feature_labels.tolist() == label.tolist()
    assert found.pictures is None
    wrong = np.flatnonzero(scores.argmax(axis=1) != label)
    assert {row.row for row in found.worst} == set(wrong.tolist())
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    for row in found.worst:
        cost = chances[row.row].max() - chances[row.row, label[row.row]]
        assert row.cost == pytest.approx(cost, rel=1e-5)
    costs = [row.cost for row in found.worst]
    assert costs == sorted(costs, reverse=True)


def test_the_worst_are_the_worst_of_all_batches(tmp_path):
    """Numbers: by the root of the mean squared error; their points are kept."""
    data, target = rows(60, 3), rows(60, 2) * np.arange(60)[:, None].astype(np.float32)
    layer = {**SCORES, "bottoms": ["data"], "output_dim": 2}
    loss = {"name": "loss", "type": "SquareLoss", "bottoms": ["s", "target"]}
    net = net_of([layer, loss], tmp_path, "all", data=data, target=target)
    found, seen = answered(net)
    assert seen.feature is None
    assert (found.kind, found.features, found.n_rows) == ("numbers", None, 60)
    given = net.predict({"data": data})["s"]
    errors = np.sqrt(np.square(given.astype(np.float64) - target).mean(axis=1))
    assert [row.row for row in found.worst] == np.argsort(-errors)[:MOST_WORST].tolist()
    np.testing.assert_array_equal(found.points[0], target)
    np.testing.assert_allclose(found.points[1], given, rtol=1e-5)


def test_pictures_come_with_the_worst(tmp_path):
    """As the net saw them; of no other row is one kept."""
    data, label = rows(90, 1, 4, 4), np.zeros(90, np.int32)
    net = net_of([HIDDEN, SCORES, LOSS], tmp_path, "all", data=data, label=label)
    found, _ = answered(net)
    assert len(found.worst) == MOST_WORST
    assert set(found.pictures) == {row.row for row in found.worst}
    for row, picture in found.pictures.items():
        np.testing.assert_array_equal(picture, data[row])


def test_tags(tmp_path):
    """Rows of which no tag is wrong are not among the worst."""
    data, label = rows(12, 6), (rows(12, 3) > 0).astype(np.float32)
    loss = {"name": "loss", "type": "BinaryCrossEntropyLoss", "bottoms": ["s", "label"]}
    layer = {**SCORES, "bottoms": ["data"], "neuron": "Sigmoid"}
    net = net_of([layer, loss], tmp_path, "all", data=data, label=label)
    found, _ = answered(net)
    assert found.kind == "tags"
    wrong = ((net.predict({"data": data})["s"] > 0.5) != (label > 0.5)).any(axis=1)
    assert {row.row for row in found.worst} == set(np.flatnonzero(wrong).tolist())


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
