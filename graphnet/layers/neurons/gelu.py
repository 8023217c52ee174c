"""GELU: x times the probability that a normal number is smaller."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, sqrt
from typing import Any, ClassVar, Literal

from graphnet.blob import Array
from graphnet.layers.elementwise.signs import give_sign
from graphnet.layers.neurons.sloped import SlopedNeuron

#: Φ(−a) · exp(a² / 2), for a ≥ 0, as a quotient of polynomials, the lowest power first: fitted with
#: 60 digits, relative errors of 2e-15 up to a = 9, and of 6e-8 up to 6; nearly right for any a.
_DOUBLE = (
    (
        0.49999999999999928606,
        0.60958956136725582777,
        0.36935950166447455558,
        0.13810991440292666747,
        0.033963871213636822293,
        0.0054698802932536136572,
        0.00053569597671117063212,
        0.000024872499347833030372,
    ),
    (
        1.0,
        2.0170636835371293056,
        1.848102974586356883,
        1.0082223374247076499,
        0.35978261621330902106,
        0.086477205372714348661,
        0.013773319877587283921,
        0.001342790199161451087,
        0.000062346116544637079082,
    ),
)
_SINGLE = (
    (0.49999997048566, 0.3345076412564965, 0.10442889558951458, 0.013620285864754895),
    (1.0, 1.4668963254443317, 0.879305442365061, 0.2612108252126951, 0.0341616197195623),
)
FAR = 40.0  # beyond, exp(−a² / 2) is 0 in any precision


class GELU(SlopedNeuron):
    """x · Φ(x), with Φ the distribution function of a normal number of mean 0 and variance 1.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Args:
        approximate: ``none``: exactly; ``tanh``: by
            x / 2 · (1 + tanh(√(2 / π) · (x + 0.044715 · x³))), off by 5e-4 at most. Default none.
    Example:
        - {name: gelu1, type: GELU, bottoms: [x]}
    Source:
        Hendrycks & Gimpel 2016, arXiv 1606.08415.
    """

    n_parts: ClassVar[int] = 3

    type: Literal["GELU"] = "GELU"
    approximate: Literal["none", "tanh"] = "none"

    def compute(self, xp: Any, slope: Array | None, x: Array, y: Array, *parts: Array) -> None:
        run = _exact if self.approximate == "none" else _by_tanh
        run(xp, slope, x, y, *parts)


def _exact(
    xp: Any, slope: Array | None, x: Array, y: Array, size: Array, tail: Array, fall: Array
) -> None:
    """max(x, 0) − a · Φ(−a) with a = |x|, which is right to the last bits on either side of 0."""
    above, below = _DOUBLE if x.dtype.itemsize == 8 else _SINGLE  # noqa: PLR2004  # float64
    xp.abs(x, out=size)
    xp.clip(size, 0.0, FAR, out=size)  # a third of the time of minimum
    _polynomial(xp, above, size, tail)
    _polynomial(xp, below, size, fall)
    xp.divide(tail, fall, out=tail)
    xp.multiply(size, size, out=fall)
    xp.multiply(fall, -0.5, out=fall)
    xp.exp(fall, out=fall)
    if slope is not None:  # Φ(−a) − a · φ(a) where x is negative, and 1 less that elsewhere
        xp.multiply(size, -1 / sqrt(2 * pi), out=slope)
        xp.add(slope, tail, out=slope)
        xp.multiply(slope, fall, out=slope)
    xp.multiply(tail, size, out=tail)
    xp.multiply(tail, fall, out=tail)
    if slope is not None:
        xp.subtract(0.5, slope, out=slope)
        give_sign(xp, x, slope, fall)
        xp.add(slope, 0.5, out=slope)
    xp.clip(x, 0.0, xp.inf, out=y)
    xp.subtract(y, tail, out=y)


def _polynomial(xp: Any, factors: Sequence[float], x: Array, out: Array) -> None:
    """Write the polynomial of ``x`` with these factors, the lowest power first, to ``out``."""
    *lower, highest = factors
    xp.multiply(x, highest, out=out)
    for factor in lower[:0:-1]:
        xp.add(out, factor, out=out)
        xp.multiply(out, x, out=out)
    xp.add(out, lower[0], out=out)


def _by_tanh(
    xp: Any, slope: Array | None, x: Array, y: Array, near: Array, rise: Array, square: Array
) -> None:
    """The approximation; for |x| above 10 tanh is ±1."""
    linear, cubic = sqrt(2 / pi), sqrt(2 / pi) * 0.044715
    xp.clip(x, -10.0, 10.0, out=near)
    xp.multiply(near, near, out=square)
    xp.multiply(square, cubic, out=rise)
    xp.add(rise, linear, out=rise)
    xp.multiply(rise, near, out=rise)
    xp.tanh(rise, out=rise)
    if slope is not None:  # (1 + t + x · (1 − t²) · (the derivative of what t is the tanh of)) / 2
        xp.multiply(square, 3 * cubic, out=square)
        xp.add(square, linear, out=square)
        xp.multiply(square, near, out=square)
        xp.multiply(rise, rise, out=slope)
        xp.subtract(1.0, slope, out=slope)
        xp.multiply(slope, square, out=slope)
        xp.add(slope, rise, out=slope)
        xp.add(slope, 1.0, out=slope)
        xp.multiply(slope, 0.5, out=slope)
    xp.add(rise, 1.0, out=rise)
    xp.multiply(rise, 0.5, out=rise)
    xp.multiply(rise, x, out=y)
