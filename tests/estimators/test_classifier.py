"""Classifier: classes, probabilities, nets of one's own, scikit-learn's tools around it."""

from __future__ import annotations

import numpy as np
import pytest

import graphnet as gn

RNG = np.random.default_rng(7)


@pytest.fixture(autouse=True)
def _extra():
    pytest.importorskip("sklearn", reason="the estimators need the extra sklearn")


@pytest.fixture(name="iris")
def _iris():
    from sklearn.datasets import load_iris

    data = load_iris()
    return data.data, data.target_names[data.target]


def test_hidden_sizes_and_arrays_are_all_it_needs():
    """150 rows of 80 numbers."""
    x, y = RNG.normal(size=(150, 80)), RNG.integers(0, 3, 150)
    found = gn.Classifier(hidden=(20,), random_state=0).fit(x, y)
    assert found.score(x, y) > 0.95
    np.testing.assert_allclose(found.predict_proba(x).sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(found.predict_log_proba(x)), found.predict_proba(x))


def test_classes_may_be_words(iris):
    """They come back sorted."""
    found = gn.Classifier(random_state=0, learning_rate=0.01, max_epoch=60).fit(*iris)
    assert found.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert found.score(*iris) > 0.95


@pytest.mark.parametrize("hidden", [(10,), (20, 20)])
def test_it_does_as_well_as_scikit_learn(hidden):
    """On digits held out, beside MLPClassifier with the same sizes and epochs."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier

    x, y = load_digits(return_X_y=True)
    parts = train_test_split(x / 16, y, random_state=0)
    ours = gn.Classifier(hidden, random_state=0, max_epoch=60, learning_rate=0.005)
    other = MLPClassifier(
        hidden, random_state=0, max_iter=60, learning_rate_init=0.005, n_iter_no_change=60
    )
    with pytest.warns(Warning, match="reached"):
        other.fit(parts[0], parts[2])
    score = ours.fit(parts[0], parts[2]).score(parts[1], parts[3])
    assert score > other.score(parts[1], parts[3]) - 0.02
    assert score > 0.9


def test_a_net_of_ones_own(iris):
    """Its file; its data layers are not needed, and nothing of them is read."""
    found = gn.Classifier(net="nets/iris.yaml", random_state=0, learning_rate=0.01).fit(*iris)
    assert found.score(*iris) > 0.95


CONV = [
    {"name": "c", "type": "Convolution", "n_filter": 4, "kernel": 3, "bottoms": ["x"],
     "tops": ["c"]},
    {"name": "ip", "type": "InnerProduct", "output_dim": 3, "bottoms": ["c"], "tops": ["ip"]},
    {"name": "loss", "type": "SoftmaxLoss", "bottoms": ["ip", "y"]},
]  # fmt: skip


def test_pictures_as_they_are_or_flat():
    """Flat rows are seen in the shape that is stated."""
    x, y = RNG.normal(size=(30, 1, 5, 5)), RNG.integers(0, 3, 30)
    made = gn.Classifier(net=CONV, random_state=0, max_epoch=3)
    flat = gn.Classifier(net=CONV, random_state=0, max_epoch=3, input_shape=(1, 5, 5))
    one, other = made.fit(x, y).predict_proba(x), flat.fit(x.reshape(30, -1), y)
    assert (other.predict_proba(x.reshape(30, -1)) == one).all()


def test_a_net_with_other_outputs_than_classes():
    """Both numbers are told."""
    with pytest.raises(gn.SpecError, match=r"gives 3 numbers for a row \('prob'\), but y needs 4"):
        gn.Classifier(net=CONV).fit(RNG.normal(size=(8, 1, 5, 5)), [0, 1, 2, 3] * 2)


def test_sample_weights_change_what_is_learned():
    """TrainingRows of one class that count for nothing."""
    x, y = RNG.normal(size=(40, 3)), np.arange(40) % 2
    found = gn.Classifier(random_state=0).fit(x, y, sample_weight=y)
    assert (found.predict(x) == 1).all()


def test_partial_fit_learns_from_part_after_part(iris):
    """As many times as there are parts; classes it has not met must be announced."""
    x, y = iris
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    found = gn.Classifier(random_state=0, batch_size=16, learning_rate=0.01)
    for _ in range(20):
        for part in (slice(0, 75), slice(75, 150)):
            found.partial_fit(x[part], y[part], classes=np.unique(y))
    assert found.score(x, y) > 0.9
    with pytest.raises(ValueError, match="classes that were not there"):
        found.partial_fit(x[:1], ["rosa"])
    with pytest.raises(ValueError, match="not among classes"):
        gn.Classifier().partial_fit(x[:4], ["a", "b", "a", "b"], classes=["a", "c"])


def test_in_a_pipeline_under_a_grid_search(iris):
    """Settings are found by name, in other processes too."""
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipe = make_pipeline(StandardScaler(), gn.Classifier(random_state=0, max_epoch=20))
    grid = {"classifier__learning_rate": [1e-5, 0.02]}
    found = GridSearchCV(pipe, grid, cv=3, n_jobs=2).fit(*iris)
    assert found.best_params_ == {"classifier__learning_rate": 0.02}
    assert found.best_score_ > 0.9


def test_clone_is_unfitted_and_alike():
    """And keeps a net given as layers."""
    from sklearn.base import clone

    copied = clone(gn.Classifier(net=CONV, max_epoch=2))
    assert copied.get_params()["max_epoch"] == 2
    assert not hasattr(copied, "classes_")
    copied.fit(RNG.normal(size=(9, 1, 5, 5)), [0, 1, 2] * 3)
