"""A column of features while its table is read: what it holds, as its cells come."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from graphnet.data.csv.plain_number import (
    is_gap,
    is_meant_as_number,
    is_missing,
    is_plain,
    looks_like_a_date,
    plain_numbers,
    shown_cell,
    why_not_plain,
)
from graphnet.data.recipe.columns import AnyColumn, NumberColumn, WordColumn
from graphnet.errors import DataError

#: What is done about a gap: ``refuse`` it, ``drop`` its row, or fill it with the ``mean`` of the
#: training rows, with that and a feature of its own (``feature``), or with ``zero``. Among words
#: the last three make it one more word.
GapRule: TypeAlias = Literal["refuse", "drop", "mean", "feature", "zero"]
#: More different words are a name or a text rather than a category, unless the user says so.
MOST_WORDS = 100
#: So many are one if most rows have one of their own.
_FEW_WORDS = 10
_GAP = float("nan")


class FeatureColumn:
    """What the cells of a column are, decided by the first that is no gap.

    A column of plain numbers is numbers; one of words is words. A column that has both is refused,
    and so are dates, and words of too many kinds, unless ``encoding`` says to take all for words.

    Attributes:
        words: Each different word and its code, in the order they come; None: numbers, or nothing
            but gaps so far.
        n_gaps: How many cells are gaps.
        gap: The first of them, as it is written.

    Args:
        name: How messages call it.
        rule: For gaps.
        encoding: Of words; None: one-hot, and numbers are numbers.
    """

    def __init__(
        self, name: str, rule: GapRule, encoding: Literal["one-hot", "index"] | None = None
    ) -> None:
        self.name, self.rule, self.encoding = name, rule, encoding
        self.words: dict[str, int] | None = {} if encoding else None
        self.n_gaps, self.gap = 0, ""
        self._first = ("", 0)  # the first cell that is no gap, and its line

    def take(self, cell: str, place: str, line: int) -> float | None:
        """The code of the next cell: a number, a word's number, NaN for a gap; None: drop the row.

        Args:
            cell: As it is written.
            place: The file and the line, for messages.
            line: The line.

        Raises:
            DataError: If the cell is not what the column holds, or a gap that is refused.
        """
        if self.words is not None:
            return self._word(cell, place, line)
        numbers = plain_numbers([cell])
        if numbers is not None:
            if not self._first[1]:
                self._first = (cell.strip(" \t"), line)
            return numbers[0]
        if is_gap(cell) or (self._first[1] and is_missing(cell)):
            return self._gap(cell, place)
        if looks_like_a_date(cell):
            raise DataError(f"{place}, {self.name}: {shown_cell(cell)} {_DATE}")
        if is_meant_as_number(cell) or not any(map(str.isalpha, cell)):
            raise DataError(f"{place}, {self.name}: {why_not_plain(cell)}")
        if self._first[1]:
            number, at = self._first
            raise DataError(
                f"{place}, {self.name}: {shown_cell(cell)} is not a plain number, while line {at}"
                f" has {number}\n  repair it, or take all of the column for words: --one-hot COLUMN"
            )
        return self._word(cell, place, line)

    def _word(self, cell: str, place: str, line: int) -> float | None:
        words = self.words if self.words is not None else {}
        self.words, text = words, cell.strip(" \t")
        code = words.get(text)
        if code is not None:
            return code
        if is_gap(text):
            return self._gap(cell, place)
        if self.encoding is None:
            if looks_like_a_date(text):
                raise DataError(f"{place}, {self.name}: {shown_cell(cell)} {_DATE}")
            if is_plain(text):
                word, at = self._first
                raise DataError(
                    f"{place}, {self.name}: {text} is a number, while line {at} has"
                    f" {shown_cell(word)}\n"
                    "  repair it, or take all of the column for words: --one-hot COLUMN"
                )
            if len(words) >= MOST_WORDS:
                raise DataError(
                    f"{place}, {self.name}: more than {MOST_WORDS} different words\n{_TOO_MANY}"
                )
        if not words:
            self._first = (text, line)
        words[text] = code = len(words)
        return code

    def _gap(self, cell: str, place: str) -> float | None:
        text = cell.strip(" \t")
        if self.rule == "refuse":
            raise DataError(
                f"{place}, {self.name}: {f'{text!r} is a gap' if text else 'the field is empty'}\n"
                "  fill in what is missing, leave out the column (--leave-out COLUMN), or say what"
                "\n  is done about gaps: --missing mean, feature, zero or drop"
            )
        if self.rule == "drop":
            return None
        self.gap = self.gap or text or "empty"
        self.n_gaps += 1
        return _GAP

    def check(self, path: str, n_rows: int) -> None:
        """See that a column of words is one of categories, once all rows are read.

        Raises:
            DataError: If nearly each row has a word of its own, or there are gaps alone.
        """
        if self.n_gaps == n_rows:
            raise DataError(
                f"{path}, {self.name} has nothing but gaps\n  leave it out: --leave-out COLUMN"
            )
        if self.words is None or self.encoding is not None:
            return
        if len(self.words) > max(_FEW_WORDS, n_rows // 2):
            raise DataError(
                f"{path}, {self.name} has {len(self.words)} different words in {n_rows} rows\n"
                f"{_TOO_MANY}"
            )

    @property
    def are_numbers(self) -> bool:
        """Whether a number has been read, so that all must be numbers."""
        return self.words is None and self._first[1] > 0

    @property
    def places(self) -> np.ndarray | None:
        """By a word's code, its place in alphabetical order; None of numbers."""
        if self.words is None:
            return None
        places = np.zeros(max(1, len(self.words)))
        for place, word in enumerate(sorted(self.words)):
            places[self.words[word]] = place
        return places

    def recipe(self, heading: str, place: int) -> AnyColumn:
        """The column as a recipe has it, before anything is found on the training rows."""
        if self.words is None:
            fills = self.n_gaps > 0
            return NumberColumn(
                heading=heading,
                place=place,
                fill=0.0 if fills else None,
                gap_feature=fills and self.rule == "feature",
            )
        return WordColumn(
            heading=heading,
            place=place,
            words=tuple(sorted(self.words)),
            encoding=self.encoding or "one-hot",
            gap_word=self.n_gaps > 0,
        )


_DATE = (
    "is a date or a time, which a net cannot read\n"
    "  put numbers in its place, such as the year, the month, or days since a first day, or leave "
    "it out: --leave-out COLUMN"
)
_TOO_MANY = (
    "  a name or a text is no category: leave it out: --leave-out COLUMN; if it is one:\n"
    "  --one-hot COLUMN, or --index COLUMN"
)
