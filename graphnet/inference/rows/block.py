"""What all kinds of rows are: blocks of arrays, with the place of each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np


class Place(NamedTuple):
    """Where a row is from.

    Attributes:
        file: Its file.
        text: The file and the row or line in it, for messages.
    """

    file: str
    text: str


class RowBlock(NamedTuple):
    """Some rows, one after the other.

    Attributes:
        arrays: By blob, as they are stored, ``(n, …)``.
        places: Of each row.
    """

    arrays: dict[str, np.ndarray]
    places: Sequence[Place]


class Rows(Protocol):
    """A source of rows.

    Attributes:
        n_rows: How many there are; None if that is known only at the end.
    """

    n_rows: int | None

    @property
    def notes(self) -> Sequence[str]:
        """What a user should know of how they were read, once that is known."""

    def blocks(self, size: int) -> Iterator[RowBlock]:
        """All rows in order, at most ``size`` at a time.

        Raises:
            DataError: If one cannot be read, or is not like those the net has learned from.
        """


class Several:
    """Rows of one source after the other."""

    def __init__(self, sources: Sequence[Rows]) -> None:
        self._sources = sources
        sizes = [one.n_rows for one in sources]
        self.n_rows = None if None in sizes else sum(n for n in sizes if n is not None)

    @property
    def notes(self) -> list[str]:
        """Those of all sources, each once."""
        return list(dict.fromkeys(text for one in self._sources for text in one.notes))

    def blocks(self, size: int) -> Iterator[RowBlock]:
        """All rows in order; no block has rows of two sources."""
        for one in self._sources:
            yield from one.blocks(size)
