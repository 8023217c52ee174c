"""Symbols: what the numbers of a text stand for."""

from __future__ import annotations

from collections import Counter

import numpy as np

from graphnet.errors import DataError

#: No text has more characters: Unicode's last.
_MOST = 0x110000


def symbols_of(text: str) -> str:
    """The characters that a text has, in the order of Unicode."""
    return "".join(sorted(set(text)))


def check_symbols(symbols: str) -> str:
    """See that each is there once.

    Raises:
        DataError: If one is there twice, or there is none.
    """
    if not symbols:
        raise DataError("there are no symbols")
    twice = [symbol for symbol, count in Counter(symbols).items() if count > 1]
    if twice:
        raise DataError(f"the symbol {twice[0]!r} is there twice")
    return symbols


def numbers_of(text: str, symbols: str, where: str) -> np.ndarray:
    """The place of each character among the symbols, ``(n,)``, of the smallest type that holds it.

    Args:
        text: Of these symbols alone.
        symbols: Each once.
        where: Names the text in a message.

    Raises:
        DataError: At the line and column of a character that is no symbol.
    """
    table = np.full(_MOST, -1, np.int32)
    table[[ord(symbol) for symbol in symbols]] = np.arange(len(symbols))
    found = table[np.frombuffer(text.encode("utf-32-le"), np.uint32)]
    if len(found) and found.min() < 0:
        at = int((found < 0).argmax())
        line, column = place_in(text, at)
        raise DataError(
            f"{where}:{line}:{column}: the character {text[at]!r} is none of the"
            f" {len(symbols)} symbols\n  add it to 'symbols', or take it out of the text"
        )
    return found.astype(np.min_scalar_type(max(1, len(symbols) - 1)))


def place_in(text: str, index: int) -> tuple[int, int]:
    """The line and column of a character, counted from 1."""
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)
