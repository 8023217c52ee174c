"""The recipe of a table applied to new rows: columns by name or number, values, refusals."""

import numpy as np
import pytest

from graphnet.data.recipe.columns import NumberColumn, TableColumn, WordColumn
from graphnet.data.recipe.table import LabelSource, TableRecipe
from graphnet.errors import DataError, SpecError

AGE = NumberColumn(heading="age", place=1, fill=30, mean=30, std=10)
COLOUR = WordColumn(heading="colour", place=3, words=["blue", "red"])
KIND = LabelSource(heading="kind", place=0, words=["cat", "dog"])
RECIPE = TableRecipe(n_columns=5, columns=[AGE, COLOUR], labels=[KIND])
BARE = TableRecipe(
    n_columns=4,
    columns=[NumberColumn(place=1), NumberColumn(place=3)],
    labels=[LabelSource(place=0)],
    weight=TableColumn(place=2),
)


def test_values():
    """Codes to features, in the order of the columns."""
    codes = [RECIPE.codes(cells, "f.csv:1") for cells in (["50", "red"], ["", "blue"])]
    found = RECIPE.values(np.array(codes))
    assert found.dtype == np.float32
    assert found.tolist() == [[2, 0, 1], [0, 1, 0]]
    assert RECIPE.features == ("age", "colour=blue", "colour=red")
    wide = RECIPE.model_copy(update={"dtype": "float64"})
    assert wide.values(np.array([[31.0, 0]])).tolist() == [[0.1, 1, 0]]


def test_places_by_heading():
    """In any order and case, among others, with or without the label."""
    assert RECIPE.places(["colour", "x", " age "], 3, "f") == [2, 0]
    assert RECIPE.places(["COLOUR", "Age"], 2, "f") == [1, 0]
    assert RECIPE.places(["Age", "age", "colour"], 3, "f") == [1, 2]


def test_places_by_number():
    """Without headings, the columns of the label and the weight may be missing together."""
    assert BARE.places([], 4, "f") == [1, 3]
    assert BARE.places(["", ""], 2, "f") == [0, 1]
    assert RECIPE.places([], 5, "f") == [1, 3]
    assert RECIPE.places([], 4, "f") == [0, 2]


@pytest.mark.parametrize(
    ("recipe", "headings", "n", "message"),
    [
        (RECIPE, ["agee", "colour"], 2, "f has no column 'age', from which(?s:.)*'agee'"),
        (RECIPE, ["AGE", "Age", "colour"], 3, "f has 2 columns headed 'age'"),
        (BARE, [], 3, "f has 3 columns\n  expected 4 as (?s:.)* or 2 without"),
        (
            TableRecipe(n_columns=1, columns=[NumberColumn(place=0)]),
            [],
            2,
            "expected 1 as(?s:.)*from$",
        ),
    ],
)
def test_columns_that_are_not_there(recipe, headings, n, message):
    """What is there is said."""
    with pytest.raises(DataError, match=message):
        recipe.places(headings, n, "f")


def test_cells_that_do_not_fit():
    """With line and column."""
    with pytest.raises(DataError, match=r"^f:7, column 'colour': 'green' is none"):
        RECIPE.codes(["1", "green"], "f:7")
    with pytest.raises(DataError, match=r"^f:7, column 3 \(from 0\): the field is empty"):
        BARE.codes(["1", ""], "f:7")
    assert RECIPE.codes(["1", "green"], "f:7", zeros=True) == [1, -1]


@pytest.mark.parametrize(
    "columns", [[], [NumberColumn(place=1), NumberColumn(place=1)], [NumberColumn(place=9)]]
)
def test_columns_that_cannot_be(columns):
    """Each has its own place within the table."""
    with pytest.raises(SpecError, match="expected different places"):
        TableRecipe(n_columns=2, columns=columns)
