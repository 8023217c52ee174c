"""The data layers of new nets: batches, ranges, order."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from support.made_data import made_rows, write_h5

from graphnet.starters.layers_of_data import InputRange, data_layers, sequence_layers
from graphnet.starters.seen import see_data


def layers(tmp_path, rows, **options):
    """The layers of a file with these columns, as YAML has them."""
    seen = see_data(str(write_h5(tmp_path / "x.h5", **rows)))
    first = next(iter(rows))
    found = InputRange(seen, seen.columns[first])
    made = data_layers(tmp_path, seen, list(rows), found, **options)
    return made, yaml.safe_load(made.text)


@pytest.mark.parametrize(
    ("values", "scale", "is_bounded"),
    [
        (np.array([0, 255], "u1"), 1 / 255, True),
        (np.array([0, 100], "u1"), 1 / 255, True),
        (np.array([0, 1], "u1"), None, True),
        (np.array([0, 4095], "u2"), 1 / 4095, True),
        (np.array([-100, 100], "i2"), 1 / 100, False),
        (np.array([0, 255], "f4"), 1 / 255, True),
        (np.array([-200, 200], "f4"), 1 / 200, False),
        (np.array([0, 1], "f4"), None, True),
    ],
)
def test_pictures_are_scaled(values, scale, is_bounded, tmp_path):
    """By their type and largest value, not by those of a batch."""
    pictures = np.tile(values.reshape(2, 1, 1, 1), (20, 1, 4, 4))
    seen = see_data(str(write_h5(tmp_path / "x.h5", data=pictures)))
    assert InputRange(seen, seen.columns["data"]).is_bounded == is_bounded
    _, (train, test) = layers(tmp_path, {"data": pictures})
    expected = {} if scale is None else {"data": [{"type": "Scale", "scale": pytest.approx(scale)}]}
    assert train.get("transformers", {}) == test.get("transformers", {}) == expected


def test_unlike_features_are_made_alike(tmp_path):
    """By a layer that learns nothing."""
    made, found = layers(tmp_path, {"data": made_rows("numbers")["data"]})
    assert made.input == "standard"
    assert (found[2]["type"], found[2]["affine"]) == ("BatchNorm", False)


@pytest.mark.parametrize(("n", "batch"), [(5, 4), (60, 8), (150, 16), (300, 32), (100_000, 64)])
def test_batches(n, batch, tmp_path):
    """Smaller for fewer rows, and never more than there are."""
    rows = {"data": np.zeros((n, 2), "f4"), "more": np.zeros((n, 3), "f4")}
    made, (train, test) = layers(tmp_path, rows)
    n_test = n - int(n * 0.8)
    assert made.batch == train["batch_size"] == min(batch, n_test)
    assert test["batch_size"] <= n_test
    assert (train["shuffle"], test.get("shuffle")) == (True, None)


def test_sequences_that_go_on_keep_their_order(tmp_path):
    """In batches of as many rows as begin one."""
    rows = made_rows("symbols", 30)
    for n_begin in (5, 30):
        rows["cont"][n_begin:, 0] = 1
        rows["cont"][:n_begin, 0] = 0
        seen = see_data(str(write_h5(tmp_path / "x.h5", **rows)))
        made = sequence_layers(tmp_path, seen, list(rows))
        train, _ = yaml.safe_load(made.text)
        assert train.get("shuffle", False) == (n_begin == 30)
        assert n_begin == 30 or made.batch == train["batch_size"] == 5
