"""Working per channel: blocks of channels, and values of channels seen beside a blob."""

from __future__ import annotations

from itertools import pairwise
from math import ceil, prod

from graphnet.backend.base import Backend
from graphnet.blob import Array, Shape, shape_text
from graphnet.errors import ShapeError


def check_channels(shape: Shape) -> None:
    """See that a bottom has a channel axis.

    Raises:
        ShapeError: If it has the batch axis alone.
    """
    if len(shape) < 2:  # noqa: PLR2004 (N, C)
        raise ShapeError(
            f"a bottom of shape {shape_text(shape)} has no channels\n  expected (N, C, …)"
        )


_CHANNELS = (1, 3, 4)  # of grey, coloured and transparent pictures
_SMALLEST_SIDE = 8  # of a picture, where it cannot be taken for channels


MOST_STEPS = 2**16  # that a layer of windows may be made of


def check_extent(shape: Shape, *steps: int) -> None:
    """See that a layer of windows stays within bounds: each of its steps is work to bind.

    Args:
        shape: Of its bottom.
        steps: In how many it goes through rows, and through the elements of its windows.

    Raises:
        ShapeError: If one is more than ``MOST_STEPS``.
    """
    if max(steps) > MOST_STEPS:
        raise ShapeError(
            f"a bottom of shape {shape_text(shape)} would be gone through in {max(steps):,} steps:"
            f" row by row, or element by element of a window\n  expected at most {MOST_STEPS:,}:"
            " let a long axis be the width, and use a Reduction where a window is all of it"
        )


def check_images(shape: Shape) -> None:
    """See that a bottom is a batch of images.

    Raises:
        ShapeError: If it is not ``(N, C, H, W)``.
    """
    if len(shape) == 4:  # noqa: PLR2004 (N, C, H, W)
        return
    cure = {
        2: "\n  a Reshape layer makes images of rows: shape: [channels, height, width]",
        3: f"\n  a Reshape layer gives grey images their channel: shape: {[1, *shape[1:]]}",
    }.get(len(shape), "")
    raise ShapeError(
        f"a bottom of shape {shape_text(shape)} is no batch of images\n"
        f"  expected (N, C, H, W){cure}"
    )


def check_sequences(shape: Shape) -> None:
    """See that a bottom is a batch of sequences of vectors.

    Raises:
        ShapeError: If it is not ``(N, C, L)``.
    """
    if len(shape) != 3:  # noqa: PLR2004 (N, C, L)
        raise ShapeError(
            f"a bottom of shape {shape_text(shape)} is no batch of sequences\n  expected (N, C, L)"
        )


def check_volumes(shape: Shape) -> None:
    """See that a bottom is a batch of volumes.

    Raises:
        ShapeError: If it is not ``(N, C, D, H, W)``.
    """
    if len(shape) != 5:  # noqa: PLR2004 (N, C, D, H, W)
        raise ShapeError(
            f"a bottom of shape {shape_text(shape)} is no batch of volumes"
            "\n  expected (N, C, D, H, W)"
        )


def channels_last_hint(shape: Shape) -> str:
    """A line on how to transpose images whose channels seem to come last; empty for others."""
    if len(shape) != 4 or shape[3] not in _CHANNELS or min(shape[1:3]) < _SMALLEST_SIDE:  # noqa: PLR2004
        return ""
    n, height, width, channels = shape
    return (
        f"\n  the channels come first here, as in {shape_text((n, channels, height, width))}:"
        " array.transpose(0, 3, 1, 2)"
    )


def channel_blocks(shape: Shape, backend: Backend, larger: int = 1) -> list[slice]:
    """Slices of axis 1 that together are all of it, as the backend wants them cut.

    They depend on the shape alone, so that sums come out the same for any number of threads.

    Args:
        shape: What is cut.
        backend: Where it lies.
        larger: By how many times a block may be larger than what a core's cache holds.
    """
    n_channels = shape[1]
    most = backend.parts_at_once(n_channels, prod(shape) // n_channels // larger)
    n_blocks = ceil(n_channels / most)
    edges = [round(i * n_channels / n_blocks) for i in range(n_blocks + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]


def beside(values: Array, n_axes: int) -> Array:
    """A view ``(1, C, 1, …)`` of ``(C,)`` that broadcasts against a blob of ``n_axes``."""
    return values.reshape((1, -1) + (1,) * (n_axes - 2))


def all_but_channels(n_axes: int) -> tuple[int, ...]:
    """The axes that a sum per channel runs over."""
    return (0, *range(2, n_axes))
