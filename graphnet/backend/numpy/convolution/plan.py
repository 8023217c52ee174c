"""How a convolution is cut into units of work: geometry alone, no arrays.

An image row is turned into a *lowered* row, in which each column holds what one place of the output
reads of that image row. The ``R`` rows a window needs lie one after another, so that an output row
is a matrix product, and nothing is copied again (Cho & Brand, "MEC", 2017, arXiv 1706.06873):

    lowered rows     L0 L1 L2 L3 …                     R = 3, stride 1
    output row 0    [L0 L1 L2]       = filter (K, 3·taps) @ (3·taps, columns)
    output row 1       [L1 L2 L3]    the same memory again, one row further

What a lowered row holds is up to the algorithm: ``lowered`` and ``winograd``.

A height dilation splits the output rows into classes that share no input row; each class is a
convolution without dilation on every ``dilation``-th row. The cut depends on shapes and on the kind
of processor, never on the number of threads, so that every sum is added up in the same order.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import gcd, prod

from graphnet.backend.calls import cut
from graphnet.backend.numpy.windows import Axis, axes_of
from graphnet.backend.window import Window
from graphnet.blob import Shape

#: Units a pass should have, so that threads finish at about the same time.
N_UNITS = 4
#: A pass of fewer multiply-adds is not worth waking a thread for: it is one unit.
INLINE_MACS = 16_000_000
#: Elements that a unit's lowered image should not exceed.
LOWERED_ELEMENTS = 2**19
#: Elements that a gradient unit's lowered gradient should not exceed.
UNFOLDED_ELEMENTS = 2**19
#: The most lanes, and the most elements of their sums of the filter's gradient together.
N_LANES, LANE_ELEMENTS = 8, 2**22


@dataclass(frozen=True)
class RowClass:
    """Output rows whose windows share input rows.

    Attributes:
        outputs: Which output rows.
        n_out: How many.
        stride: Lowered rows between windows.
        first: The image row of lowered row 0; negative inside the padding.
        step: Image rows between lowered rows.
        height: Of the image.
    """

    outputs: slice
    n_out: int
    stride: int
    first: int
    step: int
    height: int

    def inside(self, start: int, stop: int) -> tuple[int, int]:
        """The part of the lowered rows ``[start, stop)`` that lies in the image."""
        low = max(start, -(self.first // self.step))
        high = min(stop, (self.height - 1 - self.first) // self.step + 1)
        return low, max(low, high)

    def image(self, start: int, stop: int) -> slice:
        """The image rows of the lowered rows ``[start, stop)``, which lie in the image."""
        low = self.first + start * self.step
        return slice(low, low + (stop - start - 1) * self.step + 1, self.step)


@dataclass(frozen=True)
class Columns:
    """A run of columns: all samples of some places along the width, or some samples of one."""

    q: slice
    n: slice

    def __len__(self) -> int:
        """Their number."""
        return int((self.q.stop - self.q.start) * (self.n.stop - self.n.start))


@dataclass(frozen=True)
class Unit:
    """Output rows ``[start, stop)`` of a class, counted within it, and columns.

    ``before`` is the number of rows of the units before it.
    """

    rows: RowClass
    start: int
    stop: int
    columns: Columns
    before: int


@dataclass(frozen=True)
class GradientUnit:
    """Lowered rows ``[start, stop)`` of a class, all in the image, and channels of a group."""

    rows: RowClass
    start: int
    stop: int
    channels: slice


@dataclass(frozen=True)
class ConvGeometry:
    """The shapes of a convolution, whatever the algorithm.

    Attributes:
        window: The filters' geometry.
        n_group: Groups.
        x: ``(N, C, H, W)``.
        filter: ``(K, C / n_group, R, S)``.
    """

    window: Window
    n_group: int
    x: Shape
    filter: Shape

    @cached_property
    def y(self) -> Shape:
        """``(N, K, P, Q)``."""
        return (self.x[0], self.filter[0], *self.window.floor_size((self.x[2], self.x[3])))

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """Height and width."""
        return axes_of(self.window, (self.x[2], self.x[3]), (self.y[2], self.y[3]))

    @property
    def filters_per_group(self) -> int:
        """Filters of a group."""
        return self.filter[0] // self.n_group

    @property
    def depth(self) -> int:
        """Elements of a filter."""
        return prod(self.filter[1:])

    @property
    def macs(self) -> int:
        """Multiply-adds of the products of a pass, as the algorithm makes them."""
        return prod(self.y) * self.depth

    @cached_property
    def in_place(self) -> bool:
        """Whether the image's planes are what is multiplied: windows of one element, met once."""
        return all(axis.trivial and axis.pad == 0 and axis.dilation == 1 for axis in self.axes)

    @cached_property
    def inline(self) -> bool:
        """Whether a pass is too small to be shared out."""
        return self.macs < INLINE_MACS

    @property
    def n_units(self) -> int:
        """The units a pass should have."""
        return 1 if self.inline else N_UNITS


