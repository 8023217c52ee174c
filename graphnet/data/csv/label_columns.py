"""LabelColumns: the columns of a table that are no features: labels, and the weight of each row."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from graphnet.data.csv.column_roles import ChosenColumns
from graphnet.data.csv.label_column import LabelColumn
from graphnet.data.csv.plain_number import is_missing, plain_numbers, why_not_plain
from graphnet.data.recipe.table import LabelSource
from graphnet.errors import DataError


class LabelColumns:
    """The labels and weights of all rows.

    Args:
        path: Of the table, for messages.
        chosen: Which columns they are in.
        may_drop: Whether a row without a label or a weight is left out; else it is refused.
    """

    def __init__(self, path: Path, chosen: ChosenColumns, *, may_drop: bool) -> None:
        self._path, self._chosen, self._may_drop = path, chosen, may_drop
        self._columns = [LabelColumn(_Place(path, chosen.name(at))) for at in chosen.labels]
        self._weights = array("f")
        self._found: tuple[np.ndarray, Sequence[str]] | None = None

    def add(self, row: Sequence[str], line: int) -> bool:
        """Take the labels and the weight of the next row; False if the row is left out."""
        chosen = self._chosen
        places = chosen.labels if chosen.weight is None else (*chosen.labels, chosen.weight)
        if self._may_drop and any(is_missing(row[at]) for at in places):
            return False
        for column, at in zip(self._columns, chosen.labels, strict=True):
            column.add(row[at], line)
        if chosen.weight is not None:
            self._weights.append(self._weight(row[chosen.weight], line))
        return True

    def _weight(self, cell: str, line: int) -> float:
        place = f"{self._path}:{line}, {self._chosen.name(self._chosen.weight or 0)}"
        found = plain_numbers([cell])
        if found is None:
            raise DataError(f"{place}: {why_not_plain(cell)}")
        if found[0] < 0 or found[0] > np.finfo(np.float32).max:
            raise DataError(
                f"{place}: the weight is {cell.strip()}\n  expected 0 or more, that float32 holds"
            )
        return found[0]

    @property
    def weights(self) -> np.ndarray:
        """The weight of each row, float32; empty if there are none."""
        return np.frombuffer(self._weights, np.float32) if self._weights else np.empty(0)

    def values(self) -> tuple[np.ndarray, Sequence[str]]:
        """The labels ``(n,)`` and the names of the classes if they are words.

        Of several columns, ``(n, columns)`` in a type that holds all of them.

        Raises:
            DataError: If one of several columns holds words.
        """
        if self._found is None:
            self._found = self._values()
        return self._found

    def _values(self) -> tuple[np.ndarray, Sequence[str]]:
        if not self._columns:
            return np.empty(0), ()
        found = [column.values() for column in self._columns]
        if len(found) == 1:
            return found[0]
        for at, (_, classes) in zip(self._chosen.labels, found, strict=True):
            if classes:
                raise DataError(
                    f"{self._path}: {self._chosen.name(at)} holds words, such as {classes[0]!r}\n"
                    "  several labels are numbers; name one of them, and leave out the others"
                )
        return np.stack([values for values, _ in found], axis=1), ()

    def sources(self) -> tuple[LabelSource, ...]:
        """The columns as a recipe has them."""
        names = self.values()[1]
        headings = self._chosen.headings
        return tuple(
            LabelSource(heading=headings[at], place=at, words=tuple(names))
            for at in self._chosen.labels
        )

    def texts(self, i: int) -> Iterable[str]:
        """The different labels of column ``i`` of them, as they are written."""
        return self._columns[i].lines


class _Place:
    """Names a label's place on a line."""

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name

    def __call__(self, line: int) -> str:
        return f"{self._path}:{line}, {self._name}"
