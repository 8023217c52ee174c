"""Which column is the label, and which are features."""

import re
from pathlib import Path

import pytest

from graphnet.data.csv.column_roles import TableOptions, are_headings, choose, find
from graphnet.errors import DataError

PATH = Path("a.csv")


def chosen(headings, row=None, **options):
    """The label's column and the features'."""
    row = row or ["1"] * len(headings)
    found = choose(PATH, headings, row, TableOptions(**options))
    return found.labels[0] if found.labels else None, found.features


@pytest.mark.parametrize("word", ["label", "Label", "LABEL", "labels", "class", "Target", "y", "Y"])
@pytest.mark.parametrize("at", [0, 2])
def test_by_heading(word, at):
    """In any case, wherever it is."""
    headings = ["a", "b"]
    headings.insert(at, word)
    assert chosen(headings)[0] == at


def test_rules():
    """``label`` goes first, then other words, then the only column of words."""
    assert chosen(["class", "Label", "y"]) == (1, (0, 2))
    assert chosen(["a", "species"], ["1", "dog"]) == (1, (0,))
    assert chosen(["", "", ""]) == (2, (0, 1))
    assert chosen(["", ""], ["dog", "1"]) == (0, (1,))
    assert chosen(["a", "b", "label"], leave_out=("a",)) == (2, (1,))
    assert chosen(["class", "target", "c"], leave_out=("target",)) == (0, (2,))
    assert chosen(["a", "b"], no_label=True) == (None, (0, 1))
    assert chosen(["label", "b"], label="b") == (1, (0,))


@pytest.mark.parametrize(
    ("headings", "row", "said"),
    [
        (["a", "b"], None, "no heading says which column is the label: a, b\n  name it: --label"),
        (["x", "y", "z"], None, "no heading says which column is the label: x, y, z\n"),
        (["Label", "label"], None, "which column is the label? It could be column 'Label', column"),
        (["class", "target", "c"], None, "which column is the label? It could be"),
        (["", "", ""], ["a", "1", "b"], "It could be column 0 (from 0), column 2 (from 0)\n"),
        (["a"], None, "a.csv has 1 column\n  expected the label's and at least one more; if"),
        (["a\nb", "c\nlass"], ["x", "y"], r"It could be column 'a\nb', column 'c\nlass'"),
    ],
)
def test_what_cannot_be_told(headings, row, said):
    """It is refused, with the option that says it; nothing is guessed."""
    with pytest.raises(DataError, match=re.escape(said)):
        chosen(headings, row)


def test_options_that_cannot_be():
    """Label and none, label and left out, nothing left."""
    for options, said in (
        ({"label": "a", "no_label": True}, "--label and --no-label exclude each other"),
        ({"label": "a", "leave_out": ("0",)}, "column 'a' is the label and left out"),
        ({"label": "a", "leave_out": ("b",)}, "expected the label's and at least one more"),
    ):
        with pytest.raises(DataError, match=said):
            chosen(["a", "b"], **options)


def test_find():
    """By heading, in its case or else in any; by number, from either end."""
    headings = ["1", "b", "B", "c"]
    assert [find(PATH, headings, n) for n in ("1", "b", "B", "C", "-1", "2")] == [0, 1, 2, 3, 3, 2]
    for name, said in {
        "d": "has no column 'd'\n  it has: 1, b, B, c|did you mean",
        "4": "has no column 4: it has 4, counted from 0",
        "1_0": "has no column '1_0'",
        "": "has no column ''",
    }.items():
        with pytest.raises(DataError, match=said):
            find(PATH, headings, name)
    with pytest.raises(DataError, match="2 columns headed 'a'\n  say which by its number: 0 or 2"):
        find(PATH, ["a", "b", "a"], "a")
    with pytest.raises(DataError, match="it has: 2 columns without headings"):
        find(PATH, ["", ""], "x")


def test_headings():
    """Words are; numbers are not; numbers that count on beside words are, as pandas writes them."""
    for first, expected in (
        (["a", "b"], True),
        (["1", "dog"], False),
        (["0", "1"], False),
        (["0", "1", "label"], True),
        (["2019", "2020", "Class"], True),
        (["", "0", "1"], True),
        (["0", "dog"], False),
        (["1", "2", "3"], False),
    ):
        assert are_headings(PATH, first, TableOptions()) is expected
        assert are_headings(PATH, first, TableOptions(headings=not expected)) is not expected
    with pytest.raises(DataError, match=r"counts 0, 1, 2, …\n .*--headings or --no-headings"):
        are_headings(PATH, ["0", "1", "2"], TableOptions())


def test_index():
    """The first column, if it has no heading and others have."""
    for headings, expected in (
        (["", "x", "label"], True),
        (["Unnamed: 0", "x", "label"], True),
        (["id", "x", "label"], False),
        (["", "label"], False),
    ):
        found = choose(PATH, headings, ["1"] * len(headings), TableOptions())
        assert found.may_be_index is expected
    assert not choose(PATH, ["", ""], ["1", "2"], TableOptions()).may_be_index


def test_names():
    """Few are told one by one."""
    headings = [f"x{i}" for i in range(20)] + ["", "label"]
    found = choose(PATH, headings, ["1"] * 22, TableOptions())
    assert found.named(found.features).endswith("'x7' and 13 more")
    assert found.named((20,)) == "20 (from 0)"
