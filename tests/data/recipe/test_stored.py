"""Recipes as text, in files, and what is wrong with them."""

import h5py
import pytest

from graphnet.data.recipe.columns import NumberColumn, WordColumn
from graphnet.data.recipe.pictures import PictureRecipe
from graphnet.data.recipe.stored import parse_recipe, read_recipe, recipe_text
from graphnet.data.recipe.table import LabelSource, TableRecipe
from graphnet.errors import DataError

TABLE = TableRecipe(
    n_columns=4,
    columns=[
        NumberColumn(heading="x", place=0, fill=0.1, mean=1 / 3, std=2e-300, gap_feature=True),
        WordColumn(heading="größe", place=1, words=["a", "ß"], encoding="index", gap_word=True),
    ],
    labels=[LabelSource(place=3, words=["n", "y"])],
    dtype="float64",
)
PICTURES = PictureRecipe(shape=(3, 4, 5), resized=True, fit="letter-box", background="#ff8000")


@pytest.mark.parametrize("recipe", [TABLE, PICTURES])
def test_round_trip(recipe, tmp_path):
    """Every number comes back bit for bit, by way of a file too."""
    assert parse_recipe(recipe_text(recipe), "f") == recipe
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = [1.0]
        file.attrs["recipe"] = recipe_text(recipe)
    assert read_recipe(tmp_path / "a.h5") == recipe


def test_a_file_without(tmp_path):
    """Files that others have made have none."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = [1.0]
    assert read_recipe(tmp_path / "a.h5") is None


def test_a_large_one(tmp_path):
    """A table of thousands of columns."""
    columns = [NumberColumn(heading=f"column {i}", place=i, mean=i / 3) for i in range(5000)]
    recipe = TableRecipe(n_columns=5000, columns=columns)
    with h5py.File(tmp_path / "a.h5", "w", libver=("earliest", "v110")) as file:
        file["data"] = [1.0]
        file.attrs["recipe"] = recipe_text(recipe)
    assert read_recipe(tmp_path / "a.h5") == recipe


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "f: the recipe is not keys and values"),
        ("[]", "f: the recipe is not keys and values"),
        ("[" * 100_000, "f: the recipe is not keys and values"),
        ('{"kind": "table", "version": 2}', "has version 2, and this graphnet reads up to 1"),
        ('{"kind": ["table"]}', "of a kind .* that is not known"),
        ('{"kind": "sound", "version": 1}', "of a kind 'sound' that is not known"),
        ('{"kind": "pictures", "version": 1}', "f: the recipe is damaged: .*missing key 'shape'"),
        ('{"kind": "pictures", "version": 1, "shape": [1, 2, 0]}', "more than 0|at least 1"),
        (recipe_text(PICTURES).replace('"fit"', '"fix"'), "unknown key 'fix'"),
    ],
)
def test_damaged(text, message):
    """What is wrong is said."""
    with pytest.raises(DataError, match=message):
        parse_recipe(text, "f")
