"""The recipe of a table: which columns became which features, and the same for new rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import model_validator

from graphnet.data.recipe.columns import AnyColumn, TableColumn
from graphnet.declare.fields import Model, PositiveInt
from graphnet.errors import DataError, did_you_mean

_MOST_NAMED = 8


class LabelSource(TableColumn):
    """A column of labels.

    Args:
        words: What classes 0, 1, … are called; empty where the labels are numbers.
    """

    words: tuple[str, ...] = ()


class TableRecipe(Model):
    """How the rows of a table became the rows of ``data``.

    Args:
        n_columns: Of the table.
        columns: Those that are features, in the order of their features.
        labels: Those that are labels, in order.
        weight: The column of the sample weights.
        dtype: Of ``data``.
    """

    kind: Literal["table"] = "table"
    version: Literal[1] = 1
    n_columns: PositiveInt
    columns: tuple[AnyColumn, ...]
    labels: tuple[LabelSource, ...] = ()
    weight: TableColumn | None = None
    dtype: Literal["float32", "float64"] = "float32"

    @model_validator(mode="after")
    def _check(self) -> TableRecipe:
        others = (*self.labels, *([self.weight] if self.weight else []))
        places = [column.place for column in (*self.columns, *others)]
        if not self.columns or max(places) >= self.n_columns or len(set(places)) < len(places):
            raise ValueError("columns: expected different places in the table, at least one")
        return self

    @property
    def features(self) -> tuple[str, ...]:
        """What the features are called, such as ``age``, ``age missing``, ``colour=red``."""
        return tuple(name for column in self.columns for name in column.features)

    def places(self, headings: Sequence[str], n_columns: int, where: str) -> list[int]:
        """Where each column of the recipe is in another table, by its heading if it has one.

        Columns without headings are counted: the table has as many as the first, or lacks those
        of the labels and weights. Columns that the recipe does not name are passed over.

        Args:
            headings: Of the other table; blank or none where it has none.
            n_columns: Of the other table.
            where: Names the table, for messages.

        Raises:
            DataError: If a column is not there, or there twice.
        """
        if any(headings) and any(column.heading for column in self.columns):
            return [self._headed(column, headings, where) for column in self.columns]
        given = {column.place for column in self.labels}
        given |= {self.weight.place} if self.weight else set()
        if n_columns == self.n_columns:
            return [column.place for column in self.columns]
        if n_columns == self.n_columns - len(given):
            return [c.place - sum(place < c.place for place in given) for c in self.columns]
        fewer = f", or {self.n_columns - len(given)} without those of the labels" if given else ""
        raise DataError(
            f"{where} has {n_columns} columns\n  expected {self.n_columns} as in the table that the"
            f" net has learned from{fewer}"
        )

    def _headed(self, column: TableColumn, headings: Sequence[str], where: str) -> int:
        stripped = [heading.strip() for heading in headings]
        places = [i for i, heading in enumerate(stripped) if heading == column.heading]
        if not places:
            lowered = column.heading.lower()
            places = [i for i, heading in enumerate(stripped) if heading.lower() == lowered]
        if column.heading and len(places) == 1:
            return places[0]
        if not column.heading and column.place < len(stripped) and not stripped[column.place]:
            return column.place
        if places and column.heading:
            raise DataError(f"{where} has {len(places)} columns headed '{column.heading}'")
        shown = ", ".join(filter(None, stripped[:_MOST_NAMED]))
        raise DataError(
            f"{where} has no column '{column.name}', from which the net has learned"
            f"{did_you_mean(column.heading, stripped)}\n  it has: {shown}"
            + ", …"
            * (len(stripped) > _MOST_NAMED)
        )

    def codes(self, cells: Sequence[str], where: str, *, zeros: bool = False) -> list[float]:
        """The codes of a row.

        Args:
            cells: Of the row, one for each column of the recipe, in its order.
            where: The file and line, for messages.
            zeros: Whether all features of a word that the net has not learned from are 0.

        Raises:
            DataError: If a cell is not what its column holds; with its line and column.
        """
        found = []
        for column, cell in zip(self.columns, cells, strict=True):
            try:
                found.append(column.code(cell, zeros=zeros))
            except ValueError as error:
                raise DataError(f"{where}, {column.described}: {error}") from None
        return found

    def values(self, codes: np.ndarray) -> np.ndarray:
        """The rows of ``data`` ``(n, len(features))`` that these codes ``(n, len(columns))`` give.

        Computed in float64 and rounded to ``dtype`` once.
        """
        wide = np.empty((len(codes), len(self.features)))
        start = 0
        for column, one in zip(self.columns, codes.T, strict=True):
            stop = start + len(column.features)
            column.put(one, wide[:, start:stop])
            start = stop
        with np.errstate(over="ignore"):
            return wide.astype(self.dtype)
