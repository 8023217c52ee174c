"""What is said of a table that was read: how, and what each column was taken for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from graphnet.data.csv.column_roles import ChosenColumns
from graphnet.data.csv.delimited_text import DelimitedText
from graphnet.data.csv.feature_column import FeatureColumn
from graphnet.data.csv.plain_number import is_missing
from graphnet.data.recipe.columns import AnyColumn, NumberColumn
from graphnet.data.recipe.table import TableRecipe

_FEW_ROWS = 3  # fewer may count up by chance
_MOST_WORDS = 6
_FIRST_DATE, _LAST_DATE = 19_000_101, 21_001_231
_MONTHS, _DAYS = 12, 31


class TableRead(Protocol):
    """What has been found in a table; see :class:`graphnet.data.csv.table.CsvTable`."""

    text: DelimitedText
    headings: Sequence[str]
    headed_at: int
    chosen: ChosenColumns
    columns: Sequence[FeatureColumn]
    kept: np.ndarray
    values: np.ndarray
    n_rows: int
    n_dropped: int
    needs_float64: str
    grouped: dict[int, str]
    classes: Sequence[str]
    recipe: TableRecipe


def notes(table: TableRead) -> list[tuple[str, str]]:
    """How it was read, in words."""
    chosen = table.chosen
    headed = "headings in a comment" if any(table.headings) else "no headings"
    if table.headed_at:
        headed = f"headings in line {table.headed_at}"
    found = [("read as", f"{table.text.described()}, {headed}")]
    if table.text.n_comments:
        n = table.text.n_comments
        found.append(("left out", f"{n:,} line{'s'[: n != 1]} of comments (#)"))
    if table.n_dropped:
        n = table.n_dropped
        found.append(("left out", f"{n:,} row{'s'[: n != 1]} with gaps"))
    kept = [chosen.features[k] for k in table.kept]
    left_out = sorted({*range(len(table.headings))} - {*kept, *chosen.labels, chosen.weight})
    if left_out:
        index = ", an index" if len(kept) < len(chosen.features) else ""
        found.append(("left out", ", ".join(chosen.name(i) + index * (i == 0) for i in left_out)))
    label = "none"
    if chosen.labels:
        one = len(chosen.labels) == 1
        label = chosen.name(chosen.labels[0]) if one else chosen.named(chosen.labels)
    found += [("label", label), ("data", chosen.named(kept))]
    if chosen.weight is not None:
        found.append(("weight", chosen.name(chosen.weight)))
    if table.needs_float64 and table.recipe.dtype == "float64":
        found.append(("data", f"as float64: float32 would not hold {table.needs_float64}"))
    if grouped := {column: text for column, text in table.grouped.items() if text}:
        first = next(iter(grouped.values()))
        text = f"{first} is read with a decimal point: is it a mark between thousands?"
        found.append(("note", f"{chosen.named(list(grouped))}: {text}"))
    return found + [("note", text) for text in _doubts(table)]


def _doubts(table: TableRead) -> list[str]:
    """What the user may want to look at."""
    said = [
        f"{n} columns are headed '{heading}'"
        for heading, n in Counter(table.headings).items()
        if heading and n > 1
    ]
    said += [
        f"a class is called '{name}': is its name missing?"
        for name in table.classes
        if is_missing(name)
    ]
    for k in table.kept.tolist():
        column = table.columns[k]
        if column.words is None:
            if _counts_rows(table, k):
                said.append(f"{column.name} counts the rows: leave it out if it is an index")
            elif _may_be_dates(table, k):
                said.append(
                    f"{column.name} looks like dates (YYYYMMDD): as numbers they are unequal steps"
                )
            continue
        said += [f"{column.name} has the word {w!r}: is it a gap?" for w in column.words
                 if is_missing(w)]  # fmt: skip
        folded = Counter(word.casefold() for word in column.words)
        twice = [word for word in column.words if folded[word.casefold()] > 1]
        if twice:
            said.append(f"{column.name} has words that differ in case alone: {', '.join(twice)}")
    return said


def _counts_rows(table: TableRead, k: int) -> bool:
    """Whether a feature counts the rows, from 0 or from 1."""
    values, n = table.values, table.n_rows
    few = values[:_FEW_ROWS, k] - np.arange(min(_FEW_ROWS, n))
    if len(few) < _FEW_ROWS or few[0] not in (0, 1) or (few != few[0]).any():
        return False  # without reading the whole column
    return bool(np.array_equal(values[:, k] - few[0], np.arange(n)))


def _may_be_dates(table: TableRead, k: int) -> bool:
    """Whether the first numbers of a feature are days, written as 20240131."""
    few = table.values[:_FEW_ROWS, k]
    is_one = (few >= _FIRST_DATE) & (few <= _LAST_DATE) & (few == np.rint(few))
    if len(few) < _FEW_ROWS or not is_one.all():
        return False
    months, days = few // 100 % 100, few % 100
    return bool(((months >= 1) & (months <= _MONTHS) & (days >= 1) & (days <= _DAYS)).all())


def column_table(table: TableRead) -> list[Sequence[str]]:
    """Of each column that is a feature: its name, what it was taken for, its features, its gaps.

    Empty where all are numbers as they stand.
    """
    rows: list[Sequence[str]] = []
    start, is_plain = 0, True
    for k, column in zip(table.kept.tolist(), table.recipe.columns, strict=True):
        n = len(column.features)
        features = str(start) if n == 1 else f"{start} to {start + n - 1}"
        found = table.columns[k]
        gaps = f"{found.n_gaps:,} ({_filled(column, found.rule)})" if found.n_gaps else ""
        is_plain &= not gaps and _kind(column) == "numbers"
        rows.append((column.name, _kind(column), features, gaps))
        start += n
    return [] if is_plain else rows


def _kind(column: AnyColumn) -> str:
    if isinstance(column, NumberColumn):
        if (column.mean, column.std) == (0.0, 1.0):
            return "numbers"
        return f"numbers, less {column.mean:.4g}, divided by {column.std:.4g}"
    shown = ", ".join(column.words[:_MOST_WORDS])
    more = len(column.words) - _MOST_WORDS
    how = "words" if column.encoding == "one-hot" else f"words, as 0 to {len(column.words) - 1}"
    return f"{how}: {shown}" + (f" and {more:,} more" if more > 0 else "")


def _filled(column: AnyColumn, rule: str) -> str:
    """What stands for a gap."""
    if not isinstance(column, NumberColumn):
        return "a word of their own"
    fill = "0" if rule == "zero" else f"the mean, {column.fill:.4g}"
    return f"{fill}, and a feature" if column.gap_feature else fill
