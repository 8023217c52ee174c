"""A column while it is read: what it is taken for, and what is refused."""

import numpy as np
import pytest

from graphnet.data.csv.feature_column import MOST_WORDS, FeatureColumn
from graphnet.data.csv.plain_number import looks_like_a_date
from graphnet.data.recipe.columns import NumberColumn
from graphnet.errors import DataError


def taken(cells, rule="refuse", encoding=None):
    """The column, and its codes; line 1 holds the headings."""
    column = FeatureColumn("column 'x'", rule, encoding)
    return column, [column.take(cell, f"f:{i}", i) for i, cell in enumerate(cells, 2)]


def test_numbers():
    """As they are."""
    column, codes = taken(["1", " 2.5 ", "-1e3"])
    assert codes == [1, 2.5, -1000]
    assert column.are_numbers
    assert column.places is None
    assert column.recipe("x", 3) == NumberColumn(heading="x", place=3)


def test_words():
    """Numbered as they come; in the recipe, in alphabetical order."""
    column, codes = taken(["red", "blue", " red", "green"])
    assert codes == [0, 1, 0, 2]
    assert column.recipe("", 0).words == ("blue", "green", "red")
    assert column.places[[0, 1, 2]].tolist() == [2, 0, 1]
    assert not column.are_numbers


@pytest.mark.parametrize("rule", ["mean", "feature", "zero"])
def test_gaps(rule):
    """They are counted; the first one is kept for the user."""
    column, codes = taken(["", "1", "NA"], rule)
    assert np.isnan(codes).tolist() == [True, False, True]
    assert (column.n_gaps, column.gap) == (2, "empty")
    recipe = column.recipe("x", 0)
    assert (recipe.fill, recipe.gap_feature) == (0, rule == "feature")
    column, codes = taken(["a", "?"], rule)
    assert np.isnan(codes[1])
    assert column.recipe("x", 0).gap_word


def test_gaps_that_are_dropped():
    """The row is left out."""
    assert taken(["1", "", "2"], "drop")[1] == [1, None, 2]
    assert taken(["a", "NULL"], "drop")[1] == [0, None]


DATES = ["2024-01-31", "31.01.2024", "1/31/24", "2024-01-31T12:30:00Z", "12:30", "5 Jan 2024",
         "Jan 5, 2024", "11:59:01 PM", "03-Feb-98"]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        *([[date], "f:2, column 'x': '.*' is a date or a time.*\n.*days since"] for date in DATES),
        *([["word", date], "f:3, column 'x': '.*' is a date or a time"] for date in DATES),
        (["1", ""], "f:3, column 'x': the field is empty\n  fill in"),
        (["a", "NA"], "f:3, column 'x': 'NA' is a gap\n  fill in"),
        (["1,5"], "f:2, column 'x': '1,5' is not a plain number\n  write it with a decimal point"),
        (["0x1F"], "f:2, column 'x': '0x1F' is not a plain number"),
        (["inf"], "f:2, column 'x': 'inf' is not a plain number\n  write a finite"),
        (["12%"], "f:2, column 'x': '12%' is not a plain number"),
        (["1e999"], "f:2, column 'x': 1e999 is too large"),
        (["5", "five"], "f:3, column 'x': 'five' is not a plain number, while line 2 has 5\n"),
        (["five", "5"], "f:3, column 'x': 5 is a number, while line 2 has 'five'\n  .*--one-hot"),
        ([f"w{i}" for i in range(MOST_WORDS + 1)], "f:102, column 'x': more than 100 different"),
    ],
)
def test_refused(cells, said):
    """With the line, the column and what to do."""
    with pytest.raises(DataError, match=said):
        taken(cells)


@pytest.mark.parametrize("text", ["1.234.567", "18-25", "10-12-14-16", "room 3", "may", "3rd"])
def test_no_dates(text):
    """What has only some likeness."""
    assert not looks_like_a_date(text)


@pytest.mark.parametrize("encoding", ["one-hot", "index"])
def test_all_for_words(encoding):
    """Numbers, dates, and as many as there are, where the user says so."""
    cells = ["5", "five", "2024-01-31", *map(str, range(1000))]
    column, codes = taken(cells, encoding=encoding)
    assert codes == [0, 1, 2, *range(3, 8), 0, *range(8, 1002)]
    column.check("f", len(cells))
    assert column.recipe("x", 0).encoding == encoding


def test_a_word_of_its_own_in_nearly_each_row():
    """That is a name."""
    column, _ = taken([f"n{i}" for i in range(20)])
    with pytest.raises(
        DataError, match=r"^f, column 'x' has 20 different words in 21 rows\n  a name"
    ):
        column.check("f", 21)
    column.check("f", 40)
    taken(["a", "b", "c"])[0].check("f", 3)


def test_gaps_alone():
    """There is nothing to learn from."""
    with pytest.raises(DataError, match=r"^f, column 'x' has nothing but gaps"):
        taken(["", ""], "mean")[0].check("f", 2)
