"""Tables of text that can be packed: every cell is checked, and none taken for another number.

A table is read once, row by row, and its numbers are kept in a temporary file, so that it may be
larger than the memory.
"""

from __future__ import annotations

import tempfile
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np

from graphnet.data.csv.column_roles import TableOptions, are_headings, choose
from graphnet.data.csv.delimited_text import DelimitedText
from graphnet.data.csv.label_column import LabelColumn
from graphnet.data.csv.plain_number import (
    is_missing,
    is_plain,
    is_whole,
    perhaps_grouped,
    plain_numbers,
    why_not_plain,
)
from graphnet.data.recipe.columns import NumberColumn
from graphnet.data.recipe.stored import Recipe
from graphnet.data.recipe.table import LabelSource, TableRecipe
from graphnet.data.tools.packable import DataSets
from graphnet.errors import DataError

_AS_FOUND = TableOptions()
_BLOCK_CELLS = 1 << 18
_FEW_ROWS = 3  # fewer may count up by chance
_THOUSAND = 1000
_TINY = np.finfo(np.float32).tiny  # below it float32 holds fewer digits
_EXACT_FLOAT32, _EXACT_FLOAT64 = 1 << 24, 1 << 53  # up to these all whole numbers are held


class CsvTable:
    """A table of numbers as text, perhaps with headings, and with words for the label.

    ``data`` has the features in their order, as float32, or as float64 where float32 would round a
    whole number, or hold a number as infinite, as 0 or with fewer digits. ``label`` is what
    ``LabelColumn.values`` gives. A first column without a heading whose numbers are whole and all
    different is an index, and left out.

    Attributes:
        notes: How it was read, and what each column is.
    """

    def __init__(self, path: Path, options: TableOptions = _AS_FOUND) -> None:
        self.path = path
        self.text = DelimitedText(path, options.delimiter, options.encoding)
        rows = iter(self.text)
        first = next(rows, None)
        if first is None:
            raise self._without_rows()
        is_headed = are_headings(path, first[1], options)
        self.headed_at = first[0] if is_headed else 0
        headings = first[1] if is_headed else self._commented(len(first[1]), options)
        self.headings = [cell.strip() for cell in headings]
        second = next(rows, None) if self.headed_at else first
        if second is None:
            raise self._without_rows()
        self._check_width(second[0], second[1], first[0])
        self.chosen = choose(path, self.headings, second[1], options)
        self.lines, labels = array("q"), LabelColumn(self._label_place)
        self.needs_float64 = ""
        # by feature, a number with a point that may be meant as a mark between thousands
        self._grouped = (
            {} if self.text.delimiter == "," else dict.fromkeys(self.chosen.features, "")
        )
        with tempfile.TemporaryFile() as spool:
            self._read(chain([second], rows), first[0], labels, spool)
            shape = (len(self.lines), len(self.chosen.features))
            self._values = np.memmap(spool, np.float64, "r", shape=shape)
        self._kept = np.arange(shape[1])
        if self.chosen.may_be_index and self._is_index():
            self._kept = self._kept[1:]
        self.n_rows = shape[0]
        self.labels: np.ndarray = np.empty(0)
        self.classes: Sequence[str] = ()
        if self.chosen.label is not None:
            self.labels, self.classes = labels.values()
            if self.text.delimiter != "," and not self.classes:
                self._grouped[self.chosen.label] = ""
                self._look_for_thousands(self.chosen.label, self.labels, labels.lines)
        dtype = np.dtype(np.float64 if self.needs_float64 else np.float32)
        label = {} if self.chosen.label is None else {"label": (self.labels.dtype, ())}
        self.data_sets: DataSets = {"data": (dtype, (len(self._kept),)), **label}
        self.recipe: Recipe | None = TableRecipe(
            n_columns=len(self.headings),
            columns=tuple(
                NumberColumn(heading=self.headings[i], place=i)
                for i in (self.chosen.features[k] for k in self._kept)
            ),
            labels=self._label_sources(),
            dtype="float64" if self.needs_float64 else "float32",
        )
        self.notes: Sequence[tuple[str, str]] = self._notes()

    def rows(self, numbers: np.ndarray) -> dict[str, np.ndarray]:
        """These rows: ``data``, and ``label`` if there is one."""
        dtype, _ = self.data_sets["data"]
        found = {"data": self._values[numbers][:, self._kept].astype(dtype)}
        if self.chosen.label is not None:
            found["label"] = self.labels[numbers]
        return found

    def _label_sources(self) -> tuple[LabelSource, ...]:
        place = self.chosen.label
        if place is None:
            return ()
        words = tuple(self.classes)
        return (LabelSource(heading=self.headings[place], place=place, words=words),)

    def where(self, number: int) -> str:
        """The file and line of a row."""
        return f"{self.path}:{self.lines[number]}"

    def _commented(self, n: int, options: TableOptions) -> list[str]:
        """The headings in a comment before the first row if it has as many words; else blanks."""
        found = self.text.split(self.text.comment.lstrip("# \t").rstrip())
        fits = len(found) == n > 1 and not any(map(is_plain, found)) and options.headings is None
        return found if fits else [""] * n

    def _read(
        self,
        rows: Iterable[tuple[int, list[str]]],
        first_line: int,
        labels: LabelColumn,
        spool: IO[bytes],
    ) -> None:
        """Read all rows: numbers into the temporary file, labels and lines into memory."""
        label, features = self.chosen.label, self.chosen.features
        n_block = max(1, _BLOCK_CELLS // len(features))
        block: list[list[float]] = []
        cells: list[list[str]] = []
        for line, row in rows:
            self._check_width(line, row, first_line)
            if label is not None:
                labels.add(row[label], line)
            cells.append([row[i] for i in features])
            values = plain_numbers(cells[-1])
            if values is None:
                raise self._bad_cell(line, row)
            self.lines.append(line)
            block.append(values)
            if len(block) == n_block:
                self._keep(np.array(block), cells, spool)
                block, cells = [], []
        if block:
            self._keep(np.array(block), cells, spool)

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
            if column in self._grouped:
                texts = [row[k] for row in cells] if has_points else ()
                self._look_for_thousands(column, values[:, k], texts)
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
        if is_whole(text) and int(text) != value:
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
            del self._grouped[column]
        else:
            self._grouped[column] = self._grouped[column] or found

    def _check_width(self, line: int, row: Sequence[str], first_line: int) -> None:
        if len(row) != len(self.headings):
            raise DataError(
                f"{self.path}:{line}: {len(row)} values, expected {len(self.headings)}"
                f" as in line {self.headed_at or first_line}\n"
                f"  it was read as {self.text.described()}"
            )

    def _label_place(self, line: int) -> str:
        return f"{self.path}:{line}, {self.chosen.name(self.chosen.label or 0)}"

    def _bad_cell(self, line: int, row: Sequence[str]) -> DataError:
        """The error about the first cell of a row that is no plain number."""
        at = next(i for i in self.chosen.features if plain_numbers([row[i]]) is None)
        place = f"{self.path}:{line}, {self.chosen.name(at)}"
        return DataError(f"{place}: {why_not_plain(row[at])}")

    def _is_index(self) -> bool:
        """Whether the first column's numbers are whole and all different."""
        first = np.array(self._values[:, 0])
        return bool((first == np.rint(first)).all()) and len(np.unique(first)) == len(first)

    def _without_rows(self) -> DataError:
        return DataError(
            f"{self.path} has no rows\n  expected numbers, separated by commas or the like"
        )

    def _notes(self) -> list[tuple[str, str]]:
        """How it was read, in words."""
        chosen = self.chosen
        headed = "headings in a comment" if any(self.headings) else "no headings"
        if self.headed_at:
            headed = f"headings in line {self.headed_at}"
        notes = [("read as", f"{self.text.described()}, {headed}")]
        if self.text.n_comments:
            n = self.text.n_comments
            notes.append(("left out", f"{n:,} line{'s'[: n != 1]} of comments (#)"))
        kept = [chosen.features[k] for k in self._kept]
        left_out = sorted({*range(len(self.headings))} - {*kept, chosen.label})
        if left_out:
            index = ", an index" if len(kept) < len(chosen.features) else ""
            notes.append(
                ("left out", ", ".join(chosen.name(i) + index * (i == 0) for i in left_out))
            )
        label = "none" if chosen.label is None else chosen.name(chosen.label)
        notes += [("label", label), ("data", chosen.named(kept))]
        if self.needs_float64:
            notes.append(("data", f"as float64: float32 would not hold {self.needs_float64}"))
        if grouped := {column: text for column, text in self._grouped.items() if text}:
            first = next(iter(grouped.values()))
            text = f"{first} is read with a decimal point: is it a mark between thousands?"
            notes.append(("note", f"{chosen.named(list(grouped))}: {text}"))
        said = [
            f"{n} columns are headed '{heading}'"
            for heading, n in Counter(self.headings).items()
            if heading and n > 1
        ]
        said += [
            f"a class is called '{name}': is its name missing?"
            for name in self.classes
            if is_missing(name)
        ]
        said += [
            f"{chosen.name(chosen.features[k])} counts the rows: leave it out if it is an index"
            for k in self._kept.tolist()
            if self._counts_rows(k)
        ]
        return notes + [("note", text) for text in said]

    def _counts_rows(self, k: int) -> bool:
        """Whether a feature counts the rows, from 0 or from 1."""
        few = self._values[:_FEW_ROWS, k] - np.arange(min(_FEW_ROWS, self.n_rows))
        if len(few) < _FEW_ROWS or few[0] not in (0, 1) or (few != few[0]).any():
            return False  # without reading the whole column
        return bool(np.array_equal(self._values[:, k] - few[0], np.arange(self.n_rows)))
