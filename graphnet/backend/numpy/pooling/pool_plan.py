"""How a pooling is cut: into parts that no two threads share, and tiles that a cache holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

from graphnet.backend.base import PoolingKind
from graphnet.backend.calls import cut
from graphnet.backend.numpy.pooling.turned import ENOUGH, as_samples, is_turned
from graphnet.backend.numpy.windows import Axis, axes_of
from graphnet.backend.window import Window
from graphnet.blob import Shape

#: A pass over fewer elements of the image, times its cost, is not worth waking a thread for.
INLINE_ELEMENTS = 2**19
#: What a pass costs on an element, where maxima are searched for and elsewhere.
SEARCH, REDUCE = 2, 1
#: Elements of the image that are worked on at a time.
TILE_ELEMENTS = 2**19
#: Parts a pass should have, so that threads finish at about the same time, and the fewest elements
#: of the image that are worth the calls on a part.
N_UNITS, UNIT_ELEMENTS = 4, 2**15
#: Windows of a row that are few: each element of them costs more than to copy it.
SHORT = 8


@dataclass(frozen=True)
class PoolPlan:
    """The shapes of a pooling, and its parts.

    Attributes:
        window: Its geometry.
        x: ``(N, C, H, W)``.
        y: ``(N, C, P, Q)``.
        kind: Max or Mean.
    """

    window: Window
    x: Shape
    y: Shape
    kind: PoolingKind = "Max"

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """Height and width."""
        return axes_of(self.window, (self.x[2], self.x[3]), (self.y[2], self.y[3]))

    @cached_property
    def whole(self) -> bool:
        """Whether one window has all elements of a plane, of which there are several."""
        return prod(self.x[2:]) > 1 and all(
            axis.out == 1 and axis.kernel - axis.pad >= axis.size for axis in self.axes
        )

    @cached_property
    def turned(self) -> bool:
        """Whether channels are pooled as if they were samples: it is worth the copies."""
        width = self.axes[1]
        if not is_turned(self.x) or self.whole or width.trivial:
            return False
        return width.out <= SHORT or (self.kind == "Max" and not self.disjoint)

    def of_channels(self, channels: slice) -> PoolPlan:
        """The plan of some channels that are pooled as if they were samples."""
        n = channels.stop - channels.start
        return PoolPlan(self.window, as_samples(self.x, n), as_samples(self.y, n), self.kind)

    @cached_property
    def n_units(self) -> int:
        """How many parts there should be."""
        least = -(-prod(self.x) // TILE_ELEMENTS)
        return max(least, min(N_UNITS, -(-prod(self.x) // UNIT_ELEMENTS)))

    @cached_property
    def channels(self) -> list[slice]:
        """Runs of channels."""
        n_units = self.n_units
        if self.turned:
            n_units = min(n_units, self.x[0] * self.x[1] // ENOUGH)
        return [slice(*a) for a in cut(self.x[1], n_units)]

    @cached_property
    def parts(self) -> list[tuple[slice, slice]]:
        """Runs of channels, and of columns where those are independent too; no two meet."""
        columns = [(0, self.x[3])]
        if self.axes[1].trivial:
            columns = cut(self.x[3], -(-self.n_units // len(self.channels)))
        return [(channels, slice(*b)) for channels in self.channels for b in columns]

    @cached_property
    def rows(self) -> list[tuple[int, int]]:
        """Runs of output rows to be worked on one after another."""
        elements = prod(self.x) // len(self.parts)
        return cut(self.y[2], -(-elements // TILE_ELEMENTS))

    @cached_property
    def part(self) -> Shape:
        """Of the image, of the largest part: channels, rows, columns, samples."""
        n_channels = max(channels.stop - channels.start for channels, _ in self.parts)
        n_columns = max(columns.stop - columns.start for _, columns in self.parts)
        return (n_channels, self.x[2], n_columns, self.x[0])

    def tile(self, *, wide: bool) -> Shape:
        """Of the largest tile; ``wide``: with the image's columns, not the output's."""
        n_channels, _, n_columns, n = self.part
        n_rows = max(stop - start for start, stop in self.rows)
        narrow = wide or self.axes[1].trivial
        return (n_channels, n_rows, n_columns if narrow else self.y[3], n)

    def inline(self, cost: int) -> bool:
        """Whether a pass of that cost is too small to be shared out."""
        return prod(self.x) * cost < INLINE_ELEMENTS

    def n_slots(self, cost: int, n_threads: int) -> int:
        """How many threads at most work at once."""
        return 1 if self.inline(cost) else min(n_threads, len(self.parts))

    @cached_property
    def disjoint(self) -> bool:
        """Whether no element is in two windows."""
        return all(axis.disjoint for axis in self.axes)

    @cached_property
    def tiles(self) -> bool:
        """Whether every element is in exactly one window."""
        return all(axis.tiles for axis in self.axes)
