"""Predictions as text."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from graphnet.inference.answer import Answer
from graphnet.inference.predictions import Predicted
from graphnet.inference.rows.block import Place
from graphnet.inference.sinks.texts import CsvAnswers, JsonLines, TextSink, csv_text

NAMES = ('a "quoted", name', "b\nc", "d")
VALUES = np.array([[0.1, 0.7, 0.2], [1 / 3, 1 / 3, 1 / 3]], "f4")
PLACES = [Place("f.csv", "f.csv:2"), Place("g é.csv", "g é.csv:3")]
PREDICTED = Predicted(10, PLACES, {"p": VALUES})


def test_a_line_of_json_for_each_row():
    """No more digits than the numbers have, and the names as they are."""
    found = [
        json.loads(line)
        for line in JsonLines(Answer("p", "classes", None, NAMES), 2).lines(PREDICTED)
    ]
    assert found[0] == {
        "row": 10,
        "file": "f.csv",
        "p": [0.1, 0.7, 0.2],
        "top": [["b\nc", 0.7], ["d", 0.2]],
    }
    assert found[1]["file"] == "g é.csv"
    assert found[1]["p"] == [0.33333334] * 3


def test_scores_are_made_probabilities():
    """Beside the scores."""
    (line, _) = JsonLines(Answer("p", "classes", "softmax"), 1).lines(PREDICTED)
    found = json.loads(line)
    assert sum(found["prob"]) == pytest.approx(1, abs=1e-6)
    assert found["p"] == [0.1, 0.7, 0.2]
    assert found["top"] == [["1", found["prob"][1]]]


def test_what_is_no_number_is_null():
    """JSON has no NaN."""
    values = np.array([[np.nan, np.inf, 0.5], [1, 2, 3]])
    first, second = JsonLines(Answer("p", "classes"), 1).lines(Predicted(0, PLACES, {"p": values}))
    assert json.loads(first)["p"] == [None, None, 0.5]
    assert json.loads(first)["top"] == [["0", None]]
    assert json.loads(second)["p"] == [1, 2, 3]
    assert "NaN" not in first


def test_any_outputs_without_an_answer():
    """As nested lists, or a cell for each number."""
    outputs = {"a": np.zeros((2, 2, 2)), "b": np.array([1.5, 2.5])}
    predicted = Predicted(0, PLACES, outputs)
    found = json.loads(JsonLines(None, 1).lines(predicted)[1])
    assert (found["a"], found["b"]) == ([[0, 0], [0, 0]], 2.5)
    table = CsvAnswers({"a": (2, 2), "b": ()}, None, 1)
    assert table.headings() == ["row", "file", "a[0,0]", "a[0,1]", "a[1,0]", "a[1,1]", "b"]
    assert table.rows(predicted)[0] == ["0", "f.csv", "0.0", "0.0", "0.0", "0.0", "1.5"]


def test_tables_are_read_back():
    """Quotes, commas and new lines in names; numbers to the last bit."""
    table = CsvAnswers({"p": (3,)}, Answer("p", "classes", None, NAMES), 9)
    text = csv_text([table.headings(), *table.rows(PREDICTED)], ";")
    headings, *rows = csv.reader(io.StringIO(text), delimiter=";")
    assert headings[2:8] == ["class1", "p1", "class2", "p2", "class3", "p3"]
    assert headings[8:] == [f"p[{name}]" for name in NAMES]
    assert rows[0][:3] == ["10", "f.csv", "b\nc"]
    np.testing.assert_array_equal(np.array([row[8:] for row in rows], "f4"), VALUES)
    one = CsvAnswers({"p": (3,)}, Answer("p", "classes", "softmax"), 1)
    assert one.headings()[2:] == [
        *("class", "p", "p[0]", "p[1]", "p[2]", "prob[0]", "prob[1]", "prob[2]"),
    ]


def test_a_text_is_written_whole_or_not_at_all(tmp_path):
    """What was there before stays if the block raises."""
    path = tmp_path / "t.txt"
    with TextSink(path, "begin\n", lambda p: f"{p.first} é\n") as sink:
        sink.write(PREDICTED)
        sink.write(PREDICTED)
    assert path.read_text("utf-8") == "begin\n10 é\n10 é\n"
    with pytest.raises(AttributeError, match="first"), TextSink(path, "", str) as sink:
        sink.write([PREDICTED, sink.write(PREDICTED)][1].first)
    assert path.read_text("utf-8").startswith("begin")
    assert len(list(tmp_path.iterdir())) == 1
