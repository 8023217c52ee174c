"""How a depthwise convolution of narrow planes is cut: the plan of ``banded``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from math import prod

from graphnet.backend.calls import cut
from graphnet.backend.numpy.convolution.plan import INLINE_MACS, N_UNITS, ConvGeometry
from graphnet.backend.numpy.products import has_unpacked
from graphnet.backend.numpy.scratch import footprint
from graphnet.backend.numpy.sums import PLAIN
from graphnet.blob import Shape

#: Columns of the image for each tap across, up to which the product with its many zeros is quicker
#: than a sum of runs: with BLAS kernels for small matrices, and without. It depends on how many
#: multiply-adds of a product take as long as one of ``einsum``'s, which waits for the cache.
MOST_COLUMNS = {True: 10, False: 5}
#: Samples, the columns of a product, below which it is too narrow.
FEWEST_SAMPLES = 16
#: Elements of a unit's products for the filter's gradient.
PRODUCT_ELEMENTS = 2**19


@dataclass(frozen=True)
class RowRun:
    """Rows that are made alike: each of as many successive rows, by the same taps.

    Attributes:
        rows: Which.
        start: The first of the rows that the first of them is made of.
        step: From there to the first row that the next is made of.
        taps: By which taps, in the order the rows meet them; none: these rows are zero.
    """

    rows: slice
    start: int
    step: int
    taps: slice


class BandedPlan(ConvGeometry):
    """The units of a depthwise convolution, one filter a channel: runs of channels."""

    @property
    def pays(self) -> bool:
        """Whether a convolution of these shapes is one, and takes less time so."""
        n_filters, depth, n_rows, n_columns = self.filter
        height, _ = self.axes
        if not depth == 1 < self.n_group == n_filters or self.x[0] < FEWEST_SAMPLES:
            return False
        if height.dilation > 1 or height.pad >= n_rows or height.out > PLAIN:
            return False
        return self.x[3] <= MOST_COLUMNS[has_unpacked()] * n_columns

    @cached_property
    def inline(self) -> bool:
        return prod(self.y) * self.filter[2] * self.x[3] < INLINE_MACS

    @cached_property
    def units(self) -> list[slice]:
        """Runs of channels."""
        least = -(-prod(self.products(self.x[1])) // PRODUCT_ELEMENTS)
        return [slice(*span) for span in cut(self.x[1], max(N_UNITS, least))]

    @cached_property
    def output_runs(self) -> list[RowRun]:
        """The output's rows, of those of the image."""
        height, _ = self.axes
        return [
            RowRun(
                run.windows,
                run.taps[0].start,
                height.stride,
                slice(run.first, run.first + len(run.taps)),
            )
            for run in height.runs()
        ]

    @cached_property
    def turned_taps(self) -> list[int]:
        """The taps down in the order in which a row of the image meets them, for each stride."""
        kernel, stride = self.filter[2], self.window.stride[0]
        return [r for rest in range(stride) for r in reversed(range(rest, kernel, stride))]

    @cached_property
    def image_runs(self) -> list[RowRun]:
        """The rows of the image's gradient, of those of the output's; taps are turned ones."""
        height, _ = self.axes
        found = []

        def met(row: int) -> tuple[int, int]:
            """The first tap that meets a row, and how many do."""
            place = row + height.pad
            windows = [
                p for p in range(height.out) if 0 <= place - p * height.stride < height.kernel
            ]
            return (place - windows[0] * height.stride if windows else 0), len(windows)

        for first in range(min(height.stride, height.size)):
            for (tap, n_taps), group in groupby(range(first, height.size, height.stride), met):
                rows = list(group)
                index = self.turned_taps.index(tap)
                start = (rows[0] + height.pad - tap) // height.stride
                some = slice(rows[0], rows[-1] + 1, height.stride)
                found.append(RowRun(some, start, 1, slice(index, index + n_taps)))
        return found

    # --- scratch, by what is carved out of it -------------------------------------------

    def bands(self, n_channels: int) -> Shape:
        """Channels, output columns, taps down, columns of the image."""
        return (n_channels, self.y[3], self.filter[2], self.x[3])

    def turned(self, n_channels: int) -> Shape:
        """Channels, columns of the image, taps down as turned, output columns."""
        return (n_channels, self.x[3], self.filter[2], self.y[3])

    def products(self, n_channels: int) -> Shape:
        """Channels, output rows, and the bands that each of them is met by."""
        return (n_channels, self.y[2], *self.bands(1)[1:])

    def slot_scratch(self, *, backward: bool) -> int:
        """Elements of scratch that a slot needs."""
        most = max(int(unit.stop - unit.start) for unit in self.units)
        bands = self.bands(most)
        if not backward:
            return footprint(bands)
        return footprint(bands, max(self.products(most), self.turned(most), key=prod))
