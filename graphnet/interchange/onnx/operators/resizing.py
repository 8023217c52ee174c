"""Resize along one axis, as a matrix: what each place of the output is of those of the input.

All its modes are linear in the values and go axis by axis, so that a frozen InnerProduct does what
graphnet's Upsample and Interp have no formula for.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

import numpy as np

from graphnet.errors import SpecError

#: The most numbers of a matrix that stands for a formula.
MOST_OF_MATRIX = 2**23


@dataclass(frozen=True)
class Resizing:
    """How places are found, and what is taken there.

    Attributes:
        mode: ``nearest``, ``linear`` or ``cubic``.
        how: ``coordinate_transformation_mode``.
        nearest: ``nearest_mode``.
        cubic: The coefficient of ``cubic``.
        excludes: Whether what lies outside of the input counts for nothing; else the edge goes on.
        smooths: ``antialias``: whether all that an output covers counts where it gets smaller.
    """

    mode: str
    how: str
    nearest: str = "round_prefer_floor"
    cubic: float = -0.75
    excludes: bool = False
    smooths: bool = False

    def matrix(
        self, n: int, m: int, scale: float, part: tuple[float, float] = (0.0, 1.0)
    ) -> tuple[np.ndarray, np.ndarray]:
        """The matrix ``(m, n)``, and which places of the output lie outside of the input.

        Args:
            n: Places of the input,
            m: and of the output.
            scale: From one to the other, which need not be their ratio.
            part: The part of the input that ``tf_crop_and_resize`` looks at.

        Raises:
            SpecError: If a mode is unknown, or the matrix were too large.
        """
        if n * m > MOST_OF_MATRIX:
            raise SpecError(f"makes {m:,} places of {n:,} by a formula of its own, which are many")
        made = np.zeros((m, n))
        where = self._places(n, m, scale, part)
        for row, place in zip(made, where, strict=True):
            base = floor(place)
            taps, weights = self._weights(place - base, scale)
            found = base + taps
            if self.excludes:
                weights = np.where((found < 0) | (found >= n), 0.0, weights)
                weights /= weights.sum() or 1.0
            np.add.at(row, np.clip(found, 0, n - 1), weights)
        crops = self.how == "tf_crop_and_resize"
        return made, crops & ((where < 0) | (where > n - 1))

    def _places(self, n: int, m: int, scale: float, part: tuple[float, float]) -> np.ndarray:
        """Where each place of the output is in the input."""
        y, wide = np.arange(m, dtype=np.float64), scale * n
        match self.how:
            case "align_corners":
                return np.zeros(m) if wide == 1 else y * (n - 1) / (wide - 1)
            case "asymmetric":
                return y / scale
            case "pytorch_half_pixel" if wide == 1:
                return np.full(m, -0.5)
            case "half_pixel" | "pytorch_half_pixel":
                return (y + 0.5) / scale - 0.5
            case "half_pixel_symmetric":
                return n / 2 * (1 - m / wide) + (y + 0.5) / scale - 0.5
            case "tf_crop_and_resize":
                start, end = part
                if wide == 1:
                    inner = np.full(m, (end - start) * (n - 1) / 2)
                else:
                    inner = y * (end - start) * (n - 1) / (wide - 1)
                return inner + start * (n - 1)
        raise SpecError(f"has coordinate_transformation_mode: {self.how}, which is unknown")

    def _weights(self, ratio: float, scale: float) -> tuple[np.ndarray, np.ndarray]:
        """What is taken of the places from a whole one on, of which a place lies so far behind."""
        if self.mode == "nearest":
            return np.array([self._rounded(ratio)]), np.ones(1)
        if self.mode not in ("linear", "cubic"):
            raise SpecError(f"has mode: {self.mode}, which is unknown")
        step = min(scale, 1.0) if self.smooths else 1.0
        reach = (1 if self.mode == "linear" else 2) / step
        first = floor(-reach) + 1
        taps = np.arange(first, 2 - first)
        far = np.abs((taps - ratio) * step)
        weights = np.clip(1 - far, 0, 1) if self.mode == "linear" else self._cubic(far)
        return taps, weights / weights.sum() if self.smooths else weights

    def _rounded(self, ratio: float) -> int:
        if not ratio:
            return 0
        rounds = {
            "round_prefer_floor": ratio > 0.5,  # noqa: PLR2004  # half
            "round_prefer_ceil": ratio >= 0.5,  # noqa: PLR2004
            "floor": False,
            "ceil": True,
        }
        if self.nearest not in rounds:
            raise SpecError(f"has nearest_mode: {self.nearest}, which is unknown")
        return int(rounds[self.nearest])

    def _cubic(self, far: np.ndarray) -> np.ndarray:
        """Keys' kernel (1981)."""
        a = self.cubic
        near = ((a + 2) * far - (a + 3)) * far**2 + 1
        behind = ((far - 5) * far + 8) * far * a - 4 * a
        return np.where(far <= 1, near, np.where(far < 2, behind, 0.0))  # noqa: PLR2004
