"""A text as rows: windows of so many symbols, and the symbol that follows each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from graphnet.data.regular_file import read_bytes, regular_file
from graphnet.data.sets import docs_text
from graphnet.data.sets.store import PREFIX, lookup
from graphnet.data.table import ArrayPart, row_range
from graphnet.data.text.symbols import numbers_of, place_in, symbols_of
from graphnet.data.text.tokens import Tokens
from graphnet.data.text_file import decoded_lines
from graphnet.errors import DataError


class TextPart(ArrayPart):
    """The windows of a text; they are views of it, however much they overlap.

    Args:
        source: A text file, or ``dataset:NAME/SPLIT`` of a text.
        names: Of the windows, and of what follows each symbol of them where there is a second.
        steps: Symbols in a window.
        stride: From the beginning of a window to that of the next.
        part: ``START:STOP`` of all symbols, as a Python slice; a bound may be a percentage.
        symbols: What numbers stand for: characters, or tokens; None: the characters of the whole
            text, or of the named set; "": bytes.

    Attributes:
        symbols: What numbers stand for, in order; of bytes none.

    Raises:
        DataError: If there is no such text, or it is shorter than a window.
    """

    def __init__(  # what a window is
        self,
        source: str,
        names: Sequence[str],
        steps: int,
        stride: int,
        part: str | None,
        symbols: str | Tokens | None,
    ) -> None:
        self._source, self._stride = source, stride
        self._tokens = symbols if isinstance(symbols, Tokens) else None
        self.symbols: Sequence[str] = ""
        if symbols == "":
            self._text = ""
            numbers = np.frombuffer(_bytes_of(source), np.uint8)
        else:
            self._text = text_of(source)
            self.symbols = (
                symbols.names
                if isinstance(symbols, Tokens)
                else symbols or own_symbols(source, self._text)
            )
            numbers = self.numbers_of(self._text, source)
        start, stop = row_range(part, len(numbers), "part") if len(numbers) else (0, 0)
        self._start = start
        numbers = numbers[start:stop]
        least = steps + len(names) - 1
        if len(numbers) < least:
            raise DataError(
                f"{source}: {len(numbers):,} symbols, and a window of {steps} needs {least:,}\n"
                "  give a longer text, or fewer steps"
            )
        windows = np.lib.stride_tricks.sliding_window_view(numbers, steps)
        n = (len(numbers) - least) // stride + 1
        arrays = {name: windows[i::stride][:n] for i, name in enumerate(names)}
        super().__init__(source, arrays, names)

    def where(self, row: int) -> str:
        """The line and column at which a window begins; of bytes, its place."""
        at = self._start + row * self._stride
        if not self._text:
            return f"{self._source}, byte {at}"
        if self._tokens is not None:
            at = self._tokens.begin_of(self._text, at)
        line, column = place_in(self._text, at)
        return f"{self._source}:{line}:{column}"

    def numbers_of(self, text: str, where: str) -> np.ndarray:
        """The numbers of another text; ``where`` names it in a message.

        Raises:
            DataError: At the line and column of a character that is no symbol.
        """
        if self._tokens is not None:
            return self._tokens.numbers_of(text, where)
        if not self.symbols:
            return np.frombuffer(text.encode(), np.uint8)
        return numbers_of(text, "".join(self.symbols), where)

    def text_of(self, numbers: Sequence[int]) -> str:
        """What numbers stand for; bytes that are no whole character are U+FFFD."""
        if self._tokens is not None:
            return self._tokens.text_of(numbers)
        if not self.symbols:
            return bytes(numbers).decode(errors="replace")
        return "".join(self.symbols[number] for number in numbers)


def text_of(source: str) -> str:
    r"""A text, its lines ended by ``\\n`` alone.

    Raises:
        DataError: If it is not there, or no text.
    """
    if source.startswith(PREFIX):
        _, split = _named(source)
        return docs_text.split_text(split)
    _, lines = decoded_lines(Path(source))
    return "".join(lines).replace("\r\n", "\n")


def own_symbols(source: str, text: str) -> str:
    """The symbols that belong to a named set, or the characters of a text."""
    return docs_text.SYMBOLS if source.startswith(PREFIX) else symbols_of(text)


def check_source(source: str) -> None:
    """See that a source can be a text; no file is opened.

    Raises:
        DataError: If it is blank, or a named set that is none.
    """
    if not source.strip():
        raise DataError("the source is blank\n  expected a text file, or dataset:docs-text/train")
    if source.startswith(PREFIX):
        _named(source)


def check_is_there(source: str) -> None:
    """See that a text is on this machine.

    Raises:
        DataError: If not.
    """
    if not source.startswith(PREFIX):
        regular_file(Path(source))


def _named(source: str) -> tuple[str, str]:
    """The name and the split of a named set that is a text."""
    found, split = lookup(source.removeprefix(PREFIX))
    if found.name != docs_text.NAME:
        raise DataError(
            f"{source} is no text\n  expected a text file, or {PREFIX}{docs_text.NAME}/train"
        )
    return found.name, split


def _bytes_of(source: str) -> bytes:
    if source.startswith(PREFIX):
        return text_of(source).encode()
    path = Path(source)
    regular_file(path)
    return read_bytes(path)
