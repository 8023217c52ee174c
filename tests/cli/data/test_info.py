"""``graphnet data info``: the table, the classes, the problems, the JSON."""

from __future__ import annotations

import json

import h5py
import numpy as np


def test_a_file(run):
    """A line for each data set, the classes, and nothing to complain of."""
    found = run("data info train.h5")
    assert (found.code, found.err) == (0, "")
    assert found.lines[0].split() == [
        *("data", "set", "shape", "type", "stored", "min", "max", "mean", "std")
    ]
    assert found.lines[1].split()[:4] == ["data", "10×3", "float32", "contiguous"]
    assert found.lines[2].split() == [
        *("label", "10", "int64", "contiguous", "0", "2", "0.9", "0.8307")
    ]
    assert found.lines[3:] == ["", "3 classes in 'label'", "  0  4", "  1  3", "  2  3"]


def test_problems(folder, run):
    """They are marked; the command has done what it should."""
    with h5py.File(folder / "bad.h5", "w") as file:
        file["data"] = [[np.nan, 1.0], [2.0, 1.0]]
        file["label"] = np.arange(30)
    found = run("data info bad.h5")
    assert found.code == 0
    assert "  and 10 more: --json lists all" in found.lines
    assert found.lines[-3:] == [
        "! the data sets have unequal numbers of rows: 'data' 2, 'label' 30",
        "! 'data' has 1 values that are NaN",
        "! 'data' has 1 of 2 features that never change",
    ]


def test_json(folder, run):
    """The same to be read by programs; what is no number is null."""
    with h5py.File(folder / "bad.h5", "w") as file:
        file["data"] = [np.nan, np.nan]
    found = json.loads(run("data info bad.h5 --json").out)
    (one,) = found["sets"]
    assert (one["name"], one["shape"], one["dtype"], one["mean"]) == ("data", [2], "float64", None)
    assert found["problems"] == ["'data' has 2 values that are NaN"]
    found = json.loads(run("data info dataset:iris/test --json").out)
    assert found["sets"][1]["classes"] == {"0": 10, "1": 10, "2": 10}


def test_no_such_file(run):
    """An error as any other."""
    found = run("data info nope.h5")
    assert (found.code, found.out) == (1, "")
    assert found.err.startswith("cannot read nope.h5")


def test_class_names(folder, run):
    """What was packed with names shows them; what cannot be printed is escaped."""
    (folder / "a.csv").write_text('x,label\n1,dog\n2,"two\nlines"\n3,dog\n', "utf-8")
    assert run("data pack a.csv --to out").code == 0
    found = run("data info out/train.h5")
    assert found.lines[-2:] == ["  0 dog         2", "  1 two\\nlines  1"]
    assert json.loads(run("data info out/train.h5 --json").out)["class_names"] == [
        "dog",
        "two\nlines",
    ]
