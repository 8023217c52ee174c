"""What a transformer is: what is done to the samples of one top before the net sees them.

Declared in YAML under ``transformers: {TOP: [{type: Scale, scale: 0.5}, …]}`` and applied in
that order. A transformer is declared pure; ``bind`` makes what runs. One that draws random
numbers draws them per sample from (key, row, epoch), never from the batch or the time.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self, TypeAlias

import numpy as np

from graphnet.blob import Shape
from graphnet.declare.fields import Model


@dataclass(frozen=True)
class Samples:
    """Which samples a batch holds.

    Attributes:
        rows: The row of the source that each slot of the batch holds, ``(N,)``.
        epochs: The epoch in which each is delivered, ``(N,)``.
    """

    rows: np.ndarray
    epochs: np.ndarray


#: ``apply(x, out, samples)``: from ``x`` (N, …) to ``out`` (N, …), stored in any order.
Apply: TypeAlias = Callable[[np.ndarray, np.ndarray, Samples], None]


class Transformer(Model):
    """What all transformers share."""

    chosen_by_type: ClassVar[bool] = True

    #: Whether the result is written over the input; otherwise it is an array of its own.
    in_place: ClassVar[bool] = True

    def out_shape(self, shape: Shape) -> Shape:
        """The shape of a transformed sample, without the batch axis; a pure function.

        Raises:
            ShapeError: If a sample of that shape cannot be transformed.
        """
        return shape

    def relative_to(self, folder: Path) -> Self:
        """The transformer with the paths in it taken from ``folder``."""
        return self

    def fitted(self) -> np.ndarray | None:
        """The array that it has from a file, of its shape there; None if it needs none.

        A run records it.

        Raises:
            DataError: If the file cannot be read.
        """
        return None

    def with_fitted(self, values: np.ndarray) -> Self:
        """The same without its file: with ``values``, an array like that of :meth:`fitted`."""
        return self

    def undone(self, values: np.ndarray) -> np.ndarray | None:
        """What samples, ``values (N, …)``, were before; None where that cannot be told."""
        return None

    @abstractmethod
    def bind(self, shape: Shape, batch_size: int, dtype: np.dtype, key: int) -> Apply:
        """What runs.

        Args:
            shape: Of a sample before it is transformed.
            batch_size: Samples in every batch.
            dtype: Of the batch.
            key: Of its random numbers.

        Raises:
            DataError: If a file it needs cannot be read.
            ShapeError: If what it needs does not fit the samples.
        """
