"""Which column of a table is the label and which are features, by the rules of docs/data.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graphnet.data.csv.plain_number import is_plain, is_word
from graphnet.data.text_file import one_line
from graphnet.errors import DataError, did_you_mean

#: Headings that say that a column is the label, in any case; so does ``y`` on the first or last.
LABEL_WORDS = ("label", "labels", "class", "target")
_UNNAMED = re.compile(r"(unnamed: ?0)?", re.IGNORECASE)
_MOST_NAMED = 8
_COUNTED = 3  # as many numbers that count up from 0 are more likely headings than values


@dataclass(frozen=True)
class TableOptions:
    """How a table of text is read.

    Attributes:
        label: The label's column, by heading or by number: from 0, or negative from the end; or
            several. None: :func:`choose` finds it.
        no_label: Whether there is none.
        leave_out: Columns that are neither label nor feature.
        headings: Whether the first row is headings. None: :func:`are_headings` finds it.
        delimiter: What separates the columns. None: it is found.
        encoding: Of the text. None: its byte order mark says it, else it is UTF-8.
        pictures: The column that holds the files of pictures.
        weight: The column of the sample weights.
        missing: What is done about gaps: a rule, or ``COLUMN=RULE`` for one column. See
            :data:`graphnet.data.csv.feature_column.GapRule`; ``refuse`` where none is given.
        one_hot: Columns that are words, whatever they hold: a feature for each word.
        index: Likewise, with one feature: the word's number.
        standardize: Whether each column of numbers gets mean 0 and deviation 1 on the training
            rows.
    """

    label: str | tuple[str, ...] | None = None
    no_label: bool = False
    leave_out: tuple[str, ...] = ()
    headings: bool | None = None
    delimiter: str | None = None
    encoding: str | None = None
    weight: str | None = None
    missing: tuple[str, ...] = ()
    one_hot: tuple[str, ...] = ()
    index: tuple[str, ...] = ()
    standardize: bool = False
    pictures: str | None = None


@dataclass(frozen=True)
class ChosenColumns:
    """What each column is.

    Attributes:
        headings: Of all columns, blank where there is none.
        labels: Which are labels; usually one.
        features: Which are features, in order.
        may_be_index: Whether the first feature is an index if its numbers are all different.
        weight: Which holds the sample weights; None if none does.
    """

    headings: Sequence[str]
    labels: tuple[int, ...]
    features: tuple[int, ...]
    may_be_index: bool
    weight: int | None = None

    def name(self, at: int) -> str:
        """How messages call a column."""
        return column_name(self.headings, at)

    def named(self, places: Sequence[int]) -> str:
        """How messages call several columns: by their headings, else by how many they are."""
        if not any(self.headings):
            return f"{len(places)} column{'s'[: len(places) != 1]} without headings"
        names = [_quoted(self.headings, i) for i in places[:_MOST_NAMED]]
        more = len(places) - len(names)
        return ", ".join(names) + (f" and {more:,} more" if more else "")


def column_name(headings: Sequence[str], at: int) -> str:
    """``column 'x'``, or its number where it has no heading."""
    return f"column {_quoted(headings, at)}"


def _quoted(headings: Sequence[str], at: int) -> str:
    return f"'{one_line(headings[at])}'" if headings[at] else f"{at} (from 0)"


def are_headings(path: Path, first: Sequence[str], options: TableOptions) -> bool:
    """Whether a table's first row is headings.

    It is if it has no number, or a heading of the label, or numbers that count up from 0 beside its
    words, as programs head columns without names. A row of nothing but such numbers is refused: it
    could be either.
    """
    if options.headings is not None:
        return options.headings
    numbers = [cell.strip() for cell in first if is_plain(cell)]
    if not numbers or any(cell.strip().lower() in LABEL_WORDS for cell in first):
        return True
    if len(numbers) < _COUNTED - (len(numbers) < len(first)):
        return False
    counts = numbers == [str(i) for i in range(len(numbers))]
    if counts and len(numbers) == len(first):
        raise DataError(
            f"{path}: the first row counts 0, 1, 2, …\n"
            "  say whether it is one of headings: --headings or --no-headings"
        )
    return counts


def choose(
    path: Path, headings: Sequence[str], row: Sequence[str], options: TableOptions
) -> ChosenColumns:
    """Which column is the label, and which are features.

    The label is the one that the options name; else the only one headed ``label`` in any case; else
    the only one headed by another of :data:`LABEL_WORDS`, or by ``y`` as the first or last; else
    the only one that holds words; else, in a table without headings, the last.
    """
    if options.no_label and options.label is not None:
        raise DataError(f"{path}: --label and --no-label exclude each other")
    left_out = {find(path, headings, name) for name in options.leave_out}
    weight = None if options.weight is None else find(path, headings, options.weight)
    no_label: set[int | None] = {*left_out, weight}
    labels = () if options.no_label else choose_labels(path, headings, row, options, no_label)
    for i in labels:
        if i in left_out or i == weight:
            other = "left out" if i in left_out else "the weight"
            raise DataError(f"{path}: {column_name(headings, i)} is the label and {other}")
    if weight in left_out:
        raise DataError(f"{path}: {column_name(headings, weight or 0)} is the weight and left out")
    features = tuple(i for i in range(len(headings)) if i not in {*labels, weight, *left_out})
    if not features:
        n = len(headings)
        wanted = "the label's and at least one more" if labels else "at least one"
        raise DataError(
            f"{path} has {n} column{'s'[: n != 1]}\n  expected {wanted}"
            + ("; if something else separates them: --delimiter" if n == 1 else "")
        )
    may_be_index = (
        features[0] == 0
        and any(headings)
        and bool(_UNNAMED.fullmatch(headings[0]))
        and len(features) > 1
        and is_plain(row[0])
    )
    return ChosenColumns(headings, labels, features, may_be_index, weight)


def find(path: Path, headings: Sequence[str], name: str) -> int:
    """The column of a heading, in any case if only one fits, or of a number."""
    for fits in (str, str.lower):
        places = [i for i, heading in enumerate(headings) if fits(heading) == fits(name)]
        if len(places) > 1 and name:
            raise DataError(
                f"{path} has {len(places)} columns headed '{name}'\n"
                f"  say which by its number: {' or '.join(map(str, places))}"
            )
        if places and name:
            return places[0]
    n = len(headings)
    named = [h for h in headings if h]
    if not re.fullmatch(r"-?\d{1,18}", name, re.ASCII):
        raise DataError(
            f"{path} has no column '{name}'{did_you_mean(name, named)}\n"
            f"  it has: {', '.join(named) or f'{n} columns without headings'}"
        )
    if not -n <= int(name) < n:
        raise DataError(f"{path} has no column {name}: it has {n}, counted from 0")
    return int(name) % n


def choose_labels(
    path: Path,
    headings: Sequence[str],
    row: Sequence[str],
    options: TableOptions,
    left_out: set[int | None],
) -> tuple[int, ...]:
    """The columns of the labels: as they are given, else the one that :func:`choose` finds."""
    given = (options.label,) if isinstance(options.label, str) else options.label or ()
    if given:
        return tuple(dict.fromkeys(find(path, headings, name) for name in given))
    n = len(headings)
    rest = [i for i in range(n) if i not in left_out]
    lowered = [h.lower() for h in headings]
    words = [i for i in rest if is_word(row[i])]
    rules = (
        [i for i in rest if lowered[i] == LABEL_WORDS[0]],
        [i for i in rest if lowered[i] in LABEL_WORDS or (lowered[i] == "y" and i in (0, n - 1))],
        words,
    )
    for found in rules:
        if len(found) == 1:
            return (found[0],)
        if found:
            listed = ", ".join(column_name(headings, i) for i in found[:_MOST_NAMED])
            raise DataError(
                f"{path}: which column is the label? It could be {listed}\n"
                "  name it: --label COLUMN; what is neither label nor feature: --leave-out COLUMN"
            )
    if any(headings) and len(rest) > 1:
        listed = ", ".join(h or str(i) for i, h in list(enumerate(headings))[:_MOST_NAMED])
        raise DataError(
            f"{path}: no heading says which column is the label: {listed}"
            f"{', …' * (n > _MOST_NAMED)}\n"
            "  name it: --label COLUMN, or say that there is none: --no-label"
        )
    return (rest[-1] if rest else n - 1,)
