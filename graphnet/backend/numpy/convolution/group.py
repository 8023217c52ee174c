"""One group of a convolution, whatever the algorithm: its part of every array, and its tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.lib.stride_tricks import as_strided

from graphnet.backend.base import ConvArrays
from graphnet.backend.calls import Call
from graphnet.backend.numpy.convolution.plan import ConvGeometry, ConvPlan, GradientUnit, Unit
from graphnet.backend.numpy.sums import bind_sum_of_rows
from graphnet.backend.numpy.threads import Task
from graphnet.backend.rectifier import rectifier, without_axes
from graphnet.blob import Array, storage

P = TypeVar("P", bound=ConvPlan)


@dataclass(frozen=True)
class Share:
    """Where a unit's share of the gradients of filter and bias goes.

    Attributes:
        part: For which filters.
        total: The lane's sum, to which the products are added; None if they are not wanted.
        sums: Where each row of the output's gradient is summed up; None likewise.
        first: Whether the products are assigned, not added.
    """

    part: slice
    total: Array | None
    sums: Array | None
    first: bool


def part_of_group(geometry: ConvGeometry, index: int, arrays: ConvArrays) -> ConvArrays:
    """A group's part of every array, batch last as they are stored."""
    channels = slice(index * geometry.filter[1], (index + 1) * geometry.filter[1])
    filters = slice(index * geometry.filters_per_group, (index + 1) * geometry.filters_per_group)
    return ConvArrays(
        x=storage(arrays.x)[channels],
        filter=arrays.filter[filters],
        bias=None if arrays.bias is None else arrays.bias[filters],
        y=storage(arrays.y)[filters],
        dx=None if arrays.dx is None else storage(arrays.dx)[channels],
        dfilter=None if arrays.dfilter is None else arrays.dfilter[filters],
        dbias=None if arrays.dbias is None else arrays.dbias[filters],
        dy=None if arrays.dy is None else storage(arrays.dy)[filters],
        bound=arrays.bound,
    )


class ConvGroup(ABC, Generic[P]):
    """The calls of a group, bound to its arrays.

    Args:
        plan: Of the same shapes.
        index: Of the group.
        arrays: Of the whole convolution.
        scratch: Likewise; ``slots`` has a row of flat scratch for each slot.
    """

    def __init__(
        self, plan: P, index: int, arrays: ConvArrays, scratch: Mapping[str, Array]
    ) -> None:
        self.plan = plan
        self.scratch = {k: v if k == "slots" else v[index] for k, v in scratch.items()}
        part = part_of_group(plan, index, arrays)
        self.x, self.y, self.filter = part.x, part.y, part.filter
        self.dx: Any = part.dx
        self.dy: Any = part.dy
        self.bias: Any = part.bias
        self.dfilter: Any = part.dfilter
        self.dbias: Any = part.dbias
        self.bound = part.bound

    # --- what an algorithm does ---------------------------------------------------------

    @abstractmethod
    def arrange_filter(self) -> Iterable[Call]:
        """Bring the filter into the order of the lowered rows."""

    @abstractmethod
    def output(self, unit: Unit, scratch: Array) -> Iterable[Call]:
        """Write a unit's part of the output."""

    @abstractmethod
    def param_gradients(self, unit: Unit, scratch: Array, share: Share) -> Iterable[Call]:
        """A unit's share of the gradients of filter and bias."""

    @abstractmethod
    def write_filter_gradient(self, total: Array) -> Iterable[Call]:
        """The filter's gradient from the sum of all lanes."""

    @abstractmethod
    def flip_filter(self) -> Iterable[Call]:
        """Bring the filter into the order in which rows of the image meet its taps."""

    @abstractmethod
    def image_gradient(self, unit: GradientUnit, scratch: Array) -> Iterable[Call]:
        """Write a unit's part of the image's gradient."""

    # --- tasks --------------------------------------------------------------------------

    def forward_tasks(self) -> Iterator[Task]:
        """One for each unit, which is cut off at the bound while it is in the cache."""
        for unit in self.plan.units:
            cut_off: list[Call] = []
            if self.bound is not None:
                cut_off = [bind_rectifier(self.bound, self.outputs(self.y, unit))]
            yield [[*self.output(unit, scratch), *cut_off] for scratch in self.scratch["slots"]]

    def param_gradient_tasks(self) -> Iterator[Task]:
        """One for each lane and part of the filters."""
        for part in self.plan.filter_parts:
            for lane, units in enumerate(self.plan.lanes):
                total = None
                if self.dfilter is not None:
                    total = self.scratch["sums"][lane][..., part]
                versions = []
                for scratch in self.scratch["slots"]:
                    calls: list[Call] = []
                    for unit in units:
                        sums = None
                        if self.dbias is not None:
                            rows = slice(unit.before, unit.before + unit.stop - unit.start)
                            sums = self.scratch["bias_sums"][rows, part]
                        share = Share(part, total, sums, first=unit is units[0])
                        calls += self.param_gradients(unit, scratch, share)
                    versions.append(calls)
                yield versions

    def add_up(self) -> Iterator[Call]:
        """The gradients from the sums of all lanes and rows."""
        if self.dbias is not None:
            yield bind_sum_of_rows(self.scratch["bias_sums"], self.dbias)
        if self.dfilter is not None:
            sums = self.scratch["sums"]
            if len(sums) > 1:
                yield partial(np.add.reduce, sums[:-1], 0, None, sums[-1])
            yield from self.write_filter_gradient(sums[-1])

    def image_gradient_tasks(self) -> Iterator[Task]:
        """One for each gradient unit."""
        for unit in self.plan.gradient_units:
            yield [list(self.image_gradient(unit, scratch)) for scratch in self.scratch["slots"]]

    # --- views --------------------------------------------------------------------------

    def outputs(self, y: Array, unit: Unit) -> Array:
        """The unit's part of an array like the output: filters, rows, columns, samples."""
        rows = y[:, unit.rows.outputs][:, unit.start : unit.stop]
        return rows[:, :, self.plan.outputs(unit.columns), unit.columns.n]

    def flipped_taps(self) -> Iterator[tuple[slice, Array]]:
        """The filter's taps along the height in the order rows of the image meet them.

        Yields:
            Where they are in that order, and the taps ``(K, C, taps, S)``, for each stride.
        """
        stride, start = self.plan.row_classes[0].stride, 0
        for rest in range(min(stride, self.plan.filter[2])):
            taps = self.filter[:, :, rest::stride][:, :, ::-1]
            yield slice(start, start + taps.shape[2]), taps
            start += taps.shape[2]

    def image_rows(self, unit: GradientUnit) -> Array:
        """The part of the image's gradient that a unit writes."""
        rows: Array = self.dx[unit.channels, unit.rows.image(unit.start, unit.stop)]
        return rows


def merged(outputs: Array) -> Array:
    """The view ``(filters, rows, columns)`` of ``(filters, rows, places, samples)``."""
    n_filters, n_rows, width, n = outputs.shape
    shape, strides = (n_filters, n_rows, width * n), (*outputs.strides[:2], outputs.itemsize)
    return as_strided(outputs, shape, strides)


def bind_rectifier(bound: float, y: Array) -> Call:
    """``y = max(y, bound)``, in place."""
    rectify, _ = rectifier(bound, without_axes(bound, y.dtype))
    return partial(rectify, np, y, y)
