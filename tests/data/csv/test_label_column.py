"""Labels of a table: numbers as they are written, or names of classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphnet.data.csv.label_column import LabelColumn
from graphnet.errors import DataError


def labels(*cells):
    found = LabelColumn(lambda line: f"line {line}")
    for line, cell in enumerate(cells, 1):
        found.add(cell, line)
    return found.values()


@pytest.mark.parametrize(
    ("cells", "dtype", "values"),
    [
        (["2", " 0 ", "2"], "i4", [2, 0, 2]),
        (["1.0", "1e3", "-0"], "i4", [1, 1000, 0]),
        (["5000000000", "-3"], "i8", [5_000_000_000, -3]),
        (["9007199254740993"], "i8", [2**53 + 1]),
        (["0.5", "1"], "f4", [0.5, 1]),
        (["0.5", "16777217"], "f8", [0.5, 16_777_217]),
        (["0.5", "1.5e300"], None, "is too large for a label"),
        (["1e-60", "1"], "f8", [1e-60, 1]),
        (["2e-45", "1"], "f8", [2e-45, 1]),
        (["0", "1.5"], "f4", [0, 1.5]),
        (["1e300"], None, "line 1: '1e300' is too large for a label"),
        (["1e400"], None, "line 1: 1e400 is too large"),
        (["9" * 30], None, "is too large for a label"),
        (["-" + "9" * 400], None, r"line 1: '-9{38}…' is too large for a label"),
        (["1", "0" * 5_000 + "2"], "i4", [1, 2]),
        (
            ["0.5", "9007199254740993"],
            None,
            "line 2: 9007199254740993 would be rounded to 9007199254740992",
        ),
    ],
)
def test_numbers(cells, dtype, values):
    """Each is the number that is written, in the smallest type that holds them all."""
    if dtype is None:
        with pytest.raises(DataError, match=values):
            labels(*cells)
        return
    found, classes = labels(*cells)
    assert (found.dtype, found.tolist(), classes) == (np.dtype(dtype), values, ())


def test_words():
    """They are classes in alphabetical order, capitals first; blanks around do not count."""
    found, classes = labels("dog", "cat ", "Dog", "dog")
    assert classes == ["Dog", "cat", "dog"]
    assert found.tolist() == [2, 1, 0, 2]
    assert found.dtype == np.int32


def test_what_is_no_label():
    """Missing ones, words among numbers, and numbers with marks; but words may have digits."""
    for cell in ("1,000", "1_000", "1.000.000", "٣", "1,5"):
        with pytest.raises(DataError, match=f"line 1: the label '{cell}' is not a plain number\n"):
            labels(cell)
    assert labels("10-19", "0-9")[1] == ["0-9", "10-19"]
    with pytest.raises(DataError, match="line 2: the label is missing\n  fill it in"):
        labels("1", " ")
    with pytest.raises(DataError, match="line 2: the label is missing: 'nan'"):
        labels("1", "nan")
    with pytest.raises(
        DataError, match="line 3: the label 'dog' is a word, while line 1 has the number 1"
    ):
        labels("1", "2", "dog")


@given(st.lists(st.integers(-(2**63) + 1, 2**63 - 1), min_size=1))
def test_whole_numbers_are_exact(values):
    """However large, as long as 64 bits hold them."""
    assert labels(*map(str, values))[0].tolist() == values
