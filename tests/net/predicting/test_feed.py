"""Rows as they are stored become what a blob holds."""

from __future__ import annotations

import numpy as np
import pytest

import graphnet as gn
from graphnet.net.predicting.feed import Feed, feeders
from graphnet.net.spec import read_net

LAYERS = [
    {"name": "other", "type": "MemoryData", "phase": "train", "batch_size": 2, "tops": ["x"]},
    {
        "name": "data",
        "type": "MemoryData",
        "phase": "test",
        "batch_size": 2,
        "tops": ["x", "y"],
        "transformers": {"x": [{"type": "Scale", "scale": 0.5}, {"type": "Pad", "pad": [1, 0]}]},
    },
]
F4 = np.dtype("f4")


@pytest.fixture
def nodes():
    return feeders(read_net({"layers": LAYERS}))


def place(row):
    return f"here, row {row}"


def test_the_data_layers_of_the_test_phase_feed(nodes):
    """By the blobs they give."""
    assert {blob: node.name for blob, node in nodes.items()} == {"x": "data", "y": "data"}


def test_rows_are_transformed(nodes):
    """Of any type, in batches that need not be full; nothing of one is left in the next."""
    feed = Feed("x", nodes["x"], F4)
    assert feed.out_shape((1, 2, 2)) == (1, 4, 2)
    rows = np.arange(12, dtype=np.uint8).reshape(3, 1, 2, 2)
    first = feed(rows, 0, 4, place)
    second = feed(rows[:1] + 1, 3, 4, place)
    padded = np.pad(rows.astype("f4") / 2, ((0, 0), (0, 0), (1, 1), (0, 0)))
    np.testing.assert_array_equal(first, padded)
    assert first.dtype == F4
    np.testing.assert_array_equal(second[0, 0, 1:3], (rows[0, 0] + 1) / 2)


def test_raw_rows_are_left_as_they_are(nodes):
    """But for the precision."""
    rows = np.ones((2, 1, 2, 2))
    np.testing.assert_array_equal(Feed("x", nodes["x"], F4, raw=True)(rows, 0, 2, place), rows)
    np.testing.assert_array_equal(Feed("z", None, F4)(rows, 0, 2, place), rows)


def test_a_bad_value_is_told_with_its_place(nodes):
    """The row among all that were fed."""
    rows = np.ones((2, 1, 2, 2))
    rows[1, 0, 1, 1] = np.nan
    with pytest.raises(gn.DataError, match=r"layer 'data' \(MemoryData\): here, row 8: .*'x'"):
        Feed("x", nodes["x"], F4)(rows, 7, 4, place)


def test_recorded_means_take_the_place_of_files():
    """So that the file is not needed."""
    sub = {"type": "SubMean", "mean_file": "none.h5"}
    node = feeders(read_net({"layers": [LAYERS[1] | {"transformers": {"x": [sub]}}]}))["x"]
    feed = Feed("x", node, F4, {"data/x/0": np.array([1.0, 2.0])})
    np.testing.assert_array_equal(feed(np.ones((1, 2)), 0, 1, place), [[0, -1]])
