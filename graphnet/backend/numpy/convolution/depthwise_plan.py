"""How a depthwise convolution is cut: the plan of ``depthwise``."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import cached_property
from math import gcd, prod

from graphnet.backend.calls import cut
from graphnet.backend.numpy.convolution.plan import N_UNITS, ConvGeometry
from graphnet.backend.numpy.scratch import footprint
from graphnet.backend.numpy.windows import Axis
from graphnet.blob import Shape

#: Filters of a channel up to which this pays: with more, a product of matrices has rows enough.
MOST_FILTERS = 4
#: Elements of a unit's plane, which should stay in the cache while all taps pass over it.
PLANE_ELEMENTS = 2**17
#: Multiply-adds of a pass that are not worth waking a thread for.
INLINE_MACS = 2_000_000
#: Products that are added one after another, in as many lanes as a register has.
CHUNK = 256


@dataclass(frozen=True)
class Phase:
    """Every stride-th element of a padded axis, and the taps that meet it.

    Attributes:
        start: The first element, of the padded axis.
        taps: Which taps.
        first: How far the first of them is from a window's place, in elements of the phase.
        step: From one to the next.
    """

    start: int
    taps: slice
    first: int
    step: int

    @property
    def n_taps(self) -> int:
        """How many."""
        return len(range(self.taps.start, self.taps.stop, self.taps.step))

    @property
    def last(self) -> int:
        """How far the last tap is from a window's place."""
        return self.first + (self.n_taps - 1) * self.step


class Span(Axis):
    """One axis of a depthwise convolution, in phases."""

    @cached_property
    def phases(self) -> list[Phase]:
        """Those that taps meet."""
        found, apart = [], gcd(self.stride, self.dilation)
        for tap in range(min(self.kernel, self.stride // apart)):
            place = tap * self.dilation
            taps = slice(tap, self.kernel, self.stride // apart)
            first, start = divmod(place, self.stride)
            found.append(Phase(start, taps, first, self.dilation // apart))
        return found

    @cached_property
    def reach(self) -> int:
        """The farthest that a tap is from its window, in elements of its phase."""
        return max(phase.last for phase in self.phases)

    def elements(self, phase: Phase) -> tuple[int, int]:
        """The elements ``[first, last)`` of a phase that lie in the image."""
        low = max(0, -((phase.start - self.pad) // self.stride))
        high = (self.size - 1 + self.pad - phase.start) // self.stride + 1
        return low, max(low, high)

    def image(self, phase: Phase, low: int, high: int) -> slice:
        """Where the elements ``[low, high)`` of a phase, at least one, lie in the image."""
        start = phase.start - self.pad + low * self.stride
        return slice(start, start + (high - low - 1) * self.stride + 1, self.stride)

    @cached_property
    def most_inside(self) -> int:
        """Elements of a phase up to the last that lies in the image, of the longest."""
        return max(self.elements(phase)[1] for phase in self.phases)


class DepthwisePlan(ConvGeometry):
    """The units of a depthwise convolution, of as many groups as channels: runs of channels."""

    @property
    def pays(self) -> bool:
        """Whether a convolution of these shapes is one, and has few filters a channel."""
        n_filters, depth, *_ = self.filter
        return depth == 1 < self.n_group and n_filters <= MOST_FILTERS * self.n_group

    @cached_property
    def spans(self) -> tuple[Span, Span]:
        """Height and width, in phases."""
        height, width = (Span(*astuple(axis)) for axis in self.axes)
        return height, width

    @cached_property
    def shifts(self) -> int:
        """Planes for the columns of taps: one, or one for each where there is one sample."""
        return max(phase.n_taps for phase in self.spans[1].phases) if self.x[0] == 1 else 1

    @cached_property
    def plane(self) -> Shape:
        """Of a channel's phase, padded: rows, columns."""
        height, width = self.spans
        return (height.out + height.reach, width.out + width.reach)

    @cached_property
    def sent(self) -> Shape:
        """Of a filter's output gradient, padded: rows, columns."""
        height, width = (max(span.most_inside, span.out) + span.reach for span in self.spans)
        return (height, width)

    @cached_property
    def units(self) -> list[slice]:
        """Runs of channels."""
        elements = self.shifts * prod(self.plane) * self.x[0]
        least = -(-self.x[1] * elements // PLANE_ELEMENTS)
        return [slice(*span) for span in cut(self.x[1], max(N_UNITS, least))]

    @cached_property
    def most_channels(self) -> int:
        """Of the largest unit."""
        return max(int(unit.stop - unit.start) for unit in self.units)

    @cached_property
    def inline(self) -> bool:
        return prod(self.y) * self.depth < INLINE_MACS

    # --- scratch, by what is carved out of it -------------------------------------------

    @cached_property
    def n_chunked(self) -> int:
        """Products of a tap that are added up: all of a plane's rows, in whole chunks."""
        height, width = self.spans
        n = ((height.out - 1) * self.plane[1] + width.out) * self.x[0]
        return -(-n // self.chunk) * self.chunk

    @cached_property
    def chunk(self) -> int:
        """Products of a tap that are added one after another."""
        height, width = self.spans
        return min(CHUNK, ((height.out - 1) * self.plane[1] + width.out) * self.x[0])

    def planes(self, n_channels: int) -> Shape:
        """Phases as runs, with zeros behind the last row to make whole chunks."""
        return (self.shifts, n_channels, prod(self.plane) * self.x[0] + self.chunk)

    def outputs(self, n_channels: int) -> Shape:
        """Outputs with their junk: channels, filters, runs."""
        rows = self.spans[0].out
        return (n_channels, self.filters_per_group, rows * self.plane[1] * self.x[0])

    def sums(self, n_channels: int) -> Shape:
        """Of each tap of the largest phase, the sums of its chunks."""
        taps = [max(phase.n_taps for phase in span.phases) for span in self.spans]
        return (n_channels, self.filters_per_group, *taps, self.n_chunked // self.chunk)

    def chunks(self, n_channels: int) -> Shape:
        """The output's gradient, zero where the outputs are junk."""
        most = max(self.n_chunked, self.outputs(1)[2])
        return (n_channels, self.filters_per_group, most)

    def sent_planes(self, n_channels: int) -> Shape:
        """The output's gradient, padded, as runs."""
        return (self.shifts, n_channels, self.filters_per_group, prod(self.sent) * self.x[0])

    def gradients(self, n_channels: int) -> Shape:
        """A phase of the image's gradient, with its junk."""
        return (n_channels, self.spans[0].most_inside * self.sent[1] * self.x[0])

    def slot_scratch(self, *, backward: bool) -> int:
        """Elements of scratch that a slot needs."""
        c = self.most_channels
        forward = footprint(self.planes(c), self.outputs(c), self.outputs(c))
        if not backward:
            return forward
        filters = footprint(self.planes(c), self.chunks(c), self.sums(c))
        return max(forward, filters, footprint(self.sent_planes(c), self.gradients(c)))
