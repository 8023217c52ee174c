"""Rows of tables of text: columns by name, as the net's data were packed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from graphnet.data.csv.column_roles import LABEL_WORDS, TableOptions, are_headings, column_name
from graphnet.data.csv.delimited_text import DelimitedText
from graphnet.data.csv.plain_number import plain_numbers, why_not_plain
from graphnet.data.recipe.table import TableRecipe
from graphnet.errors import DataError
from graphnet.inference.fed import FedBlob
from graphnet.inference.rows.block import Place, RowBlock

_MOST_NAMED = 8


class TableRows:
    """The rows of a table.

    If the net's data were packed from a table, its columns are found by their headings, and the
    same is done to them: words, gaps, standardisation. Otherwise the columns are numbers, in the
    order of the table; one that is headed ``label`` or the like is passed over.

    Args:
        path: Of the file.
        blob: What is fed.
        options: How it is read.
        name: How messages call the file.
    """

    def __init__(self, path: Path, blob: FedBlob, options: TableOptions, name: str) -> None:
        self.n_rows: int | None = None
        self.notes: list[str] = []
        self._path, self._blob, self._name = path, blob, name
        self._text = DelimitedText(path, options.delimiter, options.encoding)
        self._recipe = blob.recipe if isinstance(blob.recipe, TableRecipe) else None
        first = next(iter(self._text), None)
        if first is None:
            raise DataError(f"{name} has no rows\n  expected a line for each row")
        is_headed = self._is_headed(first[1], options)
        self._headings = [cell.strip() for cell in first[1]] if is_headed else []
        self._first = first
        self._width = len(first[1])
        self._places = self._found_places()

    def _is_headed(self, first: Sequence[str], options: TableOptions) -> bool:
        if options.headings is None and self._recipe is not None:
            known = {column.heading.lower() for column in self._recipe.columns} - {""}
            if known & {cell.strip().lower() for cell in first}:
                return True
        return are_headings(self._path, first, options)

    def _found_places(self) -> list[int]:
        """The column of each feature."""
        if self._recipe is not None:
            return self._recipe.places(self._headings, self._width, self._name)
        n, wanted = self._width, self._blob.n_numbers
        places = list(range(n))
        if self._headings and (wanted is None or n > wanted):
            lowered = [heading.lower() for heading in self._headings]
            labels = [i for i in places if lowered[i] in LABEL_WORDS]
            if len(labels) == 1:
                places.remove(labels[0])
                self.notes.append(
                    f"{self._name}: {column_name(self._headings, labels[0])} is passed over"
                )
        if wanted is not None and len(places) != wanted:
            headings = ", ".join(h or str(i) for i, h in enumerate(self._headings[:_MOST_NAMED]))
            has = f"\n  it has: {headings}{', …' * (n > _MOST_NAMED)}" if headings else ""
            raise DataError(
                f"{self._name} has {n} column{'s'[: n != 1]}, and a row of '{self._blob.name}' is"
                f" {wanted} number{'s'[: wanted != 1]}{has}\n  it was read as"
                f" {self._text.described()}"
            )
        return places

    def blocks(self, size: int) -> Iterator[RowBlock]:
        """All rows in order; the table is read once more from its beginning."""
        rows = iter(self._text)
        head = next(rows)
        lines = rows if self._headings else chain([head], rows)
        codes: list[list[float]] = []
        places: list[Place] = []
        n = 0
        for line, cells in lines:
            where = f"{self._name}:{line}"
            if len(cells) != self._width:
                raise DataError(
                    f"{where}: {len(cells)} values, expected {self._width} as in line"
                    f" {self._first[0]}\n  it was read as {self._text.described()}"
                )
            codes.append(self._codes([cells[i] for i in self._places], where))
            places.append(Place(self._name, where))
            n += 1
            if len(codes) == size:
                yield self._block(codes, places)
                codes, places = [], []
        if codes:
            yield self._block(codes, places)
        if not n:
            raise DataError(f"{self._name} has no rows but its headings")

    def _codes(self, cells: Sequence[str], where: str) -> list[float]:
        if self._recipe is not None:
            return self._recipe.codes(cells, where)
        numbers = plain_numbers(list(cells))
        if numbers is None:
            at = next(i for i, cell in enumerate(cells) if plain_numbers([cell]) is None)
            column = column_name(self._headings or [""] * self._width, self._places[at])
            raise DataError(f"{where}, {column}: {why_not_plain(cells[at])}")
        return numbers

    def _block(self, codes: Sequence[Sequence[float]], places: Sequence[Place]) -> RowBlock:
        array = np.array(codes)
        values = array if self._recipe is None else self._recipe.values(array)
        if self._blob.shape is not None and values.shape[1] == self._blob.n_numbers:
            values = values.reshape(-1, *self._blob.shape)
        self._blob.check(values.shape[1:], self._name)
        return RowBlock({self._blob.name: values}, places)
