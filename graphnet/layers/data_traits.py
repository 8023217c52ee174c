"""What a net asks of a spec about the data it brings in: the part of the contract of data layers.

All have an answer that says there is nothing to know, so that a data layer of one's own states
what applies to it and leaves out the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from graphnet.data.record import LayerRecord
from graphnet.data.source import Source, files
from graphnet.errors import DataError

if TYPE_CHECKING:
    from graphnet.data.transformer import Transformer


@dataclass(frozen=True)
class RowOrder:
    """In which order a data layer delivers its rows.

    Attributes:
        shuffle: Whether each epoch has an order of its own.
        key: Layers of one key deliver in one order; None: in their own.
        batch_size: Rows of a batch.
    """

    shuffle: bool
    key: str | None
    batch_size: int


class DataTraits:
    """The traits of data layers, and what they are of all others."""

    @property
    def data_source(self) -> Source | None:
        """The files or named sets it reads; None if it reads none."""
        return None

    def data_files(self) -> list[Path]:
        """All files that its samples come from, without the sets that come with graphnet.

        Raises:
            DataError: If one is not there.
        """
        return files(self.data_source or ())

    @property
    def fall_back(self) -> Self | None:
        """The spec that reads other data where the source cannot be had; None if there is none."""
        return None

    def reading(self, source: Source, rows: str | None) -> Self:
        """The spec that reads ``rows`` (None: all) of another ``source``, with no fall-back.

        Raises:
            DataError: If it reads none.
        """
        raise DataError("it cannot read other data than it declares")

    def is_available(self) -> bool:
        """Whether the source is on this machine."""
        return True

    def fetch(self, *, offline: bool = False, progress: Callable[..., None] | None = None) -> None:
        """Get what is not on this machine.

        Args:
            offline: Whether nothing may be downloaded. Default false.
            progress: Told of the bytes that have come. Default: nobody is.

        Raises:
            DataError: If that fails, or a file of the source is missing.
        """

    def samples_there(self) -> int | None:
        """How many samples there are, where they are on this machine already.

        Raises:
            DataError: If they are not as declared.
        """
        return None

    def kept_bytes(self) -> int:
        """How many bytes of its data it keeps in the host's memory besides its tops.

        Raises:
            DataError: If the headers of its files cannot be read.
        """
        return 0

    @property
    def row_order(self) -> RowOrder | None:
        """In which order it delivers stored rows; None if it stores none."""
        return None

    @property
    def takes_arrays(self) -> bool:
        """Whether arrays for its tops may be given when the net is loaded (``inputs``)."""
        return False

    def shaped_for(self, arrays: Mapping[str, np.ndarray]) -> Self:
        """The spec with the shapes of the arrays that are given."""
        return self

    @property
    def is_filled_by_caller(self) -> bool:
        """Whether its tops hold what the caller writes to them."""
        return False

    def transformers_of(self, top: str) -> Sequence[Transformer]:
        """What is done to the samples of a top on their way in."""
        return ()

    @property
    def must_be_finite(self) -> bool:
        """Whether NaN and infinite values are refused."""
        return True

    def in_order(self) -> Self:
        """The spec that delivers its rows in the order in which they are stored."""
        return self

    def recorded(self) -> LayerRecord | None:
        """What a run records of its samples; None if there is nothing to record.

        Raises:
            DataError: If a file that must be read for it cannot be.
        """
        return None

    def recorded_means(self) -> dict[str, np.ndarray]:
        """What its transformers subtract that stands in a file, by ``TOP/INDEX``.

        Raises:
            DataError: If such a file cannot be read.
        """
        return {}
