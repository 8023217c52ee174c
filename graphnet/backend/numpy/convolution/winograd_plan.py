"""How a convolution by minimal filtering is cut: the plan of ``winograd``.

The width is cut into tiles of ``m`` outputs, which ``minimal_filtering`` finds from
``n`` products each. A lowered row holds ``V[p, i, c, j]``: point ``p`` of the tile that is column
``j`` in row ``i`` of channel ``c``, where ``j`` runs over tiles and samples. Along the height the
filter is applied tap by tap, as in ``lowered``, once for each point.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from graphnet.backend.calls import cut
from graphnet.backend.numpy.convolution.minimal_filtering import tile_outputs
from graphnet.backend.numpy.convolution.plan import INLINE_MACS, Columns, ConvPlan
from graphnet.backend.numpy.products import has_unpacked
from graphnet.backend.numpy.scratch import footprint
from graphnet.blob import Shape

#: Columns of a unit, approximately.
TILE_COLUMNS = 400
#: Columns, of all rows together, that a product of the filter's gradient adds up, approximately.
SUMMED_COLUMNS = 1000
#: Elements of products that wait to be transformed.
WAITING_ELEMENTS = 2**17
#: With fewer samples the transforms' calls cost more than the products save; with BLAS kernels for
#: small matrices, and without.
FEWEST_SAMPLES = {True: 8, False: 48}
#: An element that a transform makes takes as long as so many multiply-adds of a product; likewise.
TRANSFORM_MACS = {True: 12, False: 30}
#: With fewer channels or filters of a group a point's products are too narrow.
FEWEST_CHANNELS = 6
#: The factor by which the multiply-adds must be fewer, transforms included.
LEAST_GAIN = 1.15
#: A pass of fewer multiply-adds is cut into two units, one for each of two threads.
FEW_UNITS_MACS = 2 * INLINE_MACS
#: The fewest samples to which the columns of an image's gradient are cut.
FEWEST_CUT = 32


@dataclass(frozen=True)
class TileSpan:
    """Successive tiles of which the same elements lie within an array.

    Attributes:
        tiles: The tiles, counted from the first of a run of columns.
        start: The index in the array of the first such element of the first tile.
        part: These elements, counted within a tile; there may be none.
    """

    tiles: slice
    start: int
    part: slice

    @property
    def n_tiles(self) -> int:
        """How many."""
        return int(self.tiles.stop - self.tiles.start)

    @property
    def size(self) -> int:
        """How many elements of each."""
        return int(self.part.stop - self.part.start)


@dataclass(frozen=True)
class Segment:
    """Columns of the image's gradient, in stretches as long as tiles are apart.

    With ``m`` outputs and ``n`` points, tile ``i`` reaches ``n`` columns, from column ``i m`` on:

        stretches    | 0 | 1 | 2 | 3 |        m = 2, n = 4: stretch 0 is reached by tile 0,
        tile 0       |-------|                stretch 1 by tiles 0 and 1, stretch 2 by 1 and 2
        tile 1           |-------|
        tile 2               |-------|

    Attributes:
        stretches: Successive ones that are reached alike; stretch 0 starts in the padding.
        blocks: Which of the tiles that may reach a stretch do so, the leftmost first.
        tile: The leftmost tile that reaches the first stretch.
    """

    stretches: TileSpan
    blocks: slice
    tile: int


class WinogradPlan(ConvPlan):
    """The plan of a convolution by minimal filtering; a place is a tile."""

    @cached_property
    def pays(self) -> bool:
        """Whether it takes less time than lowering, and can be done."""
        small, k, c = has_unpacked(), self.filters_per_group, self.filter[1]
        if (self.window.stride[1], self.window.dilation[1]) != (1, 1) or self.tile == 1:
            return False
        if self.x[0] < FEWEST_SAMPLES[small] or min(k, c) < FEWEST_CHANNELS:
            return False
        lowered = self.y[3] * self.filter[3] * k * self.depth
        transformed = k + 2 * c  # rows of the image are in several windows: about twice
        tiles = k * self.depth + transformed * TRANSFORM_MACS[small]
        return lowered >= LEAST_GAIN * self.n_places * self.n_points * tiles

    @cached_property
    def tile(self) -> int:
        """Outputs of a tile."""
        return tile_outputs(self.y[3], self.filter[3])

    @property
    def n_points(self) -> int:
        """Points of a tile, and the image's elements it reads."""
        return self.tile + self.filter[3] - 1

    @property
    def n_places(self) -> int:
        return -(-self.y[3] // self.tile)

    @property
    def n_taps(self) -> int:
        return self.filter[1] * self.n_points

    @property
    def depth(self) -> int:
        """Elements of a filter that one product goes through: R times C."""
        return self.filter[1] * self.filter[2]

    @property
    def macs(self) -> int:
        n, k, height, _ = self.y
        return n * height * k * self.n_places * self.n_points * self.depth

    @property
    def n_units(self) -> int:  # neighbouring units of an image's gradient transform rows twice
        return super().n_units if self.inline or self.macs >= FEW_UNITS_MACS else 2

    @property
    def sum_shape(self) -> Shape:
        """Points, elements of a filter, filters."""
        return (self.n_points, self.depth, self.filters_per_group)

    @cached_property
    def columns(self) -> list[Columns]:
        return self.runs(TILE_COLUMNS)

    def outputs(self, columns: Columns) -> slice:
        return slice(columns.q.start * self.tile, min(columns.q.stop * self.tile, self.y[3]))

    def scratch(self, *, backward: bool) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {"filter": (self.n_points, self.filters_per_group, self.depth)}
        if backward:
            rows = self.filter[2] * self.filters_per_group
            shapes["flipped"] = (self.n_points, self.filter[1], rows)
        return shapes

    def slot_scratch(self, *, backward: bool) -> int:
        forward = footprint(self.lowered, self.products)
        if not backward:
            return forward
        return max(
            forward,
            footprint(self.lowered, self.output_points, self.sum_shape, self.laid_out),
            footprint(self.outputs_read, self.unfolded),
        )

    # --- forward ------------------------------------------------------------------------

    @cached_property
    def products(self) -> Shape:
        """Of the products of output rows that are transformed together."""
        row = self.n_points * self.filters_per_group * self.n_columns
        n_rows = max(1, min(WAITING_ELEMENTS // row, self.most_rows))
        return (n_rows, self.n_points, self.filters_per_group, self.n_columns)

    # --- the filter's gradient ----------------------------------------------------------

    @property
    def output_points(self) -> Shape:
        """Of the points of the largest unit's output: points, filters, rows, columns."""
        return (self.n_points, self.filters_per_group, self.most_rows, self.n_columns)

    @cached_property
    def laid_out(self) -> Shape:
        """Of those rows that one product goes through, laid out: points, rows, columns, filters."""
        most = SUMMED_COLUMNS // self.n_columns if self.row_classes[0].stride == 1 else 1
        return (
            self.n_points,
            max(1, min(most, self.most_rows)),
            self.n_columns,
            self.filters_per_group,
        )

    # --- the image's gradient -----------------------------------------------------------

    @property
    def gradient_width(self) -> int:
        return max(map(len, self.gradient_columns))

    @cached_property
    def gradient_columns(self) -> list[Columns]:
        """All tiles of some samples: a gradient unit goes through them one after another."""
        n = self.x[0]
        parts = min(-(-n * self.n_places // TILE_COLUMNS), n // FEWEST_CUT)
        tiles = slice(0, self.n_places)
        return [Columns(tiles, slice(a, b)) for a, b in cut(n, parts, multiple=16)]

    @property
    def outputs_read(self) -> Shape:
        """Of the points that the largest gradient unit reads: points, rows, filters, columns."""
        return (self.n_points, self.most_output_rows, self.filters_per_group, self.gradient_width)

    @property
    def unfolded(self) -> Shape:
        """Of the largest gradient unit's points: rows times channels, points, columns."""
        return (self.most_gradient_rows, self.n_points, self.gradient_width)

    @property
    def n_blocks(self) -> int:
        """The most tiles that reach one column of the image."""
        return -(-self.n_points // self.tile)

    # --- tiles --------------------------------------------------------------------------

    def inputs_of(self, tiles: slice) -> list[TileSpan]:
        """What tiles read of the image's columns."""
        return self._spans(tiles.start, tiles.stop, self.n_points, self.window.pad[1], self.x[3])

    def outputs_of(self, tiles: slice) -> list[TileSpan]:
        """Which output columns tiles give."""
        return self._spans(tiles.start, tiles.stop, self.tile, 0, self.y[3])

    def _spans(self, first: int, last: int, length: int, pad: int, size: int) -> list[TileSpan]:
        """Tiles ``[first, last)`` of ``length`` elements, tile 0 starting ``pad`` before 0."""

        def part(tile: int) -> tuple[int, int]:
            start = tile * self.tile - pad
            low = min(max(0, -start), length)
            return low, max(low, min(length, size - start))

        spans = []
        for (low, high), group in groupby(range(first, last), part):
            tiles = list(group)
            within = slice(tiles[0] - first, tiles[-1] + 1 - first)
            spans.append(TileSpan(within, tiles[0] * self.tile - pad + low, slice(low, high)))
        return spans

    @cached_property
    def segments(self) -> list[Segment]:
        """The columns of the image's gradient, and what reaches them."""
        n, n_blocks, found = self.n_places, self.n_blocks, []

        def reached(stretch: int) -> tuple[int, int]:
            return max(0, n_blocks - 1 - stretch), min(n_blocks, n + n_blocks - 1 - stretch)

        for (low, high), group in groupby(range(n + n_blocks - 1), reached):
            stretches = list(group)
            first, last = stretches[0], stretches[-1] + 1
            for span in self._spans(first, last, self.tile, self.window.pad[1], self.x[3]):
                if span.size:
                    tile = first + span.tiles.start - (n_blocks - 1) + low
                    found.append(Segment(span, slice(low, high), tile))
        return found
