"""A table: the rows of several files or arrays as if they were one, or a range of these rows."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TypeAlias

import numpy as np

from graphnet.blob import shape_text
from graphnet.data.hdf5.reader import Column, HDF5File
from graphnet.declare.lossless import real_array
from graphnet.errors import DataError, did_you_mean

ROWS_PATTERN = r"^\s*(-?\d{1,18}%?)?\s*:\s*(-?\d{1,18}%?)?\s*$"
_OPEN_FILES = 16
_MOST_PIECES = 1 << 22


class ArrayPart:
    """Arrays in memory; referenced, not copied."""

    def __init__(self, name: str, arrays: Mapping[str, np.ndarray], names: Sequence[str]) -> None:
        self.name = name
        for wanted in names:
            if wanted not in arrays:
                raise DataError(
                    f"{name}: '{wanted}' is missing\n  found: {', '.join(arrays) or 'nothing'}"
                    f"{did_you_mean(wanted, arrays)}"
                )
        self.arrays = [real_array(arrays[n], f"{name}: '{n}'") for n in names]
        for wanted, array in zip(names, self.arrays, strict=True):
            if not array.ndim or not array.size:
                raise DataError(f"{name}: '{wanted}' is empty: its shape is {array.shape}")
        named = list(zip(names, self.arrays, strict=True))
        if len({len(array) for array in self.arrays}) > 1:
            counts = ", ".join(f"'{wanted}' has {len(array)}" for wanted, array in named)
            raise DataError(f"{name}: unequal numbers of rows: {counts}")
        self.n_rows = len(self.arrays[0])
        self.columns = tuple(Column(n, a.dtype.newbyteorder("="), a.shape[1:]) for n, a in named)

    def read(self, start: int, stop: int, outs: Sequence[np.ndarray]) -> None:
        """Copy rows ``start`` to ``stop`` of each array."""
        for array, out in zip(self.arrays, outs, strict=True):
            np.copyto(out, array[start:stop])

    def where(self, row: int) -> str:
        """The place of a row, for messages."""
        return f"{self.name}, row {row}"

    def close(self) -> None:
        """Nothing to release."""


#: One file or set of arrays.
Part: TypeAlias = HDF5File | ArrayPart


class Table:
    """Parts one after the other.

    Attributes:
        columns: What the rows are like.
        n_rows: In the range.
        row_bytes: Bytes of a row, of all columns together.
        largest_chunk: Bytes of the largest chunk of a file.

    Args:
        parts: At least one.
        rows: The range, ``START:STOP`` as in a Python slice; a bound may be a percentage. None:
            all rows.
    """

    def __init__(self, parts: Sequence[Part], rows: str | None = None) -> None:
        self.parts = list(parts)
        self.columns = tuple(self._merged(i) for i in range(len(parts[0].columns)))
        self.row_bytes = sum(c.row_bytes for c in self.columns)
        self._ends = list(accumulate(p.n_rows for p in parts))
        self.start, self.stop = row_range(rows, self._ends[-1])
        self.n_rows = self.stop - self.start
        self.largest_chunk = max(c.chunk_rows * c.row_bytes for p in parts for c in p.columns)
        self._open: list[Part] = []

    def _merged(self, index: int) -> Column:
        """A column over all parts, of the type that holds the values of each part."""
        first = self.parts[0].columns[index]
        for part in self.parts:
            if part.columns[index].shape != first.shape:
                raise DataError(
                    f"the rows of '{first.name}' differ in shape from part to part\n"
                    f"  {self.parts[0].where(0)}: {shape_text(first.shape)}\n"
                    f"  {part.where(0)}: {shape_text(part.columns[index].shape)}"
                )
        types = {p.columns[index].dtype for p in self.parts}
        dtype = np.result_type(*types)
        if dtype.kind == "f" and all(t.kind in "iu" for t in types):
            raise DataError(
                f"'{first.name}' is {' and '.join(sorted(map(str, types)))} in different parts\n"
                "  no type holds the whole numbers of both: store them alike"
            )
        return Column(first.name, dtype, first.shape)

    def arrays(self) -> list[np.ndarray] | None:
        """The rows without a copy if they are arrays already, otherwise None."""
        part = self.parts[0]
        if len(self.parts) > 1 or not isinstance(part, ArrayPart):
            return None
        return [a[self.start : self.stop] for a in part.arrays]

    def chunk_sizes(self, target_bytes: int) -> np.ndarray:
        """Rows of each piece to be read at once, about ``target_bytes`` each.

        A piece lies within one part and holds whole chunks of that file. Millions of pieces are
        refused: a damaged file can claim any size.
        """
        sizes: list[np.ndarray] = []
        for part, low, high in self._spans(0, self.n_rows):
            stored = max(part.columns, key=lambda c: c.row_bytes).chunk_rows
            step = max(1, target_bytes // (self.row_bytes * stored)) * stored
            if (high - low) // step > _MOST_PIECES:
                raise DataError(
                    f"{part.where(0)}: the file claims {part.n_rows} rows of {self.row_bytes} "
                    "bytes\n  if it really holds so many, set buffer_bytes higher; else it is "
                    "damaged"
                )
            bounds = np.arange(low // step + 1, -(-high // step)) * step
            sizes.append(np.diff(np.concatenate(([low], bounds, [high]))))
        return np.concatenate(sizes)

    def read(self, start: int, stop: int, outs: Sequence[np.ndarray]) -> None:
        """Read rows ``start`` to ``stop`` of the table into the beginning of each array."""
        done = 0
        for part, low, high in self._spans(start, stop):
            self._keep_open(part)
            part.read(low, high, [out[done : done + high - low] for out in outs])
            done += high - low

    def where(self, row: int) -> str:
        """The place of a row of the table, for messages."""
        ((part, low, _),) = self._spans(row, row + 1)
        return part.where(low)

    def close(self) -> None:
        """Close all files; reading opens them again."""
        for part in self._open:
            part.close()
        self._open.clear()

    def _spans(self, start: int, stop: int) -> Iterator[tuple[Part, int, int]]:
        """The parts that rows of the table lie in, with the rows within each."""
        row, stop = start + self.start, stop + self.start
        index = bisect_right(self._ends, row)
        while row < stop:
            begin = self._ends[index - 1] if index else 0
            end = min(stop, self._ends[index])
            yield self.parts[index], row - begin, end - begin
            row, index = end, index + 1

    def _keep_open(self, part: Part) -> None:
        """Remember an open file; if many are open, close the one used longest ago."""
        if part in self._open:
            self._open.remove(part)
        self._open.append(part)
        if len(self._open) > _OPEN_FILES:
            self._open.pop(0).close()


def row_range(rows: str | None, total: int, what: str = "rows") -> tuple[int, int]:
    """The first and last bound that ``START:STOP`` means among ``total`` rows.

    Args:
        rows: The range; None for all.
        total: How many there are.
        what: What a message calls the range.

    Raises:
        DataError: If it is none, or selects nothing or more than there is.
    """
    if rows is None:
        return 0, total
    found = re.fullmatch(ROWS_PATTERN, rows)
    if found is None:
        raise DataError(f"{what} '{rows}' is not a range\n  expected START:STOP, such as 0:50000")
    start = _bound(found[1], total, 0)
    stop = _bound(found[2], total, total)
    if not 0 <= start < stop <= total:
        raise DataError(
            f"{what} '{rows}' selects {'nothing of' if start >= stop else 'more than'} "
            f"the {total} {'symbols' if what == 'part' else 'rows'} there are\n"
            f"  a bound may also be negative (from the end) or a percentage, such as 80%:"
        )
    return start, stop


def _bound(text: str | None, total: int, default: int) -> int:
    if text is None:
        return default
    value = total * int(text[:-1]) // 100 if text.endswith("%") else int(text)
    return value + total if text.startswith("-") else value
