"""The label's column of a table of text: whole numbers, other numbers, or names of classes."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

import numpy as np

from graphnet.data.csv.plain_number import (
    is_marked,
    is_missing,
    is_plain,
    is_whole,
    plain_numbers,
    shown_cell,
    whole_number,
    why_not_plain,
)
from graphnet.errors import DataError

_MOST = np.iinfo(np.int64).max


class LabelColumn:
    """The labels of all rows.

    Attributes:
        lines: Each different label, and the line on which it comes first.

    Args:
        place: Names the label's place on a line, for messages.
    """

    def __init__(self, place: Callable[[int], str]) -> None:
        self.place = place
        self.lines: dict[str, int] = {}
        self._codes: dict[str, int] = {}
        self._rows = array("q")

    def add(self, cell: str, line: int) -> None:
        """Take the label of the next row."""
        text = cell.strip(" \t")
        if not text:
            raise DataError(f"{self.place(line)}: the label is missing\n  fill it in")
        if is_marked(text):
            raise DataError(f"{self.place(line)}: the label {why_not_plain(text)}")
        self.lines.setdefault(text, line)
        self._rows.append(self._codes.setdefault(text, len(self._codes)))

    def values(self) -> tuple[np.ndarray, Sequence[str]]:
        """The label of each row, and the names of the classes if the labels are words.

        Whole numbers are int32 or int64, other numbers float32 or float64, whichever holds them;
        words are numbered in alphabetical order.
        """
        words = [text for text in self.lines if not is_plain(text)]
        if words and len(words) < len(self.lines):
            number = next(text for text in self.lines if is_plain(text))
            if is_missing(words[0]):
                place = self.place(self.lines[words[0]])
                raise DataError(f"{place}: the label is missing: {words[0]!r}\n  fill it in")
            raise DataError(
                f"{self.place(self.lines[words[0]])}: the label {words[0]!r} is a word, while "
                f"line {self.lines[number]} has the number {number}\n"
                "  give every class a number or a name; if the first row is headings: --headings"
            )
        rows = np.frombuffer(self._rows, np.int64)
        if words:
            classes = sorted(words)
            order = {text: i for i, text in enumerate(classes)}
            return np.array([order[text] for text in words], np.int32)[rows], classes
        return self._numbers()[rows], ()

    def _numbers(self) -> np.ndarray:
        """The different labels as numbers."""
        values = [self._number(text) for text in self.lines]
        if all(isinstance(value, int) for value in values):
            whole = np.array(values, np.int64)
            narrow = whole.astype(np.int32)
            return narrow if np.array_equal(narrow, whole) else whole
        wide = np.array(values, np.float64)
        for text, value, rounded in zip(self.lines, values, wide.tolist(), strict=True):
            if value != rounded:
                raise DataError(
                    f"{self.place(self.lines[text])}: {text} would be rounded to {rounded:.0f}, as "
                    "not all labels are whole numbers"
                )
        with np.errstate(over="ignore"):
            single = wide.astype(np.float32)
        is_near = (np.abs(single) >= np.finfo(np.float32).tiny) & np.isfinite(single)
        is_held = (single == wide) | (is_near & (wide != np.rint(wide)))
        return single if is_held.all() else wide

    def _number(self, text: str) -> int | float:
        """Exact where it is whole."""
        found = [whole_number(text)] if is_whole(text) else plain_numbers([text])
        if found is None:
            raise DataError(f"{self.place(self.lines[text])}: {why_not_plain(text)}")
        value = int(found[0]) if float(found[0]).is_integer() else found[0]
        if abs(value) > _MOST:
            place = self.place(self.lines[text])
            raise DataError(f"{place}: {shown_cell(text)} is too large for a label")
        return value
