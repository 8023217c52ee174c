"""The geometry of a sliding window, and the sizes of what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True)
class Window:
    """The geometry of a sliding window; every pair is ``(height, width)``."""

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    pad: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)

    def floor_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Convolution's output size: windows lie wholly inside the padded image."""
        out = (
            (n + 2 * p - (d * (k - 1) + 1)) // s + 1
            for n, k, s, p, d in zip(
                size, self.kernel, self.stride, self.pad, self.dilation, strict=True
            )
        )
        height, width = out
        return height, width

    def ceil_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Pooling's output size (Caffe and Mocha): rounded up, so the last window may hang over.

        Where either pad is positive, a last window that starts in the trailing padding is
        dropped.
        """
        out = [
            ceil((n + 2 * p - k) / s) + 1
            for n, k, s, p in zip(size, self.kernel, self.stride, self.pad, strict=True)
        ]
        if any(self.pad):
            out = [
                o - 1 if (o - 1) * s >= n + p else o
                for o, n, s, p in zip(out, size, self.stride, self.pad, strict=True)
            ]
        return out[0], out[1]
