"""Blobs: the named arrays that flow between layers.

A blob is always *seen* as ``(N, …)`` with the batch axis first. How it lies in memory is the
backend's choice (the NumPy backend stores the batch axis last, see docs/architecture.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any  # numpy.ndarray or cupy.ndarray
Shape: TypeAlias = tuple[int, ...]


@dataclass(eq=False)
class Blob:
    """A named array and its gradient.

    Attributes:
        name: As the user's readers see it.
        data: ``(N, …)``, the values.
        diff: d(loss)/d(data), same shape; None where no gradient is wanted.
    """

    name: str
    data: Array
    diff: Array | None = None

    @property
    def shape(self) -> Shape:
        """The shape of ``data``, batch axis first."""
        return tuple(self.data.shape)


def feature_size(shape: Shape) -> int:
    """The product of all axes but the batch axis."""
    return prod(shape[1:])


def storage(array: Array) -> Array:
    """The batch-last view ``(…, N)`` of an array seen as ``(N, …)``.

    For arrays of the NumPy backend it is C-contiguous. A view, never a copy.
    """
    return array.transpose((*range(1, array.ndim), 0))


def reshaped(array: Array, shape: Shape) -> Array:
    """The array's elements, in its own order of axes, as a view of another shape.

    Raises:
        ValueError: If that would need a copy, whose readers and writers would miss the array.
    """
    view = array.reshape(shape)
    if not array.flags.c_contiguous and not np.may_share_memory(view, array):
        raise ValueError(
            f"an array of shape {array.shape} and strides {array.strides}"
            f" cannot be seen as {shape} without a copy"
        )
    return view


def columns(array: Array) -> Array:
    """The view ``(D, N)`` of a batch-last array seen as ``(N, …)``: one column per sample.

    Raises:
        ValueError: If the array is not stored batch-last, so that this would need a copy.
    """
    stored = storage(array)
    if not stored.flags.c_contiguous:
        raise ValueError(f"an array of shape {array.shape} is not stored batch-last")
    return stored.reshape(feature_size(array.shape), array.shape[0])


def rows(array: Array) -> Array:
    """The view ``(N, D)`` of an array seen as ``(N, …)``, in whichever order it is stored.

    Raises:
        ValueError: If it would need a copy.
    """
    if array.flags.c_contiguous:
        return array.reshape(array.shape[0], feature_size(array.shape))
    return columns(array).T


def shape_text(shape: Shape) -> str:
    """``(64, 1, 28, 28)`` as ``64×1×28×28``."""
    return "×".join(map(str, shape)) if shape else "scalar"
