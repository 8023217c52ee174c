"""Regressor: one number for a row, or several."""

from __future__ import annotations

import numpy as np
import pytest

import graphnet as gn

RNG = np.random.default_rng(9)
X = RNG.normal(size=(100, 5))


@pytest.fixture(autouse=True)
def _extra():
    pytest.importorskip("sklearn", reason="the estimators need the extra sklearn")


def test_a_line_is_found():
    """By no hidden layer at all."""
    slope = np.array([1, -2, 0.5, 0, 3])
    found = gn.Regressor(hidden=(), learning_rate=0.05, regu_coef=0, random_state=0)
    found.fit(X, X @ slope + 1)
    np.testing.assert_allclose(found.predict(np.eye(5)), slope + 1, atol=1e-3)


def test_several_numbers():
    """In the columns that y has."""
    y = np.c_[X[:, 0], X[:, 1] * 2]
    found = gn.Regressor(random_state=0, max_epoch=100).fit(X, y)
    assert found.predict(X).shape == (100, 2)
    assert found.score(X, y) > 0.9
    with pytest.raises(ValueError, match="y has 3 columns, and had 2 before"):
        found.partial_fit(X, RNG.normal(size=(100, 3)))


def test_it_does_as_well_as_scikit_learn():
    """On rows held out, beside MLPRegressor with the same sizes and epochs."""
    from sklearn.datasets import load_diabetes
    from sklearn.neural_network import MLPRegressor

    x, y = load_diabetes(return_X_y=True, scaled=False)
    x, y = (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()
    ours = gn.Regressor((20,), random_state=0, max_epoch=60)
    other = MLPRegressor(hidden_layer_sizes=(20,), random_state=0, max_iter=60, n_iter_no_change=60)
    with pytest.warns(Warning, match="reached"):
        other.fit(x[:300], y[:300])
    score = ours.fit(x[:300], y[:300]).score(x[300:], y[300:])
    assert score > other.score(x[300:], y[300:]) - 0.1
    assert score > 0.3


def test_sample_weights():
    """A row that counts a hundredfold is met."""
    y = RNG.normal(size=100)
    weights = np.where(np.arange(100) == 7, 100.0, 0.01)
    found = gn.Regressor(random_state=0, learning_rate=0.01).fit(X, y, sample_weight=weights)
    assert abs(found.predict(X[7:8])[0] - y[7]) < 0.05


def test_a_net_of_ones_own():
    """Its output is what is predicted."""
    net = [
        gn.layers.InnerProduct(name="out", output_dim=1, bottoms=["in"], tops=["out"]),
        gn.layers.SquareLoss(name="loss", bottoms=["out", "y"]),
    ]
    found = gn.Regressor(net=net, random_state=0, learning_rate=0.05).fit(X, X[:, 2])
    assert found.score(X, X[:, 2]) > 0.95


def test_early_stopping_scores_by_r2():
    """Larger is better."""
    found = gn.Regressor(early_stopping=True, random_state=0, max_epoch=30).fit(X, X[:, 0])
    assert found.best_validation_score_ <= 1
    assert found.n_iter_ == len(found.validation_scores_)
