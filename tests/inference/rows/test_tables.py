"""Rows of tables of text."""

from __future__ import annotations

import numpy as np
import pytest

import graphnet as gn
from graphnet.data.csv.column_roles import TableOptions
from graphnet.data.recipe.columns import NumberColumn, WordColumn
from graphnet.data.recipe.table import LabelSource, TableRecipe
from graphnet.inference.fed import FedBlob
from graphnet.inference.rows.tables import TableRows
from graphnet.net.predicting.feed import Feed

RECIPE = TableRecipe(
    n_columns=3,
    columns=(
        NumberColumn(heading="age", place=0, mean=10, std=2),
        WordColumn(heading="colour", place=1, words=("blue", "red")),
    ),
    labels=(LabelSource(heading="kind", place=2, words=("a", "b")),),
)


@pytest.fixture
def read(tmp_path):
    """The rows of a text, as one array, and what was noted."""

    def read_rows(text, shape=None, recipe=None, size=2, **options):
        (tmp_path / "t.csv").write_text(text)
        blob = FedBlob("data", Feed("data", None, np.dtype("f4")), shape, recipe=recipe)
        found = TableRows(tmp_path / "t.csv", blob, TableOptions(**options), "t.csv")
        blocks = list(found.blocks(size))
        assert all(len(block.places) <= size for block in blocks)
        values = np.concatenate([block.arrays["data"] for block in blocks])
        return values, [p.text for block in blocks for p in block.places], found.notes

    return read_rows


def test_columns_are_found_by_name(read):
    """In any order, beside others; what was done to the net's data is done to them."""
    text = "id;kind;Colour;age\n1;a;red;12\n2;b;blue;8\n\n3;b;red;10\n"
    values, places, _ = read(text, (3,), RECIPE)
    np.testing.assert_array_equal(values, [[1, 0, 1], [-1, 1, 0], [0, 0, 1]])
    assert values.dtype == np.float32
    assert places == ["t.csv:2", "t.csv:3", "t.csv:5"]


def test_without_headings_they_are_counted(read):
    """With the label, or without it."""
    for text in ("12,red,a\n8,blue,b\n", "12,red\n8,blue\n"):
        values, _, _ = read(text, (3,), RECIPE, headings=False)
        np.testing.assert_array_equal(values, [[1, 0, 1], [-1, 1, 0]])


def test_plain_tables_are_numbers(read):
    """In the order of the table; a label is passed over, rows get the shape of the blob."""
    values, _, notes = read("a,b,label\n1,2,x\n3,4,y\n5,6,x\n", (1, 2, 1))
    np.testing.assert_array_equal(values, np.arange(1, 7).reshape(3, 1, 2, 1))
    assert notes == ["t.csv: column 'label' is passed over"]
    values, _, notes = read("1\t2\n3\t4\n")
    np.testing.assert_array_equal(values, [[1, 2], [3, 4]])
    assert not notes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,x\n", "t.csv:2, column 'b': "),
        ("a,b,c\n1,2,3\n", "t.csv has 3 columns, and a row of 'data' is 2 numbers\n  it has: a, b"),
        ("1,2\n3\n", "t.csv:2: 1 values, expected 2 as in line 1"),
        ("a,b\n", "t.csv has no rows but its headings"),
        ("# nothing\n", "t.csv has no rows\n"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(read, text, message):
    """The line and the column."""
    with pytest.raises(gn.DataError, match=message):
        read(text, (2,))


def test_words_that_the_net_has_not_learned_from(read):
    """Are refused, with their line."""
    with pytest.raises(gn.DataError, match=r"t.csv:3, column 'colour': "):
        read("age,colour\n1,red\n2,green\n", (3,), RECIPE)
