"""Blobs: the named arrays that flow between layers.

A blob is always *seen* as ``(N, …)`` with the batch axis first. How it lies in memory is the
backend's choice (the NumPy backend stores the batch axis last, see docs/architecture.md).
"""

from __future__ import annotations

from math import prod
from typing import Any, TypeAlias

import numpy as np

from graphnet.declare.lossless import lossless
from graphnet.errors import ShapeError
from graphnet.sealed import refuse

#: An array of either backend, in the words of NumPy's, whose interface CuPy's arrays have as far as
#: it is used here; what they have beyond that concerns `backend/cupy` alone.
Array: TypeAlias = "np.ndarray[Any, Any]"
Shape: TypeAlias = tuple[int, ...]

#: In bytes, of arenas and of the arrays in them: a cache line, and the widest vector registers.
ALIGNMENT = 64
#: Channels, height and width: of a sample that may be a picture.
PICTURE_AXES = 3


class Blob:
    """A named array and its gradient.

    The memory stays where it is, since layers are bound to it: ``blob.data = values`` copies the
    values there, as ``blob.data[...] = values`` does, and checks that they fit and nothing is lost.

    Attributes:
        name: As the YAML has it.
        data: ``(N, …)``, the values.
        diff: d(loss)/d(data), same shape; None where no gradient is wanted.
    """

    name: str
    data: Array
    diff: Any  # an Array or None: whoever reads it knows whether a gradient is wanted

    def __init__(self, name: str, data: Array, diff: Array | None = None) -> None:
        vars(self).update(name=name, data=data, diff=diff)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("data", "diff"):
            refuse(self, name)
        what, array = f"the {name} of {self.subject}", getattr(self, name)
        if array is None:
            raise ShapeError(f"{what} cannot be set: {self._no_diff}")
        assign(array, value, what)

    def __delattr__(self, name: str) -> None:
        refuse(self, name)

    def __repr__(self) -> str:
        return f"<{self.subject}, {shape_text(self.shape)}>"

    @property
    def subject(self) -> str:
        """What a message calls it."""
        return f"the {type(self).__name__.lower()} '{self.name}'"

    @property
    def _no_diff(self) -> str:
        return "no gradient is wanted there"

    @property
    def shape(self) -> Shape:
        """The shape of ``data``, batch axis first."""
        return tuple(self.data.shape)


def assign(target: Array, values: Any, what: str) -> None:
    """Copy values into an array that stays where it is.

    Args:
        target: Of either backend.
        values: On the host, or where the target is.
        what: Begins a message.

    Raises:
        ShapeError: If they do not have its shape.
        DataError: If something would be lost: see :mod:`graphnet.declare.lossless`.
    """
    if values is target:  # as ``blob.data *= 2`` has it
        return
    is_beside = not isinstance(target, np.ndarray) and isinstance(values, type(target))
    array = values if is_beside else lossless(values, target.dtype, what)
    if array.shape != target.shape:
        raise ShapeError(
            f"{what} has the shape {shape_text(tuple(target.shape))}, the values have"
            f" {shape_text(array.shape)}"
        )
    if isinstance(target, np.ndarray) or is_beside:
        target[...] = array
    else:
        target.set(np.ascontiguousarray(array))


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
