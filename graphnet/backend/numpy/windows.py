"""Which elements of an image a sliding window's taps meet, along one axis.

Convolution and pooling on the NumPy backend are sums (or maxima) over taps of shifted, strided
slices. Padding is never stored: the slices are clipped to the image.

    5 elements, kernel 3, stride 2, pad 1       tap 0 meets image[1:4:2], of windows[1:3]
    window 0: . 0 1                             tap 1 meets image[0:5:2], of windows[0:3]
    window 1:     1 2 3                         tap 2 meets image[1:4:2], of windows[0:2]
    window 2:         3 4 .
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from graphnet.backend.window import Window


@dataclass(frozen=True)
class Axis:
    """One axis of a window sliding over an image.

    Attributes:
        size: Of the image.
        out: Number of windows.
        kernel: Taps per window.
        stride: Between windows.
        pad: Elements before the image that the first window covers.
        dilation: Between taps.
    """

    size: int
    out: int
    kernel: int
    stride: int
    pad: int
    dilation: int = 1

    def inside(self, tap: int) -> tuple[int, int]:
        """The windows ``[first, last)`` whose ``tap`` lies in the image; may be empty."""
        offset = tap * self.dilation - self.pad
        first = max(0, -(offset // self.stride))
        last = min(self.out, (self.size - 1 - offset) // self.stride + 1)
        return first, max(first, last)

    def taps(self, first: int = 0, last: int | None = None) -> list[Tap]:
        """What each tap of the windows ``[first, last)`` meets; taps that meet nothing left out."""
        last = self.out if last is None else last
        met = []
        # a kernel may be far larger than the image: the taps beyond it meet nothing
        reach = (self.size - 1 + self.pad) // self.dilation + 1
        least = -(-(self.pad - (self.out - 1) * self.stride) // self.dilation)
        for tap in range(max(0, least), min(self.kernel, reach)):
            low, high = self.inside(tap)
            low, high = max(low, first), min(high, last)
            if low < high:
                start = low * self.stride + tap * self.dilation - self.pad
                stop = start + (high - low - 1) * self.stride + 1
                met.append(
                    Tap(tap, slice(low - first, high - first), slice(start, stop, self.stride))
                )
        return met

    def runs(self) -> list[WindowRun]:
        """The windows, in runs of which the same taps lie in the image; at least one must."""

        def inside(window: int) -> tuple[int, int]:
            start = window * self.stride - self.pad
            low = max(0, -(start // self.dilation))
            return low, min(self.kernel, (self.size - 1 - start) // self.dilation + 1)

        found = []
        for (low, high), run in groupby(range(self.out), inside):
            windows = list(run)
            starts = [
                windows[0] * self.stride - self.pad + i * self.dilation for i in range(low, high)
            ]
            reach = (len(windows) - 1) * self.stride + 1
            taps = tuple(slice(start, start + reach, self.stride) for start in starts)
            found.append(WindowRun(slice(windows[0], windows[-1] + 1), low, taps))
        return found

    @property
    def tiles(self) -> bool:
        """Whether every element of the image is in exactly one window."""
        met = sum(tap.windows.stop - tap.windows.start for tap in self.taps())
        return self.disjoint and met == self.size

    @property
    def trivial(self) -> bool:
        """Whether each window is one element, and they are the image."""
        return self.kernel == self.stride == 1 and self.out == self.size

    @property
    def disjoint(self) -> bool:
        """Whether no element of the image is in two windows."""
        return self.stride > (self.kernel - 1) * self.dilation or self.out == 1


@dataclass(frozen=True)
class Tap:
    """Where one tap of a run of windows lies inside the image.

    Attributes:
        index: Of the tap, in ``range(kernel)``.
        windows: The windows it does so for, counted from the first of the run.
        image: The elements it meets there.
    """

    index: int
    windows: slice
    image: slice


@dataclass(frozen=True)
class WindowRun:
    """Successive windows of which the same taps lie inside the image.

    Attributes:
        windows: Which.
        first: The first of these taps.
        taps: The elements that each of them meets.
    """

    windows: slice
    first: int
    taps: tuple[slice, ...]


def axes_of(window: Window, size: tuple[int, int], out: tuple[int, int]) -> tuple[Axis, Axis]:
    """Height and width of an image that a window slides over.

    Args:
        window: Its geometry.
        size: Of the image.
        out: How many windows there are.
    """
    height, width = map(Axis, size, out, window.kernel, window.stride, window.pad, window.dilation)
    return height, width
