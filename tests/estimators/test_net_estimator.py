"""What both estimators share: settings, seeds, weights, early stopping."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest

import graphnet as gn

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 4))
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)


@pytest.fixture(autouse=True)
def _extra():
    pytest.importorskip("sklearn", reason="the estimators need the extra sklearn")


def fitted(cls="Classifier", y=Y, **settings):
    """An estimator trained briefly."""
    return getattr(gn, cls)(**({"max_epoch": 5, "random_state": 0} | settings)).fit(X, y)


@pytest.mark.parametrize("cls", ["Classifier", "Regressor"])
def test_every_check_of_scikit_learn_passes(cls):
    """All that its own ``check_estimator`` asks; those for pandas where that is installed."""
    from sklearn.utils.estimator_checks import check_estimator

    found = check_estimator(getattr(gn, cls)(), on_fail=None, on_skip=None)
    wrong = [r["check_name"] for r in found if r["status"] not in ("passed", "skipped")]
    skipped = {r["check_name"] for r in found if r["status"] == "skipped"}
    assert not wrong
    assert len(found) - len(skipped) >= 55
    assert skipped <= {
        "check_sample_weights_pandas_series",
        "check_array_api_input",
        "check_classifier_data_not_an_array",
        "check_regressor_data_not_an_array",
    }


def test_the_same_seed_gives_the_same_net():
    """Bit for bit, by any number of threads; another seed another net."""
    one = fitted(batch_size=16).predict_proba(X)
    assert (fitted(batch_size=16, threads=2).predict_proba(X) == one).all()
    assert (fitted(batch_size=16, random_state=1).predict_proba(X) != one).any()
    state = np.random.RandomState(3)
    first, second = fitted(random_state=state), fitted(random_state=state)
    assert (first.predict_proba(X) != second.predict_proba(X)).any()


def test_without_a_seed_nothing_global_is_touched(tmp_path, monkeypatch):
    """NumPy's global generator is neither read nor moved, and no file appears."""
    monkeypatch.chdir(tmp_path)
    np.random.seed(1)  # noqa: NPY002  # what must stay as it is
    before = pickle.dumps(np.random.get_state())  # noqa: NPY002
    one, other = (fitted(random_state=None).predict_proba(X) for _ in range(2))
    assert (one != other).any()
    assert pickle.dumps(np.random.get_state()) == before  # noqa: NPY002
    assert not list(tmp_path.iterdir())


def test_early_stopping_keeps_the_best_of_a_held_out_part():
    """It is scored after each epoch."""
    found = fitted(early_stopping=True, max_epoch=60, patience=3, learning_rate=0.01)
    scores = found.validation_scores_
    assert found.best_validation_score_ == max(scores)
    assert found.best_epoch_ == 1 + scores.index(max(scores))
    assert found.n_iter_ == len(scores) == min(60, found.best_epoch_ + 3)


def test_warm_start_goes_on():
    """Without it, fit begins anew."""
    warm, cold = fitted(warm_start=True), fitted()
    losses = [est.fit(X, Y).loss_ for est in (warm, cold)]
    assert losses[1] == fitted().loss_ > losses[0]


def test_precision_is_that_of_the_data():
    """Unless it is stated."""
    assert fitted().predict_proba(X).dtype == np.float64
    single = gn.Classifier(max_epoch=2).fit(X.astype(np.float32), Y)
    assert single.predict_proba(X.astype(np.float32)).dtype == np.float32
    assert fitted(dtype="float32").predict_proba(X).dtype == np.float32


def test_further_keys_of_the_solver():
    """They replace those made of arguments."""
    plain = fitted()
    assert fitted(solver={"lr_policy": {"type": "Fixed", "base_lr": 0.001}}).loss_ == plain.loss_
    assert fitted(solver={"clip_gradients": 1e-3}, method="SGD").loss_ != plain.loss_


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hidden": (0,)}, "'output_dim': expected more than 0"),
        ({"hidden": "20"}, "the units of each hidden layer"),
        ({"activation": "relu"}, "did you mean 'ReLU'"),
        ({"method": "adam"}, "did you mean 'Adam'"),
        ({"solver": {"exp_dir": "runs"}}, "an estimator has no 'exp_dir'"),
        ({"batch_size": 0}, "batch_size: expected a whole number of at least 1, found 0"),
        ({"max_epoch": 0}, "max_epoch"),
        ({"net": "there/is/none.yaml"}, "there is no such file"),
    ],
)
def test_settings_that_are_wrong(settings, said):
    """They are told as mistakes in a YAML are."""
    with pytest.raises(gn.SpecError, match=said):
        fitted(**settings)


@pytest.mark.parametrize(("weights", "said"), [(np.zeros(60), "zero"), (-np.ones(60), "negative")])
def test_weights_that_cannot_be(weights, said):
    """Nothing is trained."""
    with pytest.raises(ValueError, match=said):
        gn.Classifier().fit(X, Y, sample_weight=weights)


def test_without_scikit_learn(monkeypatch):
    """The message names the command that installs it, and is an ImportError."""
    for name in [m for m in sys.modules if m.split(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("net_estimator", "classifier", "regressor"):
        monkeypatch.delitem(sys.modules, f"graphnet.estimators.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(gn.MissingExtraError, match=r"pip install .*\[sklearn\]") as caught:
        gn.Classifier  # noqa: B018
    assert isinstance(caught.value, ImportError)
