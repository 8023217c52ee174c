"""What is in a data file: shapes, storage, statistics, classes, and what may be wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.data.hdf5.reader import (
    MATLAB_AXES,
    HDF5File,
    contents,
)
from graphnet.data.sets import store
from graphnet.data.table import ArrayPart, Part
from graphnet.errors import DataError

_BLOCK_BYTES = 1 << 24
_MOST_CLASSES, _MOST_GAPS = 1000, 10
_NONE = np.empty(0)


@dataclass
class Survey:
    """What the values of one data set are like.

    Attributes:
        name: Of the data set.
        shape: With the rows.
        dtype: On disk.
        storage: ``contiguous``, or its chunks and their compression.
        low: The smallest of the values that are finite and not missing; NaN if there is none.
        high: The largest of them.
        mean: Of them.
        std: Their standard deviation, divided by their number.
        n_nan: How many values are NaN.
        n_infinite: How many are infinite.
        n_missing: How many are a number that stands for a missing value.
        n_constant: How many features are the same in every row.
        classes: How many rows hold each number, if a row is one whole number and there are no more
            than 1,000 different ones; else empty.
        problems: In words.
    """

    name: str
    shape: Shape
    dtype: np.dtype
    storage: str
    low: float = np.nan
    high: float = np.nan
    mean: float = np.nan
    std: float = np.nan
    n_nan: int = 0
    n_infinite: int = 0
    n_missing: int = 0
    n_constant: int = 0
    classes: dict[int, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class FileSurvey:
    """All data sets of a file, and what is wrong with it as a whole.

    Attributes:
        sets: What each is like.
        problems: In words.
        class_names: What the classes are called, in order; empty if the file does not say.
    """

    sets: list[Survey]
    problems: list[str]
    class_names: tuple[str, ...] = ()

    @property
    def all_problems(self) -> list[str]:
        """Of the file and of each data set."""
        return [*self.problems, *(f"'{s.name}' {p}" for s in self.sets for p in s.problems)]


def survey(source: str) -> FileSurvey:
    """Look once at every value of an HDF5 file or of ``dataset:NAME/SPLIT``."""
    is_named = source.startswith(store.PREFIX)
    place = store.resolve(source.removeprefix(store.PREFIX)) if is_named else Path(source)
    sets: list[Survey] = []
    problems: list[str] = []
    names: tuple[str, ...] = ()
    if isinstance(place, store.EmbeddedSplit):
        parts = (ArrayPart(place.name, place.values, [name]) for name in place.values)
        sets += (_surveyed(part, "in memory") for part in parts)
    else:
        there = contents(place)
        names = there.class_names
        if there.is_from_matlab:
            problems.append(MATLAB_AXES.strip())
        for name, storage in there.storage.items():
            try:
                part = HDF5File(place, [name], keep_missing=True)
            except DataError as error:  # not numbers, empty, elsewhere
                problems.append(str(error).partition("\n")[0].removeprefix(f"{place}: "))
                continue
            try:
                sets.append(_surveyed(part, storage, part.stand_ins[0]))
            finally:
                part.close()
    if len({s.shape[0] for s in sets}) > 1:
        counts = ", ".join(f"'{s.name}' {s.shape[0]}" for s in sets)
        problems.append(f"the data sets have unequal numbers of rows: {counts}")
    if not sets:
        problems.append("there is no data set to learn from")
    problems += [
        f"the file names {len(names)} classes, and '{s.name}' holds {max(s.classes)}"
        for s in sets
        if names and _is_label(s.name) and s.classes and max(s.classes) >= len(names)
    ]
    return FileSurvey(sets, problems, names)


@np.errstate(over="ignore", invalid="ignore")  # of NaN, and of sums that are too large
def _surveyed(part: Part, storage: str, stand_ins: np.ndarray = _NONE) -> Survey:
    (column,) = part.columns
    found = Survey(column.name, (part.n_rows, *column.shape), column.dtype, storage)
    is_label = column.shape in ((), (1,))
    counts: Counter[float] | None = Counter() if is_label else None
    lows = highs = np.empty(0)
    count, total, squares = 0, 0.0, 0.0
    for block in _blocks(part):
        values = block.reshape(len(block), -1)
        row_low, row_high = values.min(axis=0), values.max(axis=0)  # NaN where there is one
        lows = np.minimum(lows, row_low) if lows.size else row_low
        highs = np.maximum(highs, row_high) if highs.size else row_high
        present = values[~np.isin(values, stand_ins)] if stand_ins.size else values
        found.n_missing += values.size - present.size
        finite = present if np.isfinite(present).all() else _finite(present, found)
        if finite.size:
            low, high = finite.min().item(), finite.max().item()  # whole numbers stay exact
            found.low = low if np.isnan(found.low) else min(found.low, low)
            found.high = high if np.isnan(found.high) else max(found.high, high)
            # Chan, Golub & LeVeque 1979: the sum of squared deviations over two parts
            n, mean = finite.size, float(finite.mean(dtype=np.float64))
            change = mean - (total / count if count else mean)
            spread = float(finite.var(dtype=np.float64)) * n
            squares += spread + change**2 * count * n / (count + n)
            count, total = count + n, total + mean * n
        if counts is not None:
            counts.update(dict(zip(*_counted(finite), strict=True)))
            counts = counts if len(counts) <= _MOST_CLASSES else None
    if count:
        found.mean, found.std = total / count, float(np.sqrt(squares / count))
    found.n_constant = int((lows == highs).sum()) if part.n_rows > 1 else 0
    if counts and all(float(value).is_integer() for value in counts):
        found.classes = {int(value): counts[value] for value in sorted(counts)}
    found.problems += _problems(found, counts)
    return found


def _finite(values: np.ndarray, found: Survey) -> np.ndarray:
    """The finite values; counts the others."""
    n_nan = int(np.isnan(values).sum())
    finite: np.ndarray = values[np.isfinite(values)]
    found.n_nan += n_nan
    found.n_infinite += values.size - finite.size - n_nan
    return finite


def _counted(values: np.ndarray) -> tuple[list[float], list[int]]:
    """The different values, whole numbers exactly, and how often each occurs."""
    different, counts = np.unique(values, return_counts=True)
    is_float = values.dtype.kind == "f"
    return (different.astype(np.float64) if is_float else different).tolist(), counts.tolist()


def _blocks(part: Part) -> Iterator[np.ndarray]:
    """All rows, a few megabytes at a time and in whole chunks."""
    (column,) = part.columns
    chunk = column.chunk_rows
    step = max(1, _BLOCK_BYTES // max(1, column.row_bytes * chunk)) * chunk
    out = np.empty((min(step, part.n_rows), *column.shape), column.dtype)
    for start in range(0, part.n_rows, step):
        stop = min(part.n_rows, start + step)
        part.read(start, stop, [out[: stop - start]])
        yield out[: stop - start]


def _problems(found: Survey, counts: Counter[float] | None) -> list[str]:
    """What may be wrong with one data set."""
    problems: list[str] = []
    if found.n_nan:
        problems.append(f"has {found.n_nan:,} values that are NaN")
    if found.n_infinite:
        problems.append(f"has {found.n_infinite:,} infinite values")
    if found.n_missing:
        problems.append(f"has {found.n_missing:,} values that the file declares to be missing")
    n_features = int(np.prod(found.shape[1:]))
    if found.n_constant == n_features > 1:
        problems.append("has the same values in every row")
    elif found.n_constant and n_features > 1:
        problems.append(f"has {found.n_constant:,} of {n_features:,} features that never change")
    elif found.n_constant:
        problems.append(f"is {found.low:g} in every row")
    if _is_label(found.name):
        problems += _label_problems(found, counts)
    return problems


def _is_label(name: str) -> bool:
    return name.rpartition("/")[2] in ("label", "labels")


def _label_problems(found: Survey, counts: Counter[float] | None) -> list[str]:
    """What may be wrong with classes."""
    problems: list[str] = []
    n_values = int(np.prod(found.shape[1:]))
    if n_values > 1:
        problems.append(f"has {shape_text(found.shape[1:])} values a row, where one class is usual")
    if counts and not found.classes:
        value = next(v for v in counts if not float(v).is_integer())
        problems.append(f"holds {value:g}: a class is a whole number")
    if found.low < 0:
        problems.append(f"holds {found.low:g}: classes are counted from 0")
    if found.classes:
        missing = (n for a, b in pairwise([-1, *found.classes]) for n in range(a + 1, b))
        gaps = list(map(str, islice(missing, _MOST_GAPS + 1)))  # there may be endlessly many
        if gaps:
            listed = ", ".join([*gaps[:_MOST_GAPS], *(["…"] if len(gaps) > _MOST_GAPS else [])])
            problems.append(f"has no sample of class {listed}")
    return problems
