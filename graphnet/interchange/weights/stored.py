"""The arrays of a file of weights: what is known of them before any number is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.errors import SnapshotError
from graphnet.files.paths import shown

#: The types of numbers that params can be made from.
FLOATS = ("float16", "bfloat16", "float32", "float64")


@dataclass(frozen=True)
class StoredArray:
    """An array in a file.

    Attributes:
        name: Its name there.
        shape: Its shape, as an array of C order has it.
        dtype: NumPy's name of its type, or ``bfloat16``.
        read: Its values; those of bfloat16 in float32, which holds each of them. It raises
            SnapshotError if the file is damaged.
    """

    name: str
    shape: Shape
    dtype: str
    read: Callable[[], np.ndarray]

    @property
    def is_float(self) -> bool:
        """Whether a param can be made from it."""
        return self.dtype in FLOATS

    def __str__(self) -> str:
        kind = "" if self.dtype == "float32" else f" {self.dtype}"
        return f"{self.name} ({shape_text(self.shape)}{kind})"


@dataclass(frozen=True)
class WeightFile:
    """A file of weights.

    Attributes:
        path: The file.
        arrays: By name, in the order of the file.
        in_order: Whether that is the order in which the net was built; some formats sort names.
        may_be_turned: Whether weights may be stored with their outputs last, as Keras has them.
    """

    path: Path
    arrays: Mapping[str, StoredArray]
    in_order: bool = True
    may_be_turned: bool = True


def damaged(
    path: Path, why: str, cure: str = "the file is damaged: copy or make it again"
) -> SnapshotError:
    """The error that a file is not what it should be."""
    return SnapshotError(f"{shown(path)}: {why}\n  {cure}")


def check_size(path: Path, name: str, shape: Shape, itemsize: int, n_bytes: int) -> None:
    """See that an array of this shape has as many bytes as are there for it.

    Raises:
        SnapshotError: If not.
    """
    needed = itemsize * prod(shape)
    if needed != n_bytes:
        raise damaged(
            path,
            f"array '{name}' has the shape {shape_text(shape)}, which takes {needed:,} bytes, and"
            f" {n_bytes:,} are there",
        )


def widened(bits: np.ndarray) -> np.ndarray:
    """Numbers of bfloat16, given as 16-bit patterns, in float32."""
    return (bits.astype(np.uint32) << 16).view(np.float32)
