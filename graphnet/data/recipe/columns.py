"""The columns of a table as features: numbers and words, gaps, standardisation.

A cell becomes a *code*, one float64: of a number its value, of a word its place among the words,
and NaN where the cell is a gap. Codes become features. ``data pack`` and ``predict`` do the same.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal, TypeAlias

import numpy as np
from pydantic import Field, model_validator

from graphnet.data.csv.plain_number import is_gap, is_missing, plain_numbers, why_not_plain
from graphnet.declare.fields import Model, NonNegativeInt, PositiveFloat
from graphnet.errors import did_you_mean

#: The code of a word that is none of a column's: every feature of it is 0.
UNKNOWN = -1.0
_MOST_NAMED = 8


class TableColumn(Model):
    """A column of the table and its place there.

    Args:
        heading: As in the table; blank where it has none.
        place: Counted from 0.
    """

    heading: str = ""
    place: NonNegativeInt

    @property
    def described(self) -> str:
        """How messages call it."""
        return f"column '{self.heading}'" if self.heading else f"column {self.place} (from 0)"

    @property
    def name(self) -> str:
        """The heading, or the number of the column."""
        return self.heading or str(self.place)


class NumberColumn(TableColumn):
    """Numbers: one feature, ``(x − mean) / std``.

    Args:
        fill: What stands for a gap, before the mean is subtracted. None: a gap is refused.
        gap_feature: Whether a second feature follows, 1 where there was a gap and 0 elsewhere.
        mean: Subtracted. Default 0.
        std: Divides. Default 1.
    """

    type: Literal["number"] = "number"
    fill: float | None = None
    gap_feature: bool = False
    mean: float = 0.0
    std: PositiveFloat = 1.0

    @property
    def features(self) -> tuple[str, ...]:
        """What the features are called."""
        return (self.name, f"{self.name} missing") if self.gap_feature else (self.name,)

    def code(self, cell: str, *, zeros: bool = False) -> float:  # as words do
        """The number in a cell; NaN for a gap.

        Raises:
            ValueError: If the cell is neither, or a gap that nothing stands for.
        """
        found = plain_numbers([cell])
        if found is not None:
            return found[0]
        if not is_missing(cell):
            what = why_not_plain(cell).partition("\n")[0]
            raise ValueError(f"{what}\n  the net has learned from numbers in this column")
        if self.fill is None:
            raise ValueError(
                "the field is empty\n  the net has learned from rows without gaps in this column"
            )
        return float("nan")

    def put(self, codes: np.ndarray, out: np.ndarray) -> None:
        """Write the features of these codes ``(n,)`` to ``out`` ``(n, len(features))``."""
        gaps = np.isnan(codes)
        values = codes
        if self.fill is not None and gaps.any():
            values = np.where(gaps, self.fill, codes)
        if (self.mean, self.std) != (0.0, 1.0):
            values = (values - self.mean) / self.std
        out[:, 0] = values
        if self.gap_feature:
            out[:, 1] = gaps


class WordColumn(TableColumn):
    """Words, or numbers that are taken for words: categories.

    Args:
        words: All that there are, in order.
        encoding: ``one-hot``: a feature for each word, 1 or 0. ``index``: one feature, the place of
            the word among them, from 0.
        gap_word: Whether a gap is one more category, the last; else it is refused.
    """

    type: Literal["words"] = "words"
    words: tuple[str, ...]
    encoding: Literal["one-hot", "index"] = "one-hot"
    gap_word: bool = False

    @model_validator(mode="after")
    def _check(self) -> WordColumn:
        if len(set(self.words)) < len(self.words) or not (self.words or self.gap_word):
            raise ValueError("words: expected different words, at least one")
        return self

    @cached_property
    def _places(self) -> dict[str, float]:
        return {word: float(i) for i, word in enumerate(self.words)}

    @property
    def features(self) -> tuple[str, ...]:
        """What the features are called."""
        if self.encoding == "index":
            return (self.name,)
        gap = (f"{self.name} missing",) if self.gap_word else ()
        return (*(f"{self.name}={word}" for word in self.words), *gap)

    def code(self, cell: str, *, zeros: bool = False) -> float:
        """The place of a cell's word among the words; NaN for a gap.

        Args:
            cell: Of the table.
            zeros: Whether all features of an unknown word are 0; else it is refused.

        Raises:
            ValueError: If it is none of the words, or a gap that nothing stands for.
        """
        text = cell.strip(" \t")
        if text in self._places:
            return self._places[text]
        if is_gap(text):
            if self.gap_word:
                return float("nan")
            raise ValueError(
                "the field is empty\n  the net has learned from rows without gaps in this column"
            )
        if zeros and self.encoding == "one-hot":
            return UNKNOWN
        shown = ", ".join(self.words[:_MOST_NAMED]) + ", …" * (len(self.words) > _MOST_NAMED)
        raise ValueError(
            f"{text!r} is none of the {len(self.words)} words the net has learned from"
            f"{did_you_mean(text, self.words)}\n  they are: {shown}"
        )

    def put(self, codes: np.ndarray, out: np.ndarray) -> None:
        """Write the features of these codes ``(n,)`` to ``out`` ``(n, len(features))``."""
        places = np.where(np.isnan(codes), len(self.words), codes)
        if self.encoding == "index":
            out[:, 0] = places
        else:
            out[:] = places[:, None] == np.arange(out.shape[1])


AnyColumn: TypeAlias = Annotated[NumberColumn | WordColumn, Field(discriminator="type")]
