"""From rows as they are stored to the finished batch of one top."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Annotated, TypeAlias

import numpy as np
from pydantic import Field

from graphnet.blob import Shape
from graphnet.data.augmentation import Pad, RandomCrop, RandomMirror, RandomRotation, RandomShift
from graphnet.data.hdf5_file import Column
from graphnet.data.transformers import Apply, Samples, Scale, SubMean, Transformer
from graphnet.errors import DataError
from graphnet.fields import ByName
from graphnet.param import stream_key

AnyTransformer: TypeAlias = Annotated[
    Scale | SubMean | Pad | RandomCrop | RandomMirror | RandomShift | RandomRotation,
    Field(discriminator="type"),
    ByName,
]


def out_shape(transformers: Sequence[Transformer], shape: Shape) -> Shape:
    """The shape of a sample after all transformers.

    Raises:
        ShapeError: If one of them cannot take it.
    """
    for transformer in transformers:
        shape = transformer.out_shape(shape)
    return shape


class Pipeline:
    """Converts a batch to the net's precision, checks it, and runs its transformers.

    Args:
        column: What the rows are like.
        transformers: In order.
        batch_size: Rows of every batch.
        dtype: The net's precision.
        seed: Of the run.
        layer: The data layer's name; with the seed it keys random transformers.
        check_finite: Refuse values that are NaN or infinite in the net's precision.

    Raises:
        DataError: If a transformer's file cannot be read.
        ShapeError: If a transformer cannot take these rows.
    """

    def __init__(
        self,
        column: Column,
        transformers: Sequence[Transformer],
        batch_size: int,
        dtype: np.dtype,
        *,
        seed: int,
        layer: str,
        check_finite: bool,
    ) -> None:
        self.name = column.name
        self.stored = np.empty((batch_size, *column.shape), column.dtype)
        self._check = check_finite and column.dtype.kind == "f"
        self._steps: list[tuple[Apply, np.ndarray | None]] = []
        self._first: np.ndarray | None = None
        shape = column.shape
        moves = sum(not t.in_place for t in transformers)
        if moves:
            self._first = np.empty((batch_size, *shape), dtype)
        for i, transformer in enumerate(transformers):
            # counted by type, so that tops with the same random transformers are treated alike
            count = sum(t.type == transformer.type for t in transformers[:i])
            key = stream_key(seed, f"augment/{layer}/{transformer.type}/{count}")
            apply = transformer.bind(shape, batch_size, dtype, key)
            shape = transformer.out_shape(shape)
            out = None
            if not transformer.in_place:
                moves -= 1
                out = np.empty((batch_size, *shape), dtype) if moves else None
            self._steps.append((_in_place(apply) if transformer.in_place else apply, out))
        self.shape = shape

    def run(self, target: np.ndarray, samples: Samples, where: Callable[[int], str]) -> None:
        """Make the batch of the rows in ``stored``.

        Args:
            target: ``(N, …)``, in any storage order.
            samples: Which rows they are.
            where: Names the place of a row.

        Raises:
            DataError: If a value is not finite.
        """
