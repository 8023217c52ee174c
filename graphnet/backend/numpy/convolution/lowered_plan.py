"""How a convolution by lowering is cut: the plan of ``lowered``.

The image is lowered along its width only (Cho & Brand, "MEC", 2017, arXiv 1706.06873):
``L[i, c, s, j]`` is the element that tap ``s`` of the windows in column ``j`` meets in row ``i``
of channel ``c``, where ``j`` runs over output columns and samples. With filters of 1 × 1 that is
the image, and nothing is copied.
"""

from __future__ import annotations

from functools import cached_property

from graphnet.backend.calls import cut
from graphnet.backend.numpy.convolution.plan import UNFOLDED_ELEMENTS, Columns, ConvPlan
from graphnet.backend.numpy.products import UNPACKED
from graphnet.backend.numpy.scratch import footprint
from graphnet.backend.numpy.windows import Axis
from graphnet.blob import Shape

#: Columns of a unit where the product is packed anyway; the most where they are the samples of a
#: single output column, which would have to be cut; and the most and fewest where it is not packed.
PACKED_COLUMNS, UNCUT_COLUMNS, MOST_COLUMNS, FEWEST_COLUMNS = 448, 640, 1536, 192
#: Elements of a filter from which on the output's gradient is laid out for the filter's.
LAID_OUT_DEPTH = 400
#: Elements of products that wait to be added up.
WAITING_ELEMENTS = 2**16


class LoweredPlan(ConvPlan):
    """The plan of a convolution by lowering; a place is an output column."""

    @property
    def n_places(self) -> int:
        return self.y[3]

    @property
    def n_taps(self) -> int:
        return self.filter[1] * self.filter[3]

    def outputs(self, columns: Columns) -> slice:
        return columns.q

    @property
    def gradient_width(self) -> int:
        return UNCUT_COLUMNS

    @property
    def sum_shape(self) -> Shape:
        """Elements of a filter, filters."""
        return (self.depth, self.filters_per_group)

    def scratch(self, *, backward: bool) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {}
        if self.filter[1] > 1 and self.filter[2] > 1:
            shapes["filter"] = (self.filters_per_group, self.depth)
        if backward and not self.in_place:
            shapes["flipped"] = (self.depth * self.filters_per_group,)
        return shapes

    def slot_scratch(self, *, backward: bool) -> int:
        if not backward:
            return footprint(self.lowered)
        params = footprint(self.lowered, self.waiting, self.sum_shape, self.laid_out)
        image = 0 if self.in_place else footprint(self.outputs_read, self.unfolded)
        return max(params, image)

    @cached_property
    def lowered(self) -> Shape:
        """Of the largest unit's lowered image; empty where it is the image itself."""
        return (0,) if self.in_place else super().lowered

    @property
    def width(self) -> Axis:
        """The windows along the width."""
        return self.axes[1]

    @cached_property
    def columns(self) -> list[Columns]:
        """The output's columns, in runs that suit the forward product."""
        unpacked = UNPACKED // (self.filters_per_group * self.depth)
        packed = unpacked < FEWEST_COLUMNS
        most = PACKED_COLUMNS if packed else min(unpacked, MOST_COLUMNS)
        if packed and most < self.x[0] <= UNCUT_COLUMNS:
            most = self.x[0]
        share = self.x[0] * self.y[3] * self.y[2] * self.n_group // self.n_units
        return self.runs(min(most, max(share, FEWEST_COLUMNS)))

    # --- the filter's gradient ----------------------------------------------------------

    @cached_property
    def filter_parts(self) -> list[slice]:
        """The filters of a group, cut where there are too few lanes to share out."""
        parts = -(-self.n_units // (len(self.lanes) * self.n_group))
        return [slice(a, b) for a, b in cut(self.filters_per_group, parts, multiple=16)]

    @cached_property
    def waiting(self) -> Shape:
        """Of the products of successive output rows that are added up together."""
        most_filters = max(part.stop - part.start for part in self.filter_parts)
        most = max(1, WAITING_ELEMENTS // (self.depth * most_filters))
        return (min(most, self.most_rows), self.depth, most_filters)

    @cached_property
    def laid_out(self) -> Shape:
        """Of those rows of the output's gradient, laid out anew, if that pays: all elements."""
        most, depth, most_filters = self.waiting
        return (most * self.n_columns * most_filters if depth >= LAID_OUT_DEPTH else 0,)

    # --- the image's gradient -----------------------------------------------------------

    @cached_property
    def gradient_columns(self) -> list[Columns]:
        """The output's columns, in runs that a gradient unit goes through one after another."""
        n_rows = max((u.stop - u.start for u in self.gradient_units), default=1)
        return self.runs(max(UNCUT_COLUMNS, UNFOLDED_ELEMENTS // (self.n_taps * n_rows)))

    @cached_property
    def outputs_read(self) -> Shape:
        """Of the output rows that the largest gradient unit reads: rows, filters, columns."""
        return (self.most_output_rows, self.filters_per_group, max(map(len, self.gradient_columns)))

    @cached_property
    def unfolded(self) -> Shape:
        """Of the largest gradient unit's lowered gradient: rows times channels, taps, columns."""
        widest = max(map(len, self.gradient_columns))
        return (self.most_gradient_rows, self.filter[3], widest)
