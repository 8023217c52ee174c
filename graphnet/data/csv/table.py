"""Tables of text that can be packed: every cell is checked, and none taken for another number.

A table is read once, row by row, and the codes of its cells are kept in a temporary file, so that
it may be larger than the memory. A code is a number, the number of a word, or NaN for a gap.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np

from graphnet.blob import Shape
from graphnet.data.csv.column_roles import TableOptions, are_headings, choose
from graphnet.data.csv.delimited_text import DelimitedText
from graphnet.data.csv.feature_column import FeatureColumn
from graphnet.data.csv.feature_options import feature_columns
from graphnet.data.csv.label_columns import LabelColumns
from graphnet.data.csv.plain_number import (
    is_plain,
    is_whole,
    perhaps_grouped,
    plain_numbers,
    whole_number,
)
from graphnet.data.csv.table_notes import column_table, notes
from graphnet.data.recipe.columns import AnyColumn, TableColumn
from graphnet.data.recipe.fitting import fitted
from graphnet.data.recipe.table import TableRecipe
from graphnet.data.tools.packable import DataSets
from graphnet.errors import DataError

_AS_FOUND = TableOptions()
_BLOCK_CELLS = 1 << 18
_THOUSAND = 1000
_TINY = np.finfo(np.float32).tiny  # below it float32 holds fewer digits
_EXACT_FLOAT32, _EXACT_FLOAT64 = 1 << 24, 1 << 53  # up to these all whole numbers are held


class CsvTable:
    """A table of text, perhaps with headings: numbers, words, gaps; labels, sample weights.

    ``data`` has the features in their order, as float32, or as float64 where float32 would round a
    whole number, or hold a number as infinite, as 0 or with fewer digits. ``label`` is what
    ``LabelColumns.values`` gives, ``weight`` is float32. A first column without a heading whose
    numbers are whole and all different is an index, and left out.

    Attributes:
        columns: What has been found of each feature's column, in the order of ``chosen.features``.
        kept: Which of these are features in the end.
        recipe: What is done to the cells; what is found on training rows is in it after ``fit``.
        grouped: By column, a number with a point that may be meant as a mark between thousands.
        needs_float64: The first number that float32 does not hold, and where it is.
        n_dropped: How many rows were left out for their gaps.
        values: The codes of all rows, ``(n_rows, len(columns))``, in a temporary file.
    """

    def __init__(self, path: Path, options: TableOptions = _AS_FOUND) -> None:
        self.path, self.options = path, options
        self.text = DelimitedText(path, options.delimiter, options.encoding)
        rows = iter(self.text)
        first = next(rows, None)
        if first is None:
            raise self._without_rows()
        is_headed = are_headings(path, first[1], options)
        self.headed_at = first[0] if is_headed else 0
        headings = first[1] if is_headed else self._commented(len(first[1]), options)
        self.headings: Sequence[str] = [cell.strip() for cell in headings]
        second = next(rows, None) if self.headed_at else first
        if second is None:
            raise self._without_rows()
        self._check_width(second[0], second[1], first[0])
        self.chosen = chosen = choose(path, self.headings, second[1], options)
        self.columns: Sequence[FeatureColumn] = feature_columns(path, chosen, options)
        self.lines, self._are_numbers = array("q"), False
        self.needs_float64, self.n_dropped = "", 0
        labels = LabelColumns(path, chosen, may_drop="drop" in options.missing)
        self.grouped = {} if self.text.delimiter == "," else dict.fromkeys(chosen.features, "")
        with tempfile.TemporaryFile() as spool:
            self._read(chain([second], rows), first[0], labels, spool)
            if not self.lines:
                raise DataError(f"{path}: every row has a gap\n  fill them: --missing mean")
            shape = (len(self.lines), len(chosen.features))
            self.values: np.ndarray = np.memmap(spool, np.float64, "r", shape=shape)
        self.n_rows = shape[0]
        for column in self.columns:
            column.check(str(path), self.n_rows)
        first_is_index = chosen.may_be_index and self._is_index()
        self.kept = np.arange(int(first_is_index), shape[1])
        self.labels, self.classes = labels.values()
        self.weights = labels.weights
        if len(chosen.labels) == 1 and self.text.delimiter != "," and not self.classes:
            self.grouped[chosen.labels[0]] = ""
            self._look_for_thousands(chosen.labels[0], self.labels, labels.texts(0))
        is_wide = bool(self.needs_float64) and not options.standardize
        self.recipe: TableRecipe = TableRecipe(
            n_columns=len(self.headings),
            columns=tuple(self._column_recipe(k) for k in self.kept.tolist()),
            labels=labels.sources(),
            weight=None if chosen.weight is None else self._column(chosen.weight),
            dtype="float64" if is_wide else "float32",
        )
        self._is_fitted = False
        dtype = np.dtype(self.recipe.dtype)
        data_sets: dict[str, tuple[np.dtype, Shape]] = {
            "data": (dtype, (len(self.recipe.features),))
        }
        if chosen.labels:
            data_sets["label"] = (self.labels.dtype, self.labels.shape[1:])
        if chosen.weight is not None:
            data_sets["weight"] = (np.dtype(np.float32), ())
        self.data_sets: DataSets = data_sets
        self.notes: Sequence[tuple[str, str]] = notes(self)

    @property
    def column_table(self) -> Sequence[Sequence[str]]:
        """What each column was taken for: its name, its kind, its features, its gaps."""
        return column_table(self)

    def fit(self, numbers: np.ndarray) -> None:
        """Find what fills gaps, and means and deviations, on the rows with these numbers."""
        order = [(self.columns[k], k) for k in self.kept.tolist()]
        self.recipe = fitted(
            self.recipe,
            self.values,
            np.sort(numbers),
            [k for _, k in order],
            [column.rule != "zero" for column, _ in order],
            standardize=self.options.standardize,
            where=str(self.path),
        )
        self._is_fitted = True

    def rows(self, numbers: np.ndarray) -> dict[str, np.ndarray]:
        """These rows: ``data``, and ``label`` and ``weight`` if there are such."""
        if not self._is_fitted:
            self.fit(np.arange(self.n_rows))
        codes = self.values[numbers][:, self.kept]
        for i, k in enumerate(self.kept.tolist()):
            places = self.columns[k].places
            if places is not None:
                gaps = np.isnan(codes[:, i])
                sorted_codes = places[np.where(gaps, 0, codes[:, i]).astype(np.intp)]
                codes[:, i] = np.where(gaps, np.nan, sorted_codes)
        found = {"data": self.recipe.values(codes)}
        if self.chosen.labels:
            found["label"] = self.labels[numbers]
        if self.chosen.weight is not None:
            found["weight"] = self.weights[numbers]
        return found

    def where(self, number: int) -> str:
        """The file and line of a row."""
        return f"{self.path}:{self.lines[number]}"

    def _column_recipe(self, k: int) -> AnyColumn:
        place = self.chosen.features[k]
        return self.columns[k].recipe(self.headings[place], place)

    def _column(self, place: int) -> TableColumn:
        return TableColumn(heading=self.headings[place], place=place)

    def _commented(self, n: int, options: TableOptions) -> list[str]:
        """The headings in a comment before the first row if it has as many words; else blanks."""
        found = self.text.split(self.text.comment.lstrip("# \t").rstrip())
        fits = len(found) == n > 1 and not any(map(is_plain, found)) and options.headings is None
        return found if fits else [""] * n

    def _read(
        self,
        rows: Iterable[tuple[int, list[str]]],
        first_line: int,
        labels: LabelColumns,
        spool: IO[bytes],
    ) -> None:
        """Read all rows: codes into the temporary file, labels and lines into memory."""
        features = self.chosen.features
        n_block = max(1, _BLOCK_CELLS // len(features))
        block: list[list[float]] = []
        cells: list[list[str]] = []
        for line, row in rows:
            self._check_width(line, row, first_line)
            texts = [row[i] for i in features]
            values = self._codes(texts, line)
            if values is None or not labels.add(row, line):
                self.n_dropped += 1
                continue
            cells.append(texts)
            self.lines.append(line)
            block.append(values)
            if len(block) == n_block:
                self._keep(np.array(block, np.float64), cells, spool)
                block, cells = [], []
        if block:
            self._keep(np.array(block, np.float64), cells, spool)

    def _codes(self, texts: list[str], line: int) -> list[float] | None:
        """The codes of a row's cells; None if the row is left out."""
        if self._are_numbers and (found := plain_numbers(texts)) is not None:
            return found
        place = f"{self.path}:{line}"
        codes = []
        for column, text in zip(self.columns, texts, strict=True):
            code = column.take(text, place, line)
            if code is None:
                return None
            codes.append(code)
        self._are_numbers = all(column.are_numbers for column in self.columns)
        return codes

    def _keep(self, values: np.ndarray, cells: Sequence[Sequence[str]], spool: IO[bytes]) -> None:
        """Write the last rows to the temporary file, and see what float32 does not hold of them."""
        with np.errstate(over="ignore"):
            narrow = values.astype(np.float32)
        other = (narrow != values) & ((np.abs(narrow) < _TINY) | np.isinf(narrow))
        other |= (np.abs(values) > _EXACT_FLOAT32) & (narrow != values)
        other |= np.abs(values) >= _EXACT_FLOAT64  # which text may have been rounded to
        first = len(self.lines) - len(values)
        for i, k in np.argwhere(other) if other.any() else ():
            self._check_type(cells[i][k], float(values[i, k]), self.lines[first + i], int(k))
        has_points = any("." in "".join(row) for row in cells)
        for k, column in enumerate(self.chosen.features):
            if column in self.grouped:
                if self.columns[k].words is not None:
                    del self.grouped[column]
                    continue
                is_there = ~np.isnan(values[:, k])
                texts = [row[k] for row, is_one in zip(cells, is_there, strict=True) if is_one]
                self._look_for_thousands(column, values[is_there, k], texts if has_points else ())
        try:
            spool.write(values.tobytes())
            spool.flush()
        except OSError as error:
            raise DataError(
                f"no room for the numbers of {self.path} in {tempfile.gettempdir()}: "
                f"{error.strerror}\n  set TMPDIR to a folder that has it"
            ) from error

    def _check_type(self, cell: str, value: float, line: int, k: int) -> None:
        """Ask for float64 if a cell needs it; that a decimal number is rounded is no reason."""
        text, name = cell.strip(), self.chosen.name(self.chosen.features[k])
        with np.errstate(over="ignore"):
            narrow = float(np.float32(value))
        if is_whole(text) and whole_number(text) != value:
            raise DataError(
                f"{self.path}:{line}, {name}: {text} would be rounded to {value:.0f}\n"
                "  only a label may be so large; leave out what is no quantity: --leave-out COLUMN"
            )
        if narrow != value and (is_whole(text) or not _TINY <= abs(narrow) < np.inf):
            self.needs_float64 = self.needs_float64 or f"{text} (line {line}, {name})"

    def _look_for_thousands(self, column: int, values: np.ndarray, cells: Iterable[str]) -> None:
        """Forget a column in which a number can have no mark between thousands, or lacks one."""
        sizes = np.abs(values)
        fits = ((sizes == 0) | (sizes >= 1) & (sizes < _THOUSAND)).all()
        found = perhaps_grouped(cells) if fits else None
        if found is None:
            del self.grouped[column]
        else:
            self.grouped[column] = self.grouped[column] or found

    def _check_width(self, line: int, row: Sequence[str], first_line: int) -> None:
        if len(row) != len(self.headings):
            raise DataError(
                f"{self.path}:{line}: {len(row)} values, expected {len(self.headings)}"
                f" as in line {self.headed_at or first_line}\n"
                f"  it was read as {self.text.described()}"
            )

    def _is_index(self) -> bool:
        """Whether the first column's numbers are whole and all different."""
        first = np.array(self.values[:, 0])
        return bool((first == np.rint(first)).all()) and len(np.unique(first)) == len(first)

    def _without_rows(self) -> DataError:
        return DataError(
            f"{self.path} has no rows\n  expected numbers, separated by commas or the like"
        )
