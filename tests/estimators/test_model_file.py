"""Estimators in files, without pickle and with it."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import graphnet as gn

RNG = np.random.default_rng(11)
X = RNG.normal(size=(40, 4))
CLASSES = {
    "words": np.array(["cat", "dog", "eel"]),
    "objects": np.array(["cat", "dog", "eel"], dtype=object),
    "numbers": np.array([-1, 5, 7]),
    "floats": np.array([0.5, 1.5, 2.5]),
}


@pytest.fixture(autouse=True)
def _extra():
    pytest.importorskip("sklearn", reason="the estimators need the extra sklearn")


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("way", ["file", "pickle"])
def test_a_classifier_comes_back(kind, way, tmp_path):
    """It predicts the same bits, and goes on the same."""
    y = CLASSES[kind][np.arange(40) % 3]
    if kind == "floats":
        y = np.arange(40) % 2 + 0.0
    found = gn.Classifier(hidden=(6,), random_state=0, max_epoch=3).fit(X, y)
    if way == "file":
        found.save(tmp_path / "model.gn")
        other = gn.Classifier.load(tmp_path / "model.gn")
    else:
        other = pickle.loads(pickle.dumps(found))  # noqa: S301  # its own
    assert (other.predict(X) == found.predict(X)).all()
    assert other.classes_.dtype == found.classes_.dtype
    assert other.get_params() | {"random_state": 0} == found.get_params()
    assert (
        other.partial_fit(X, y).predict_proba(X) == found.partial_fit(X, y).predict_proba(X)
    ).all()


def test_a_regressor_with_a_net_of_ones_own(tmp_path):
    """Its net is in the file."""
    net = [
        gn.layers.InnerProduct(name="out", output_dim=2, bottoms=["in"], tops=["out"]),
        gn.layers.SquareLoss(name="loss", bottoms=["out", "y"]),
    ]
    found = gn.Regressor(net=net, random_state=0, max_epoch=3).fit(X, X[:, :2])
    found.save(tmp_path / "model.gn")
    other = gn.Regressor.load(tmp_path / "model.gn")
    assert (other.predict(X) == found.predict(X)).all()
    assert (other.fit(X, X[:, :2]).predict(X).shape) == (40, 2)


def test_the_file_is_a_model_of_graphnets(tmp_path):
    """A net of the same layers takes its params."""
    found = gn.Classifier(hidden=(6,), random_state=0, max_epoch=3).fit(X, np.arange(40) % 2)
    found.save(tmp_path / "model.gn")
    layers = [
        gn.layers.Input(name="in", batch_size=1, shapes={"data": [4]}, tops=["data"]),
        gn.layers.InnerProduct(
            name="ip1", output_dim=6, neuron="ReLU", bottoms=["data"], tops=["ip1"]
        ),
        gn.layers.InnerProduct(name="ip2", output_dim=2, bottoms=["ip1"], tops=["ip2"]),
        gn.layers.Softmax(name="prob", bottoms=["ip2"], tops=["prob"]),
    ]
    net = gn.load_net(layers, "test", dtype="float64")
    assert gn.load_weights(net, tmp_path / "model.gn").is_complete
    assert (net.predict(X)["prob"] == found.predict_proba(X)).all()


def test_what_is_no_estimator(tmp_path):
    """Models without one, estimators of the other kind, settings that have no form in a file."""
    found = gn.Classifier(hidden=(6,), random_state=0, max_epoch=3).fit(X, np.arange(40) % 2)
    found.save(tmp_path / "model.gn")
    with pytest.raises(gn.SnapshotError, match="expected a Regressor, found Classifier"):
        gn.Regressor.load(tmp_path / "model.gn")
    net = gn.load_net([gn.layers.Input(name="i", batch_size=1, shapes={"x": [1]}, tops=["x"])])
    gn.save_model(net, tmp_path / "plain.h5")
    with pytest.raises(gn.SnapshotError, match="found a model without an estimator"):
        gn.Classifier.load(tmp_path / "plain.h5")
    found.method = gn.methods.Adam()
    with pytest.raises(gn.SpecError, match=r"method: .* cannot be saved"):
        found.save(tmp_path / "other.gn")
    assert not (tmp_path / "other.gn").exists()


def test_no_other_file_is_replaced(tmp_path):
    """A text of that name stays."""
    (tmp_path / "notes.txt").write_text("mine")
    found = gn.Classifier(hidden=(6,), max_epoch=1).fit(X, np.arange(40) % 2)
    with pytest.raises(gn.SnapshotError, match="is not a model"):
        found.save(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "mine"
