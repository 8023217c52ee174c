"""What is found of data: files, columns, and what is wrong with them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from support.made_data import made_rows, write_h5

from graphnet.errors import DataError
from graphnet.starters.seen import see_data, source_text


def test_a_named_set():
    """By its name, with or without a split."""
    for name in ("dataset:iris", "dataset:iris/train"):
        seen = see_data(name)
        assert seen.sources == ("dataset:iris/train", "dataset:iris/test")
        assert seen.n_rows == (120, 30)
        assert not seen.rows(0)


def test_a_folder_or_its_training_file(tmp_path):
    """The test rows are in the file beside."""
    write_h5(tmp_path / "train.h5", **made_rows("classes", 80))
    write_h5(tmp_path / "test.h5", **made_rows("classes", 20))
    for given in (tmp_path, tmp_path / "train.h5"):
        seen = see_data(str(given))
        assert seen.sources == (str(tmp_path / "train.h5"), str(tmp_path / "test.h5"))
        assert seen.n_rows == (80, 20)


def test_one_file_is_cut_in_two(tmp_path):
    """The last fifth of its rows is for testing."""
    seen = see_data(str(write_h5(tmp_path / "all.h5", **made_rows("classes", 81))))
    assert seen.n_rows == (64, 17)
    assert (seen.rows(0), seen.rows(1)) == (":80%", "80%:")


def test_one_file_in_the_order_of_its_classes(tmp_path):
    """Is no good: the net would be tested with what it has never seen."""
    rows = made_rows("classes")
    file = write_h5(tmp_path / "all.h5", data=rows["data"], label=np.sort(rows["label"]))
    with pytest.raises(DataError, match=r"no rows of their own for testing.*\n  hold some out"):
        see_data(str(file))


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("data label", ("data", "label")),
        ("x y", ("x", "y")),
        ("inputs targets", ("inputs", "targets")),
        ("data price", ("data", "price")),
        ("data label index", ("data", "label")),
        ("only", ("only", None)),
    ],
)
def test_which_is_read_and_which_is_learned(names, found, tmp_path):
    """By their names, as long as there is no doubt."""
    values = made_rows("numbers")["label"]
    seen = see_data(str(write_h5(tmp_path / "x.h5", **dict.fromkeys(names.split(), values))))
    read, learned = seen.input_and_label()
    assert (read.name, learned and learned.name) == found


def test_columns_that_could_be_anything(tmp_path):
    """Are named, with what to do."""
    values = np.arange(10.0)
    seen = see_data(str(write_h5(tmp_path / "x.h5", a=values, b=values)))
    with pytest.raises(DataError, match="it has: a, b\n  call them 'data' and 'label'"):
        seen.input_and_label()


def test_unlike_features(tmp_path):
    """A thousand times larger, or far from 0."""
    files = {k: write_h5(tmp_path / f"{k}.h5", **made_rows(k)) for k in ("classes", "numbers")}
    assert not see_data(str(files["classes"])).has_unlike_features("data")
    assert see_data(str(files["numbers"])).has_unlike_features("data")
    far = write_h5(tmp_path / "far.h5", data=1000 + made_rows("classes")["data"])
    assert see_data(str(far)).has_unlike_features("data")
    same = write_h5(tmp_path / "same.h5", data=np.ones((9, 2)))
    assert not see_data(str(same)).has_unlike_features("data")


def test_problems(tmp_path):
    """Those of the labels as classes are left out where they are none."""
    rows = made_rows("numbers")
    rows["data"][3, 0] = np.nan
    seen = see_data(str(write_h5(tmp_path / "x.h5", **rows)))
    assert seen.problems(of_classes=False) == ["'data' has 1 values that are NaN"]
    assert len(seen.problems(of_classes=True)) > 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("dataset:mnits", "there is no data set 'dataset:mnits'\n  did you mean 'mnist'?"),
        ("nowhere", "nowhere: there is no such file or folder\n  expected dataset:NAME"),
        ("iris", "iris: there is no such file or folder\n  did you mean 'dataset:iris'?"),
        ("table.csv", "table.csv is a table of text\n  make an HDF5 file of it: graphnet data"),
        ("empty", "empty: there is no train.h5 in this folder\n  pack it first"),
        ("text.h5", "text.h5 is a table of text\n"),
    ],
)
def test_mistakes(given, message, tmp_path, monkeypatch):
    """Say what was expected, and how to get it."""
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text("a,b\n1,2\n")
    Path("text.h5").write_text("a,b\n1,2\n")
    Path("empty").mkdir()
    with pytest.raises(DataError, match=re.escape(message)):
        see_data(given)


@pytest.mark.parametrize("name", ["a.h5", "my data/x: y.h5", "#.h5", "[a].h5"])
def test_a_source_is_relative_and_read_as_it_is(name, tmp_path):
    """Whatever folders and files are called."""
    text = source_text(str(tmp_path / name), tmp_path / "mine")
    assert yaml.safe_load(f"source: {text}") == {"source": f"../{name}"}
    assert source_text("dataset:iris/train", tmp_path) == "dataset:iris/train"
