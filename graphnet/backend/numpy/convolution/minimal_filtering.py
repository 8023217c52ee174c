"""Winograd's minimal filtering along one axis: the same convolution with fewer multiplications.

``m`` outputs of ``r`` taps are found from ``n = m + r - 1`` products instead of ``m r``:

    y = A [(G g) * (B d)]        g: r taps, d: n elements of the image, y: m outputs

A convolution is a part of the product of two polynomials. Toom and Cook evaluate both at ``n``
points, multiply there, and read the coefficients off the products; Winograd transposed that into
filtering (S. Winograd, *Arithmetic Complexity of Computations*, 1980; A. Lavin and S. Gray, "Fast
Algorithms for Convolutional Neural Networks", 2016, arXiv 1509.09308). Its gradients, where ``'``
transposes, are ``dg = G' [(A' dy) * (B d)]`` and ``dd = B' [(G g) * (A' dy)]``.

Rounding grows with the points. With the eight below the error is on average 4 to 5 times that of
the plain sum, in one dimension; in two it would be squared.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import log2

import numpy as np
from numpy.typing import DTypeLike

from graphnet.blob import Array

#: Where polynomials are evaluated, the gentlest first; infinity comes last of all.
POINTS = (0, 1, -1, Fraction(1, 2), Fraction(-1, 2), 2, -2)
#: The point whose product is added to every output of a tile.
ONE = POINTS.index(1)
#: The most products of one tile.
MOST_POINTS = len(POINTS) + 1


@dataclass(frozen=True, eq=False)
class Filtering:
    """The matrices of one algorithm.

    Attributes:
        image: ``B``, (n, n).
        taps: ``G``, (n, r).
        outputs: ``A``, (m, n).
    """

    image: Array
    taps: Array
    outputs: Array

    def astype(self, dtype: DTypeLike) -> Filtering:
        """The matrices in another precision."""
        return Filtering(*(a.astype(dtype) for a in (self.image, self.taps, self.outputs)))


@cache
def filtering(n_outputs: int, n_taps: int) -> Filtering:
    """The algorithm for ``n_outputs`` outputs of ``n_taps`` taps, in float64.

    At most :data:`MOST_POINTS` products: ``n_outputs + n_taps - 1``.
    """
    points = [Fraction(point) for point in POINTS[: n_outputs + n_taps - 2]]
    image, taps = [], []
    for i, point in enumerate(points):
        others, scale = [Fraction(1)], Fraction(1)
        for other in points[:i] + points[i + 1 :]:
            others = _times_root(others, other)
            scale *= point - other
        row = [point**k / scale for k in range(n_taps)]
        # a power of two, which rounds nothing, makes the filter's numbers neither large nor small
        balance = Fraction(2) ** round(log2(max(map(abs, row))))
        taps.append([number / balance for number in row])
        image.append([number * balance for number in [*others, Fraction(0)]])
    all_points = [Fraction(1)]
    for point in points:
        all_points = _times_root(all_points, point)
    image.append(all_points)  # infinity: the highest coefficients
    taps.append([Fraction(0)] * (n_taps - 1) + [Fraction(1)])
    outputs = [
        [point**k for point in points] + [Fraction(k == n_outputs - 1)] for k in range(n_outputs)
    ]
    return Filtering(*(np.array(matrix, np.float64) for matrix in (image, taps, outputs)))


def _times_root(polynomial: list[Fraction], root: Fraction) -> list[Fraction]:
    """The polynomial, lowest power first, times ``(t - root)``."""
    shifted, scaled = [Fraction(0), *polynomial], [*(root * c for c in polynomial), Fraction(0)]
    return [a - b for a, b in zip(shifted, scaled, strict=True)]


def tile_outputs(n_out: int, n_taps: int) -> int:
    """Outputs of a tile, so that a row of ``n_out`` takes the fewest products; 1 if none saves any.

    Of tiles that take equally many, the one with the fewest points, which rounds least.
    """
    most = min(n_out, MOST_POINTS - n_taps + 1)
    return min(range(1, most + 1), key=lambda m: (-(-n_out // m) * (m + n_taps - 1), m), default=1)
