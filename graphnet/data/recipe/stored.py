"""Recipes in files: a text in JSON, in the attribute ``recipe`` of a packed HDF5 file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeAlias

from graphnet.data.hdf5.reader import contents
from graphnet.data.recipe.pictures import PictureRecipe
from graphnet.data.recipe.table import TableRecipe
from graphnet.errors import DataError, SpecError

Recipe: TypeAlias = TableRecipe | PictureRecipe

#: The newest version of recipes that this graphnet reads.
VERSION = 1
_KINDS: dict[str, type[Recipe]] = {"table": TableRecipe, "pictures": PictureRecipe}


def recipe_text(recipe: Recipe) -> str:
    """A recipe as JSON; floats come back bit for bit."""
    return json.dumps(recipe.model_dump(mode="json"), ensure_ascii=False)


def parse_recipe(text: str, where: str) -> Recipe:
    """The recipe in a text of JSON.

    Args:
        text: As :func:`recipe_text` gives it.
        where: The file, for messages.

    Raises:
        DataError: If it is none, or of a newer version.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise DataError(f"{where}: the recipe is not keys and values in JSON\n{_AGAIN}")
    version, kind = found.get("version"), found.get("kind")
    if isinstance(version, int) and version > VERSION:
        raise DataError(
            f"{where}: the recipe has version {version}, and this graphnet reads up to {VERSION}\n"
            "  install a newer graphnet"
        )
    if not isinstance(kind, str) or kind not in _KINDS:
        raise DataError(f"{where}: the recipe is of a kind {kind!r} that is not known\n{_AGAIN}")
    try:
        return _KINDS[kind].model_validate(found)
    except SpecError as error:
        raise DataError(f"{where}: the recipe is damaged: {error}") from error


def read_recipe(path: Path) -> Recipe | None:
    """The recipe of a packed file; None if it has none, as files that others have made.

    Raises:
        DataError: If the file or its recipe cannot be read.
    """
    text = contents(path).recipe
    return None if text is None else parse_recipe(text, str(path))


_AGAIN = "  pack the data again: graphnet data pack"
