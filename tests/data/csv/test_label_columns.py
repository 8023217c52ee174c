"""Labels and weights of rows; more is in test_table.py, by way of whole tables."""

from pathlib import Path

import numpy as np

from graphnet.data.csv.column_roles import ChosenColumns
from graphnet.data.csv.label_columns import LabelColumns

CHOSEN = ChosenColumns(("x", "kind", "w"), (1,), (0,), may_be_index=False, weight=2)


def test_rows_without():
    """They are left out where the user says so, whichever is missing."""
    labels = LabelColumns(Path("f"), CHOSEN, may_drop=True)
    rows = [["1", "a", "1"], ["1", "", "1"], ["1", "b", "NA"], ["", "b", "2"]]
    assert [labels.add(row, line) for line, row in enumerate(rows)] == [True, False, False, True]
    values, classes = labels.values()
    assert (values.tolist(), classes) == ([0, 1], ["a", "b"])
    assert labels.weights.tolist() == [1, 2]
    assert labels.sources()[0].model_dump() == {"heading": "kind", "place": 1, "words": ("a", "b")}
    assert list(labels.texts(0)) == ["a", "b"]


def test_none():
    """There need be neither."""
    labels = LabelColumns(
        Path("f"), ChosenColumns(("x",), (), (0,), may_be_index=False), may_drop=False
    )
    assert labels.add(["1"], 1)
    assert (labels.values()[0].size, labels.weights.size, labels.sources()) == (0, 0, ())
    assert isinstance(labels.weights, np.ndarray)
