"""Rotary positions: queries and keys are turned by angles that grow with the position."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np

from graphnet.backend.base import Backend
from graphnet.backend.calls import Call
from graphnet.blob import Array


class Rotary:
    """Turns the features i and i + F/2 of position t by the angle t / base^(2i/F).

    Args:
        backend: Where the arrays are.
        n_positions: How many there are.
        width: F, the features of a head: an even number.
        base: Of the angles.
        dtype: Of the arrays.
    """

    def __init__(
        self, backend: Backend, n_positions: int, width: int, base: float, dtype: np.dtype
    ) -> None:
        self.xp, self.half = backend.xp, width // 2
        angles = rotary_angles(n_positions, width, base)
        #: (T, 1, 1, F/2), as positions come before what is projected, heads and features
        self.cosines, self.sines = (
            backend.constant(of(angles)[:, None, None], dtype) for of in (np.cos, np.sin)
        )

    def turn(self, features: Array, scratch: Array, *, back: bool = False) -> Iterable[Call]:
        """Calls that turn ``features``, or turn them back.

        Args:
            features: ``(n, T, parts, heads, F)``.
            scratch: Of the same shape.
            back: Whether by the opposite angles.
        """
        xp, half = self.xp, self.half
        low, high = features[..., :half], features[..., half:]
        for_low, for_high = scratch[..., :half], scratch[..., half:]
        from_low, from_high = (xp.subtract, xp.add) if back else (xp.add, xp.subtract)
        return [
            partial(xp.multiply, high, self.sines, for_low),
            partial(xp.multiply, low, self.sines, for_high),
            partial(xp.multiply, low, self.cosines, low),
            partial(xp.multiply, high, self.cosines, high),
            partial(from_high, low, for_low, low),
            partial(from_low, high, for_high, high),
        ]


def rotary_angles(n_positions: int, width: int, base: float) -> np.ndarray:
    """``(n_positions, width / 2)``: by how much each pair of features is turned."""
    return np.arange(n_positions)[:, None] * base ** (-np.arange(width // 2) * 2 / width)
