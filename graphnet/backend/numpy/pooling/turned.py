"""Pooling of few samples: on copies in which all channels of a place lie side by side.

Stored batch last, the elements that a tap of the windows meets come in runs of as many numbers as
there are samples, or of as many as a row has windows. Of one sample, or a few, these are short, and
NumPy takes 10 ns for each. Copied into another order, a channel of a sample is like a sample of its
own:

    (C, H, W, N)  →  (1, H, W, C · N)

What pools many samples then pools these, by the same steps: the results are the same to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import prod
from typing import Any, Protocol, TypeAlias, cast

import numpy as np

from graphnet.backend.base import ScratchDecl
from graphnet.backend.calls import Call
from graphnet.blob import Array, Shape, storage

#: Samples that are few, and channels of samples that are enough for a run.
FEW, ENOUGH = 16, 64


class PooledPart(Protocol):
    """Some images of a pooling, and the calls on them."""

    def forward(self, slot: int) -> Iterator[Call]:
        """The maxima or means."""

    def backward(self, slot: int) -> Iterator[Call]:
        """Their gradient."""


#: What pools images seen as (samples, 1, H, W): x, y, dx and dy, and scratch for one slot.
Make: TypeAlias = "Callable[[Sequence[Array | None], Mapping[str, Array]], PooledPart]"


def is_turned(x: Shape) -> bool:
    """Whether images ``(N, C, H, W)`` are few, and their channels are not."""
    return x[0] < FEW and x[0] * x[1] >= ENOUGH


def as_samples(shape: Shape, n_channels: int) -> Shape:
    """What images ``(N, C, H, W)`` look like where each of so many channels is a sample."""
    return (shape[0] * n_channels, 1, *shape[2:])


def turned_scratch(x: Shape, y: Shape, n_slots: int) -> dict[str, ScratchDecl]:
    """The scratch of :class:`Turned`, for images of the largest part seen as samples."""
    return {
        "image": ScratchDecl((n_slots, prod(x))),
        "pooled": ScratchDecl((n_slots, prod(y))),
    }


class Turned:
    """Some channels of a pooling, and the calls on them.

    Args:
        channels: Which.
        arrays: x, y, dx, dy; the diffs may be None.
        scratch: Flat, a row for each slot; that whose name ends with ``winners`` by channels.
        make: Binds what pools the copies.
        shapes: Of scratch that is to have more axes than one, by name.
    """

    def __init__(
        self,
        channels: slice,
        arrays: Sequence[Array | None],
        scratch: Mapping[str, Array],
        make: Make,
        shapes: Mapping[str, Shape],
    ) -> None:
        parts = [None if a is None else storage(a)[channels].transpose(1, 2, 0, 3) for a in arrays]
        self.x, self.y, self.dx, self.dy = cast("list[Any]", parts)
        self.channels, self.scratch, self.make, self.shapes = channels, scratch, make, shapes

    def forward(self, slot: int) -> Iterator[Call]:
        """Copy the images, pool the copies, and copy what comes of them."""
        image, pooled = self.copies(slot)
        yield partial(np.copyto, image, self.x)
        yield from self.bound(slot).forward(0)
        yield partial(np.copyto, self.y, pooled)

    def backward(self, slot: int) -> Iterator[Call]:
        """The same with the gradients, the other way."""
        image, pooled = self.copies(slot)
        yield partial(np.copyto, pooled, self.dy)
        yield from self.bound(slot).backward(0)
        yield partial(np.copyto, self.dx, image)

    def copies(self, slot: int) -> list[Array]:
        """Scratch like the image and like what is pooled, ``(H, W, C, N)``."""
        return [
            self.scratch[name][slot, : like.size].reshape(like.shape)
            for name, like in (("image", self.x), ("pooled", self.y))
        ]

    def bound(self, slot: int) -> PooledPart:
        """What pools the copies in the slot's scratch."""
        image, pooled = (
            copy.reshape(1, *copy.shape[:2], -1).transpose(3, 0, 1, 2) for copy in self.copies(slot)
        )
        diffs = (None, None) if self.dx is None else (image, pooled)
        own = {name: self.own(name, array, slot) for name, array in self.scratch.items()}
        return self.make((image, pooled, *diffs), own)

    def own(self, name: str, array: Array, slot: int) -> Array:
        """The part's and the slot's portion of a scratch array."""
        if name.endswith("winners"):
            n_channels, rows, columns, n = array.shape
            first, last, _ = self.channels.indices(n_channels)
            flat = array.reshape(-1)[first * rows * columns * n : last * rows * columns * n]
            return flat.reshape(1, rows, columns, -1)
        flat = array[slot : slot + 1]
        if name not in self.shapes:
            return flat
        shape = self.shapes[name]
        return flat[:, : prod(shape)].reshape(1, *shape)
