"""Sequences ``(N, C, L)`` seen as images of one row, ``(N, C, 1, L)``."""

from __future__ import annotations

from graphnet.blob import Array, Shape


def as_row(shape: Shape) -> Shape:
    """The shape of such an image, given the sequence's."""
    return (*shape[:2], 1, *shape[2:])


def with_row(array: Array | None) -> Array | None:
    """The image of a sequence's array; None if there is none."""
    return None if array is None else array[:, :, None]
