"""Pooling whose windows have gaps: windows laid side by side, and a pooling of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from graphnet.interchange.onnx.graph.node_reader import NodeReader
from graphnet.interchange.onnx.graph.values import Value

_PLANE = 2  # sides of an image
_LOWEST = -3.4028234663852886e38  # float32's


@dataclass(frozen=True)
class Gapped:
    """Windows along each side of images.

    Attributes:
        kernel: How many places a window looks at.
        dilation: How far apart they are.
        stride: From one window to the next.
        before: Padding in front of the image.
        behind: And behind it.
        sizes: How many windows there are.
    """

    kernel: Sequence[int]
    dilation: Sequence[int]
    stride: Sequence[int]
    before: Sequence[int]
    behind: Sequence[int]
    sizes: Sequence[int]

    def reach(self, side: int) -> int:
        """The places from a window's first to its last."""
        return (self.kernel[side] - 1) * self.dilation[side] + 1

    def ends(self, image: Sequence[int]) -> list[int]:
        """What the last window needs behind the image."""
        return [
            max((out - 1) * s + self.reach(i) - n - b, 0)
            for i, (n, out, s, b) in enumerate(
                zip(image, self.sizes, self.stride, self.before, strict=True)
            )
        ]

    def of_sides(self, sides: slice, width: int = 0) -> Gapped:
        """The windows along some of the sides; with a width, beside a side of single places."""
        lists = (self.kernel, self.dilation, self.stride, self.before, self.behind, self.sizes)
        more = [[value] if width else [] for value in (1, 1, 1, 0, 0, width)]
        return Gapped(*([*all_[sides], *added] for all_, added in zip(lists, more, strict=True)))

    def counts(self, image: Sequence[int], *, with_pads: bool) -> np.ndarray:
        """How many places of each window lie in the image, or in the padded one."""
        sides = []
        for i, n in enumerate(image):
            first = np.arange(self.sizes[i])[:, None] * self.stride[i] - self.before[i]
            places = first + np.arange(self.kernel[i]) * self.dilation[i]
            low, high = (-self.before[i], n + self.behind[i]) if with_pads else (0, n)
            sides.append(((places >= low) & (places < high)).sum(1))
        return np.asarray(reduce(np.multiply.outer, sides))


def pooled_with_gaps(r: NodeReader, kind: str, x: Value, windows: Gapped) -> Value:
    """The maximum or the mean of each window of a value with two sides or three.

    Of three sides the planes are pooled first, and then along the depth.
    """
    channels, *image = x.shape[1:]
    is_max = kind == "Max"
    with_pads = not is_max and bool(r.attributes.whole("count_include_pad", 0))
    counts = windows.counts(image, with_pads=with_pads)
    if not counts.all():
        r.refuse("has windows that lie in the padding alone")
    if len(image) == _PLANE:
        y = _planes(r, kind, x, windows)
    else:
        depth, *plane = image
        flat = r.reshaped(x, [channels * depth, *plane], word="planes")
        y = _planes(r, kind, flat, windows.of_sides(slice(1, None)))
        rows = prod(windows.sizes[1:])
        y = r.reshaped(y, [channels, depth, rows], word="depth")
        y = _planes(r, kind, y, windows.of_sides(slice(0, 1), rows))
        y = r.reshaped(y, [channels, *windows.sizes], word="whole")
    taps = prod(windows.kernel)
    if not is_max and (counts != taps).any():
        keys: dict[str, Any] = {"axis": 2, "num_axes": len(image), "bias": False, "frozen": True}
        y = r.layer("Scale", y, word="shares", **keys)
        r.fill("scale", np.asarray(taps / counts, np.float32))
    return y


def _planes(r: NodeReader, kind: str, x: Value, windows: Gapped) -> Value:
    """Images pooled, all places of a window counted in a mean."""
    channels, *image = x.shape[1:]
    taps = prod(windows.kernel)
    border = [n for pair in zip(windows.before, windows.ends(image), strict=True) for n in pair]
    if any(border):
        value: dict[str, Any] = {"value": _LOWEST} if kind == "Max" else {}
        x = r.layer("Pad", x, word="border", pad=border, **value)
    names = ("kernel", "stride", "dilation")
    keys: dict[str, Any] = {name: list(getattr(windows, name)) for name in names}
    laid = r.layer("Im2col", x, word="windows", **keys)
    laid = r.reshaped(laid, [channels, taps, prod(windows.sizes)], word="taps")
    y = r.layer("Pooling", laid, pooling=kind, kernel=[taps, 1])
    return r.reshaped(y, [channels, *windows.sizes], word="image")
