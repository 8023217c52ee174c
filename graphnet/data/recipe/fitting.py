"""What a recipe takes from the training rows: what fills gaps, means and deviations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from graphnet.data.recipe.columns import AnyColumn, NumberColumn
from graphnet.data.recipe.table import TableRecipe
from graphnet.errors import DataError

_BLOCK_BYTES = 1 << 23


def fitted(
    recipe: TableRecipe,
    codes: np.ndarray,
    rows: np.ndarray,
    places: Sequence[int],
    fill_by_mean: Sequence[bool],
    *,
    standardize: bool,
    where: str,
) -> TableRecipe:
    """The recipe with what is found on some rows; the others are not looked at.

    Gaps count for nothing: a mean and a deviation are those of the values that are there, the
    deviation divided by their number. A column whose values are all the same keeps ``std`` 1.

    Args:
        recipe: Whose columns of numbers are completed.
        codes: Of all rows and columns; may be larger than the memory.
        rows: The training rows, in rising order.
        places: Which column of ``codes`` each column of the recipe is.
        fill_by_mean: Of each, whether its mean fills gaps; else 0 does.
        standardize: Whether it gets mean 0 and deviation 1.
        where: The file, for messages.

    Raises:
        DataError: If a column has gaps alone in these rows, or values too large for a mean.
    """
    numbers = [(i, c) for i, c in enumerate(recipe.columns) if isinstance(c, NumberColumn)]
    chosen = [(i, c) for i, c in numbers if standardize or c.fill is not None]
    if not chosen:
        return recipe
    at = [places[i] for i, _ in chosen]
    count = np.zeros(len(at))
    total, squares = np.zeros(len(at)), np.zeros(len(at))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for block in _blocks(codes, rows, at):
            count += (~np.isnan(block)).sum(axis=0)
            total += np.nansum(block, axis=0)
        means = total / count
        for block in _blocks(codes, rows, at):
            squares += np.nansum((block - means) ** 2, axis=0)
        deviations = np.sqrt(squares / count)
    columns: list[AnyColumn] = list(recipe.columns)
    for k, (i, column) in enumerate(chosen):
        mean, deviation = float(means[k]), float(deviations[k])
        if not count[k]:
            raise DataError(
                f"{where}, {column.described} has nothing but gaps in the training rows\n"
                "  leave it out: --leave-out COLUMN"
            )
        if not np.isfinite([mean, deviation]).all():
            raise DataError(
                f"{where}, {column.described}: its values are too large for a mean and a deviation"
                "\n  give them in a larger unit, or leave the column out"
            )
        update: dict[str, float] = {}
        if column.fill is not None and fill_by_mean[i]:
            update["fill"] = mean
        if standardize:
            update |= {"mean": mean, "std": deviation or 1.0}
        columns[i] = column.model_copy(update=update)
    return recipe.model_copy(update={"columns": tuple(columns)})


def _blocks(codes: np.ndarray, rows: np.ndarray, columns: Sequence[int]) -> Iterator[np.ndarray]:
    step = max(1, _BLOCK_BYTES // max(1, codes.itemsize * codes.shape[1]))
    for start in range(0, len(rows), step):
        yield codes[rows[start : start + step]][:, columns]
