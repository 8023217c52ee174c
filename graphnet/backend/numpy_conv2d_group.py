"""One group of a convolution, whatever the algorithm: its part of every array, and its tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Generic, TypeVar

import numpy as np
from numpy.lib.stride_tricks import as_strided

from graphnet.backend.base import ConvArrays
from graphnet.backend.numpy_conv2d_plan import ConvPlan, GradientUnit, Unit
from graphnet.backend.threads import Call, Task
from graphnet.blob import Array, storage

P = TypeVar("P", bound=ConvPlan)


class ConvGroup(ABC, Generic[P]):
    """The calls of a group, bound to its arrays.

    Args:
        plan: Of the same shapes.
        index: Of the group.
        arrays: Of the whole convolution.
        scratch: Likewise; ``work`` has a row for each slot.
    """

    def __init__(
        self, plan: P, index: int, arrays: ConvArrays, scratch: Mapping[str, Array]
    ) -> None:
        self.plan = plan
        self.scratch = {k: v if k == "work" else v[index] for k, v in scratch.items()}
        channels = slice(index * plan.filter[1], (index + 1) * plan.filter[1])
        filters = slice(index * plan.n_filter, (index + 1) * plan.n_filter)
        self.x, self.y = storage(arrays.x)[channels], storage(arrays.y)[filters]
        self.dx: Array = None if arrays.dx is None else storage(arrays.dx)[channels]
        self.dy: Array = None if arrays.dy is None else storage(arrays.dy)[filters]
        self.filter = arrays.filter[filters]
        self.bias: Array = None if arrays.bias is None else arrays.bias[filters]
        self.dfilter: Array = None if arrays.dfilter is None else arrays.dfilter[filters]
        self.dbias: Array = None if arrays.dbias is None else arrays.dbias[filters]

    # --- what an algorithm does ---------------------------------------------------------

    @abstractmethod
    def arrange_filter(self) -> Iterable[Call]:
        """Bring the filter into the order of the lowered rows."""

    @abstractmethod
    def multiply(self, unit: Unit, work: Array) -> Iterable[Call]:
        """Write a unit's part of the output, without the bias."""

    @abstractmethod
    def filter_gradient(
        self, unit: Unit, work: Array, total: Array, part: slice, *, first: bool
    ) -> Iterable[Call]:
        """Add a unit's products to a lane's ``total``; ``first`` assigns them."""

    @abstractmethod
    def write_filter_gradient(self, total: Array) -> Iterable[Call]:
        """The filter's gradient from the sum of all lanes."""

    @abstractmethod
    def flip_filter(self) -> Iterable[Call]:
        """Bring the filter into the order in which rows of the image meet its taps."""

    @abstractmethod
    def image_gradient(self, unit: GradientUnit, work: Array) -> Iterable[Call]:
        """Write a unit's part of the image's gradient."""

    # --- tasks --------------------------------------------------------------------------

    def forward_tasks(self) -> Iterator[Task]:
        """One for each unit: lower, multiply, add the bias."""
        for unit in self.plan.units:
            finish: list[Call] = []
            if self.bias is not None:
                y = self.outputs(self.y, unit)
                finish.append(partial(np.add, y, self.bias[:, None, None, None], y))
            yield [[*self.multiply(unit, work), *finish] for work in self.scratch["work"]]

    def filter_gradient_tasks(self) -> Iterator[Task]:
        """One for each lane and part of the filters."""
        for part in self.plan.filter_parts:
            for lane, units in enumerate(self.plan.lanes):
                total = self.scratch["sums"][lane][..., part]
                versions = []
                for work in self.scratch["work"]:
                    calls: list[Call] = []
                    for unit in units:
                        if self.dbias is not None:
                            calls += self.bias_sums(unit, part)
                        if self.dfilter is not None:
                            first = unit is units[0]
                            calls += self.filter_gradient(unit, work, total, part, first=first)
                    versions.append(calls)
                yield versions

    def bias_sums(self, unit: Unit, part: slice) -> Iterator[Call]:
        """A unit's sums over columns."""
        dy = self.outputs(self.dy[part], unit)
        if dy.shape[3] == self.plan.x[0]:
            dy = merged(dy)[:, :, np.newaxis]
        _, n_rows, width, n = dy.shape
        sums = self.scratch["bias_sums"][unit.before : unit.before + n_rows, :, part]
        yield partial(np.matmul, dy.transpose(1, 2, 0, 3), np.ones(n, dy.dtype), sums[:, :width])
        if width < sums.shape[1]:
            yield partial(sums[:, width:].fill, 0)

    def add_up(self) -> Iterator[Call]:
        """The gradients from the sums of all lanes and rows."""
        if self.dbias is not None:
            yield partial(np.add.reduce, self.scratch["bias_sums"], (0, 1), None, self.dbias)
        if self.dfilter is not None:
            sums = self.scratch["sums"]
            if len(sums) > 1:
                yield partial(np.add.reduce, sums[:-1], 0, None, sums[-1])
            yield from self.write_filter_gradient(sums[-1])

    def image_gradient_tasks(self) -> Iterator[Task]:
        """One for each gradient unit."""
        for unit in self.plan.gradient_units:
            yield [list(self.image_gradient(unit, work)) for work in self.scratch["work"]]

    # --- views --------------------------------------------------------------------------

    def outputs(self, y: Array, unit: Unit) -> Array:
        """The unit's part of an array like the output: filters, rows, columns, samples."""
        rows = y[:, unit.rows.outputs][:, unit.start : unit.stop]
        return rows[:, :, self.plan.outputs(unit.columns), unit.columns.n]

    def image_rows(self, unit: GradientUnit) -> Array:
        """The part of the image's gradient that a unit writes."""
        return self.dx[unit.channels, unit.rows.image(unit.start, unit.stop)]


def merged(outputs: Array) -> Array:
    """Filters, rows, columns of filters, rows, places and samples, which lie in a row: a view."""
    n_filter, n_rows, width, n = outputs.shape
    shape, strides = (n_filter, n_rows, width * n), (*outputs.strides[:2], outputs.itemsize)
    return as_strided(outputs, shape, strides)
