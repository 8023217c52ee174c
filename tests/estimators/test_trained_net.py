"""TrainedNet: training that goes on, and copies of it."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from graphnet.estimators.declared import perceptron
from graphnet.estimators.trained_net import TrainedNet, TrainingRows
from graphnet.solver.spec import SolverSpec

RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(12, 4)), RNG.integers(0, 3, 12)
ROWS = TrainingRows(X, Y)
SPEC = {"method": "Adam", "lr_policy": {"type": "Fixed", "base_lr": 0.01}}


def trained(*epochs, rows=ROWS, spec=SPEC):
    """A net trained for so many epochs, so many times."""
    net = TrainedNet(perceptron((5,), "ReLU", 3, (4,), of_classes=True), "float64", 1)
    for n in epochs:
        net.train(rows, SolverSpec(**spec, max_epoch=n), 12)
    return net


def test_training_goes_on_as_if_it_had_not_stopped():
    """The method's memory and its count of updates are kept: the same bits."""
    assert (trained(7, 5).outputs(X) == trained(12).outputs(X)).all()
    assert trained(7, 5).iter == 12


def test_history_can_be_forgotten():
    """Then the method begins anew, from the params that are there."""
    net = trained(7)
    net.forget_history()
    net.train(TrainingRows(X, Y), SolverSpec(**SPEC, max_epoch=5), 12)
    assert (net.outputs(X) != trained(12).outputs(X)).any()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])  # noqa: S301  # its own
def test_copies(copied):
    """They predict and train on alike, and apart."""
    net = trained(3)
    other = copied(net)
    assert (other.outputs(X) == net.outputs(X)).all()
    for each in (net, other):
        each.train(TrainingRows(X, Y), SolverSpec(**SPEC, max_epoch=4), 12)
    assert (other.outputs(X) == net.outputs(X)).all()


def test_weights_are_repetitions():
    """A row of weight 2 counts as two rows."""
    weights = np.array([2.0, 1, 1, 3, 1, 1, 1, 2, 1, 1, 1, 1])
    weighed = trained(20, rows=TrainingRows(X, Y, weights / weights.mean()))
    times = weights.astype(int)
    repeated = TrainedNet(weighed.net, "float64", 1)
    rows = TrainingRows(X.repeat(times, axis=0), Y.repeat(times))
    repeated.train(rows, SolverSpec(**SPEC, max_epoch=20), len(rows.x))
    np.testing.assert_allclose(weighed.outputs(X), repeated.outputs(X), rtol=1e-9)


def test_the_data_are_not_kept():
    """Neither for predictions nor in a pickle."""
    rows = TrainingRows(RNG.normal(size=(5000, 4)), RNG.integers(0, 3, 5000))
    net = trained(1, rows=rows)
    net.outputs(X)
    assert len(pickle.dumps(net)) < 50_000


def test_numbers_of_outputs():
    """Known before any training."""
    assert trained().n_outputs() == 3
