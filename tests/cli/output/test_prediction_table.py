"""Predictions as lines, as they come; commands are in test_predict.py."""

from __future__ import annotations

import re

import numpy as np
import pytest

from graphnet.cli.output.prediction_table import PredictionTable
from graphnet.inference.answer import Answer
from graphnet.inference.predictions import Predicted
from graphnet.inference.rows.block import Place

ANSWER = Answer("p", "classes", None, ("cat", "a very long name", "dog"))
VALUES = np.array([[0.25, 0.5, 0.25], [1, 0, 0]], "f4")


def predicted(first=0, file="f.csv", values=VALUES):
    return Predicted(first, [Place(file, file)] * len(values), {"p": values})


@pytest.fixture
def lines(capsys, monkeypatch):
    """What is printed of some rows, on a terminal of a width or elsewhere."""

    def print_rows(answer, k, files=(), width=None, some=None, shape=(3,)):
        monkeypatch.setenv("COLUMNS", str(width))
        there = "graphnet.cli.output.prediction_table.on_terminal"
        monkeypatch.setattr(there, lambda: width is not None)
        table = PredictionTable({"p": shape}, answer, k, files)
        for one in some or [predicted()]:
            table.write(one)
        return capsys.readouterr().out.splitlines()

    return print_rows


def test_headings_come_once(lines):
    """Columns stand below each other."""
    found = lines(ANSWER, 1, some=[predicted(), predicted(2)])
    assert found == [
        "   row  class                  p",
        "     0  a very long name  0.5000",
        "     1  cat               1.0000",
        "     2  a very long name  0.5000",
        "     3  cat               1.0000",
    ]


def test_several_classes_and_files(lines):
    """As many pairs as asked for; of a long path its end."""
    found = lines(ANSWER, 3, ["f.csv", "g.csv"])
    cells = ["0", "f.csv", "a very long name", "0.5000", "cat", "0.2500", "dog", "0.2500"]
    assert re.split(r"\s\s+", found[1].strip()) == cells
    path = "folder/" * 12 + "f.csv"
    found = lines(ANSWER, 3, [path], width=60, some=[predicted(file=path)])
    assert max(map(len, found)) <= 60
    assert "…" in found[1]
    assert "f.csv" in found[1]
    assert lines(ANSWER, 1, [path], some=[predicted(file=path)])[1].split()[1] == path


def test_numbers(lines):
    """All, or as many as there is room for."""
    values = np.arange(40.0).reshape(2, 20) / 7
    some = [predicted(values=values)]
    whole = lines(None, 1, some=some, shape=(20,))
    assert whole[0].split() == ["row", *(f"p[{i}]" for i in range(20))]
    assert whole[2].split()[1] == "2.85714"
    cut = lines(None, 1, width=60, some=some, shape=(20,))
    assert max(map(len, cut)) <= 60
    assert all(line.endswith("…") for line in cut)
    assert lines(None, 1, some=[predicted(values=values[:, :1])], shape=(1,))[0].split()[1] == "p"
