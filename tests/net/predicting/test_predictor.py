"""Predictor: the net that runs what is fed, for one kind of rows."""

from __future__ import annotations

import numpy as np
import pytest

import graphnet as gn
from graphnet.errors import ShapeError
from graphnet.net.predicting.predictor import Predictor

LAYERS = [
    {"name": "in", "type": "Input", "batch_size": 2, "shapes": {"x": [3, 4]}, "tops": ["x"]},
    {"name": "part", "type": "PartSamples", "bottoms": ["x"], "tops": ["y"]},
    {"name": "t", "type": "Tanh", "bottoms": ["y"], "tops": ["t"]},
]
ROWS = np.random.default_rng(0).standard_normal((5, 3, 4)).astype("f4")


def net():
    """A net that makes three rows of each that is fed."""
    return gn.load_net({"name": "n", "layers": LAYERS}, "test")


def test_rows_that_are_no_samples():
    """They are told apart from those that are, for whoever writes a row for each sample."""
    Predictor(net(), 2, ["x"]).check_a_row_each()
    with pytest.raises(ShapeError, match="the blob 't' has 6 rows for a batch of 2"):
        Predictor(net(), 2, ["x", "t"]).check_a_row_each()


@pytest.mark.parametrize("n_rows", [0, 1, 2, 5])
def test_any_number_of_rows(n_rows):
    """Fewer than a pass, as many, several passes of which the last is not full, and none."""
    found = Predictor(net(), 2, ["t"]).run({"x": ROWS[:n_rows]}, n_rows)
    assert found["t"].dtype == np.float32
    np.testing.assert_allclose(found["t"], np.tanh(ROWS[:n_rows]).reshape(-1, 4), rtol=1e-6)


def test_what_comes_out_is_the_users():
    """The next pass does not write over it, nor does who has it write over the net's memory."""
    predictor = Predictor(net(), 2, ["t"])
    first = predictor.run({"x": ROWS[:2]}, 2)["t"]
    kept = first.copy()
    predictor.run({"x": ROWS[2:4]}, 2)
    np.testing.assert_array_equal(first, kept)
    assert first.flags.owndata


def test_the_net_stands_where_it_stood():
    """Its context is that of before, and the memory is said to hold nothing asked for."""
    one = net()
    one.context.first_sample, one.context.n_valid = 7, 1
    Predictor(one, 2, ["t"]).run({"x": ROWS}, 5)
    assert (one.context.first_sample, one.context.n_valid) == (7, 1)


def test_a_kind_of_rows_has_one_predictor():
    """Names, shapes, rows of a pass and what is wanted make a kind; values and types do not."""
    whole = net()
    for rows in (ROWS[:2], ROWS[2:4], ROWS[:2].astype("f8"), ROWS[:2].tolist()):
        whole.predict({"x": rows})
    assert len(list(whole._predictors)) == 1
    whole.predict({"x": ROWS[:3]})
    whole.predict({"x": ROWS[:3]}, outputs=["y"])
    assert len(list(whole._predictors)) == 3