class ConvPlan(ConvGeometry, ABC):
    """The units of a convolution by products of rows; all groups are cut alike."""

    # --- what an algorithm says ---------------------------------------------------------

    @property
    @abstractmethod
    def n_places(self) -> int:
        """Places along the width; of each there is a column for every sample."""

    @property
    @abstractmethod
    def n_taps(self) -> int:
        """Elements of a column that come from one row of the image."""

    @property
    @abstractmethod
    def columns(self) -> list[Columns]:
        """The columns, in runs that suit the forward product."""

    @abstractmethod
    def outputs(self, columns: Columns) -> slice:
        """The output columns that a run of columns gives."""

    @property
    @abstractmethod
    def gradient_width(self) -> int:
        """Columns that a gradient unit goes through at once."""

    @property
    @abstractmethod
    def sum_shape(self) -> Shape:
        """The shape in which a group's gradient of the filter is added up."""

    @abstractmethod
    def scratch(self, *, backward: bool) -> dict[str, Shape]:
        """The arrays of a group that last for a pass."""

    @abstractmethod
    def slot_scratch(self, *, backward: bool) -> int:
        """Elements of flat scratch that a slot needs."""

    # --- rows and columns ---------------------------------------------------------------

    @cached_property
    def row_classes(self) -> list[RowClass]:
        """One, unless the height is dilated."""
        stride, dilation = self.window.stride[0], self.window.dilation[0]
        n_out, common = self.y[2], gcd(stride, dilation)
        n_class = min(dilation // common, n_out)
        return [
            RowClass(
                outputs=slice(i, None, dilation // common),
                n_out=len(range(i, n_out, dilation // common)),
                stride=stride // common,
                first=i * stride - self.window.pad[0],
                step=dilation,
                height=self.x[2],
            )
            for i in range(n_class)
        ]

    def runs(self, most: int) -> list[Columns]:
        """Runs of at most ``most`` columns, or of one sample's at one place."""
        n, q = self.x[0], self.n_places
        if n <= most:
            return [Columns(slice(a, b), slice(0, n)) for a, b in cut(q, -(-q // (most // n)))]
        return [
            Columns(slice(i, i + 1), slice(a, b))
            for i in range(q)
            for a, b in cut(n, -(-n // most), multiple=16)
        ]

    @cached_property
    def n_columns(self) -> int:
        """Of the widest run."""
        return max(map(len, self.columns))

    @cached_property
    def units(self) -> list[Unit]:
        """What the forward pass and the filter's gradient are cut into, in each group."""
        found: list[Unit] = []
        before = 0
        n_others = len(self.columns) * self.n_group * len(self.row_classes)
        for rows in self.row_classes:
            fit = LOWERED_ELEMENTS // (self.n_taps * self.n_columns)
            most = max((fit - self.filter[2]) // rows.stride + 1, self.filter[2])
            parts = max(-(-rows.n_out // most), -(-self.n_units // n_others))
            for start, stop in cut(rows.n_out, parts):
                for columns in self.columns:
                    found.append(Unit(rows, start, stop, columns, before))
                    before += stop - start
        return found

    @property
    def most_rows(self) -> int:
        """Output rows of the largest unit."""
        return max(unit.stop - unit.start for unit in self.units)

    @property
    def n_rows(self) -> int:
        """Output rows of all units together."""
        return sum(unit.stop - unit.start for unit in self.units)

    @cached_property
    def lowered(self) -> Shape:
        """Of the largest unit's lowered image: rows, taps, columns."""
        spans = [self.lowered_rows(unit) for unit in self.units]
        return (max(stop - start for start, stop in spans), self.n_taps, self.n_columns)

    def lowered_rows(self, unit: Unit) -> tuple[int, int]:
        """The lowered rows ``[start, stop)`` a unit needs."""
        stride = unit.rows.stride
        return unit.start * stride, (unit.stop - 1) * stride + self.filter[2]

    def n_slots(self, n_threads: int) -> int:
        """How many threads work at once, at most."""
        backward = len(self.lanes) * len(self.filter_parts) + len(self.gradient_units)
        tasks = self.n_group * max(len(self.units), backward)
        return 1 if self.inline else min(n_threads, tasks)

    # --- the filter's gradient ----------------------------------------------------------

    @cached_property
    def lanes(self) -> list[list[Unit]]:
        """The units in lanes: each lane has a sum of its own, and these are added at the end."""
        n = min(len(self.units), N_LANES, LANE_ELEMENTS // prod(self.sum_shape))
        n = max(1, n)
        return [self.units[i::n] for i in range(n)]

    @property
    def filter_parts(self) -> list[slice]:
        """The filters of a group, in parts whose gradients are shared out beside the lanes."""
        return [slice(0, self.filters_per_group)]

    # --- the image's gradient -----------------------------------------------------------

    @cached_property
    def gradient_units(self) -> list[GradientUnit]:
        """What the image's gradient is cut into, in each group."""
        found = []
        for rows in self.row_classes:
            used = (rows.n_out - 1) * rows.stride + self.filter[2]
            low, high = rows.inside(0, used)
            if low == high:
                continue
            fit = max(1, UNFOLDED_ELEMENTS // (self.n_taps * self.gradient_width))
            parts = max(-(-(high - low) // fit), -(-self.n_units // self.n_group))
            spans = cut(high - low, parts)
            channels = cut(self.filter[1], -(-self.n_units // (self.n_group * len(spans))))
            found += [
                GradientUnit(rows, low + a, low + b, slice(*c)) for a, b in spans for c in channels
            ]
        return found

    @cached_property
    def unread_rows(self) -> bool:
        """Whether some image row is in no window."""
        read = {(u.rows.first, u.start, u.stop) for u in self.gradient_units}
        return sum(stop - start for _, start, stop in read) < self.x[2]

    @cached_property
    def most_gradient_rows(self) -> int:
        """Rows times channels of the largest gradient unit."""
        sizes = [
            (u.stop - u.start) * (u.channels.stop - u.channels.start) for u in self.gradient_units
        ]
        return max(sizes, default=0)

    @cached_property
    def most_output_rows(self) -> int:
        """Output rows that the largest gradient unit reads."""
        spans = [self.output_rows(unit) for unit in self.gradient_units]
        return max((stop - start for start, stop in spans if stop > start), default=0)

    def output_rows(self, unit: GradientUnit) -> tuple[int, int]:
        """The output rows ``[start, stop)``, within the class, whose windows reach the unit."""
        low = max(0, -((self.filter[2] - 1 - unit.start) // unit.rows.stride))
        return low, min(unit.rows.n_out, (unit.stop - 1) // unit.rows.stride + 1)

    def reaching(self, unit: GradientUnit) -> Iterator[tuple[int, int, int, int]]:
        """For each lowered row: the output rows ``[start, stop)`` that reach it, and the taps.

        Yields:
            The row, start, stop, and where in :meth:`flipped_taps` the tap of start is.
        """
        kernel, stride = self.filter[2], unit.rows.stride
        order = self.flipped_taps(stride)
        for row in range(unit.start, unit.stop):
            start = max(0, -((kernel - 1 - row) // stride))
            stop = max(start, min(unit.rows.n_out, row // stride + 1))
            yield row, start, stop, order.index(row - start * stride) if stop > start else 0

    def flipped_taps(self, stride: int) -> list[int]:
        """The taps along the height; those that meet one row of the image are neighbours.

        From one output row to the next the tap that meets it falls by the stride.
        """
        kernel = self.filter[2]
        return [r for rest in range(stride) for r in reversed(range(rest, kernel, stride))]
