"""DataSpec and DataLayer: the part of the layer contract that sources of samples share."""

from __future__ import annotations

from typing import ClassVar

from graphnet.data.order import Order
from graphnet.layers.base import Arity, Kind, Layer, LayerSpec, S, at_least, exactly


class DataSpec(LayerSpec):
    """A layer that brings samples in."""

    kind: ClassVar[Kind] = Kind.DATA
    n_bottoms: ClassVar[Arity] = exactly(0)
    n_tops: ClassVar[Arity] = at_least(1)


class DataLayer(Layer[S]):
    """A source of samples.

    Attributes:
        n_samples: How many make an epoch; None for an endless source, which has no epochs.
        cursor: How many samples have been delivered since the start of the run. Together with
            the seed this says where the layer stands.
        wrap: True: after the last sample of an epoch the next one begins, within the batch.
            False (evaluation): the batch is filled by repeating its last row, and
            ``context.n_valid`` says how many rows count.
    """

    _open = frozenset(("cursor", "n_samples", "wrap"))
    n_samples: int | None = None
    cursor: int = 0
    wrap: bool = True

    @property
    def epoch(self) -> int:
        """Completed passes over the source; counts the moment its last sample is delivered."""
        return self.cursor // self.n_samples if self.n_samples else 0

    @property
    def epoch_order(self) -> Order | None:
        """In which order stored rows are delivered, where that is known."""
        return None

    def check_ready(self) -> None:
        """See that there is something to deliver.

        Raises:
            DataError: If not.
        """

    def where(self, top: int, place: tuple[int, ...], value: float, ago: int) -> str | None:
        """Which stored value came to this place of a top, in words, where that is known.

        Args:
            top: The number of the top.
            place: The place in the batch, the row first.
            value: The value there.
            ago: How many batches have been delivered since.
        """
        return None

    def place_of(self, cursor: int) -> str | None:
        """The file and row of the sample that is delivered after ``cursor`` others, if known."""
        return None

    def seek(self, cursor: int, *, wrap: bool = True) -> None:
        """Continue after ``cursor`` samples, dropping whatever was read ahead."""
        self.cursor, self.wrap = cursor, wrap
