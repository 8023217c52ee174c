"""How a convolution of few columns is cut: the plan of ``im2col``."""

from __future__ import annotations

from functools import cached_property
from math import prod

from graphnet.backend.calls import cut
from graphnet.backend.numpy.convolution.plan import LOWERED_ELEMENTS, ConvGeometry
from graphnet.backend.numpy.scratch import footprint
from graphnet.blob import Shape

#: Columns of an output row, places × samples, below which a product for each row is too narrow.
FEW_COLUMNS = 64
#: Columns that a unit should have.
ENOUGH_COLUMNS = 96


class Im2colPlan(ConvGeometry):
    """The units of a convolution of few columns; all groups are cut alike."""

    @property
    def pays(self) -> bool:
        """Whether the products of single output rows would be narrow."""
        return self.x[0] * self.out[1] < FEW_COLUMNS

    @property
    def out(self) -> tuple[int, int]:
        """Rows and columns of the output."""
        return self.y[2], self.y[3]

    @property
    def row(self) -> int:
        """Columns of an output row."""
        return self.x[0] * self.out[1]

    @cached_property
    def least_runs(self) -> int:
        """Into how many runs of rows the matrix is cut so that each stays in the cache."""
        return 1 if self.in_place else -(-self.depth * self.row * self.out[0] // LOWERED_ELEMENTS)

    @cached_property
    def rows(self) -> list[tuple[int, int]]:
        """Runs of output rows whose columns are multiplied together."""
        if self.shared:
            return [(0, self.out[0])]
        return cut(self.out[0], max(self.least_runs, -(-self.n_units // self.n_group)))

    @cached_property
    def shared(self) -> bool:
        """Whether all units work on one matrix: cut into runs of rows, it would be too narrow."""
        return self.least_runs == 1 and self.row * self.out[0] < self.n_units * ENOUGH_COLUMNS

    @cached_property
    def filter_parts(self) -> list[slice]:
        """The filters of a group, in parts whose gradients are shared out."""
        parts = -(-self.n_units // self.n_group)
        return [slice(*a) for a in cut(self.filters_per_group, parts, multiple=16)]

    @cached_property
    def channel_parts(self) -> list[slice]:
        """The channels of a group, in parts whose gradients are shared out."""
        parts = max(-(-self.n_units // self.n_group), self.least_runs)
        return [slice(*a) for a in cut(self.filter[1], parts)]

    @property
    def matrix(self) -> Shape:
        """Of the largest run of rows: elements of a filter, columns; empty if it is the image."""
        most = max(stop - start for start, stop in self.rows)
        return (0, 0) if self.in_place else (self.depth, most * self.row)

    @property
    def product(self) -> Shape:
        """The gradient of the largest part of the filters, of one run of rows."""
        most = max(int(part.stop - part.start) for part in self.filter_parts)
        return (most, self.depth) if len(self.rows) > 1 else (0, 0)

    @property
    def unfolded(self) -> Shape:
        """The gradient of the largest part of the channels, for each tap and place."""
        most = max(int(part.stop - part.start) for part in self.channel_parts)
        taps = prod(self.filter[2:])
        return (0, 0) if self.in_place else (most * taps, self.out[0] * self.row)

    def slot_scratch(self, *, backward: bool) -> int:
        """Elements of scratch that a slot needs."""
        matrix = (0, 0) if self.shared else self.matrix
        if not backward:
            return footprint(matrix)
        return max(footprint(matrix, self.product), footprint(self.unfolded))

    def n_slots(self, n_threads: int) -> int:
        """How many threads work at once, at most."""
        tasks = len(self.rows) + len(self.filter_parts) + len(self.channel_parts)
        return 1 if self.inline else min(n_threads, self.n_group * tasks)
