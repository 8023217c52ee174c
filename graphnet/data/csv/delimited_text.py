"""Tables of text: encodings, delimiters, quotes, comments; read row by row, with line numbers."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from graphnet.data.text_file import NAMES, decoded_lines
from graphnet.errors import DataError

#: What may separate columns, and its names; messages use the first.
DELIMITERS = {
    "\t": ("tabs", "tab", "\\t"),
    ";": ("semicolons", "semicolon"),
    "|": ("bars", "bar"),
    ",": ("commas", "comma"),
    " ": ("spaces", "space", "blank"),
}
_SAMPLE_LINES = 100
_COMMENT = "#"


class DelimitedText:
    """A table of text; iterating gives each row's first line and its cells.

    Lines that begin with ``#`` are comments, and blank lines are passed over. The delimiter is the
    first of tabs, semicolons, bars, commas and spaces that gives the first hundred lines equally
    many columns, unless a first line ``sep=;`` names it, as spreadsheets write it.

    Attributes:
        n_comments: How many comments have been passed over so far.
        comment: The last of them before the first row.

    Args:
        path: Of the file.
        delimiter: One character, or its name such as ``tab``. None: it is found.
        encoding: None: the byte order mark says it, else it is UTF-8.
    """

    def __init__(self, path: Path, delimiter: str | None, encoding: str | None) -> None:
        self.path = path
        self.encoding, lines = decoded_lines(path, encoding)
        self._given_encoding = encoding
        sample = list(islice(lines, _SAMPLE_LINES + 1))
        is_whole = len(sample) <= _SAMPLE_LINES
        said = re.fullmatch(r"sep=(.)\s*", sample[0]) if sample else None
        self._n_skipped = 1 if said else 0
        rows = sample[self._n_skipped :]
        if delimiter is not None:
            self.delimiter = _known_delimiter(delimiter)
        else:
            self.delimiter = said[1] if said else _found_delimiter(rows, is_whole)
        self.n_comments, self.comment = 0, ""

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        numbered = enumerate(decoded_lines(self.path, self._given_encoding)[1], 1)
        lines = _Lines(self, islice(numbered, self._n_skipped, None))
        reader = _reader(lines, self.delimiter, strict=True)
        try:
            for row in reader:
                if row and (len(row) > 1 or row[0].strip()):
                    yield lines.begin, row
                lines.is_between = True
        except csv.Error as error:
            raise DataError(
                f"{self.path}:{lines.begin}: not a row of a table: {error}\n"
                "  is a quote not closed, or not doubled within quotes?"
            ) from error

    def split(self, line: str) -> list[str]:
        """The cells of a line; none if it is not a row by itself."""
        try:
            return next(_reader([line], self.delimiter), [])
        except csv.Error:
            return []

    def described(self) -> str:
        """How it is read, in words."""
        parts = DELIMITERS.get(self.delimiter, (f"'{self.delimiter}'",))[0]
        return f"{NAMES.get(self.encoding, self.encoding)}, columns separated by {parts}"


class _Lines:
    """The lines that the csv module gets: all but the comments between rows.

    Attributes:
        begin: The first line of the row that is being read, counted from 1.
        is_between: Whether the next line begins a row.
    """

    def __init__(self, text: DelimitedText, lines: Iterable[tuple[int, str]]) -> None:
        self._text, self._lines = text, lines
        self.begin, self.is_between = 0, True

    def __iter__(self) -> Iterator[str]:
        text, is_first = self._text, True
        text.n_comments, text.comment = 0, ""
        for number, line in self._lines:
            if self.is_between and line.startswith(_COMMENT):
                text.n_comments += 1
                text.comment = line if is_first else text.comment
                continue
            if self.is_between:
                self.begin, self.is_between = number, False
                is_first &= not line.strip()
            yield line.strip(" \t\r\n") + "\n" if text.delimiter == " " else line


def _reader(lines: Iterable[str], mark: str, *, strict: bool = False) -> Iterator[list[str]]:
    """The rows in these lines; several spaces in a row count as one."""
    return csv.reader(lines, delimiter=mark, strict=strict, skipinitialspace=mark == " ")


def _known_delimiter(text: str) -> str:
    """The character that a user named."""
    found = next((c for c, names in DELIMITERS.items() if text in names), text)
    if len(found) != 1 or found in '"\r\n\0' or found.isalnum() or found in "+-.":
        raise DataError(
            f"--delimiter {text!r}: expected one character that is no part of a number or a word\n"
            "  such as ';', or tab, comma, semicolon, bar, space"
        )
    return found


def _found_delimiter(lines: list[str], is_whole: bool) -> str:
    """The first that gives all lines equally many cells, else that which gives the first row most.

    The last of the lines may be half a row if the text goes on after it, and does not count then.
    """
    lines = [line for line in lines if not line.startswith(_COMMENT)]
    widths: dict[str, list[int]] = {}
    for mark in DELIMITERS:
        stripped = (line.strip(" \t\r\n") + "\n" for line in lines) if mark == " " else lines
        try:
            rows = [r for r in _reader(stripped, mark) if r]
        except csv.Error:
            rows = []
        rows = rows if is_whole else rows[:-1]
        widths[mark] = [len(row) for row in rows if len(row) > 1 or row[0].strip()] or [0]
        if len(set(widths[mark])) == 1 and widths[mark][0] > 1:
            return mark
    best = max(DELIMITERS, key=lambda mark: widths[mark][0])
    return best if widths[best][0] > 1 and best != " " else ","
