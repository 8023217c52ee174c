"""GELU: x times the probability that a normal number is smaller."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, sqrt
from typing import Any, ClassVar, Literal

import numpy as np

from graphnet.blob import Array
from graphnet.layers.neurons.sloped import Number, SlopedNeuron

#: atanh(erf(x / √2)) / x as a quotient of polynomials of x², the lowest power first: fitted so that
#: Φ is off by 6e-17 at most, and for |x| > 8 the tanh of its product with x is ±1 in float64,
_DOUBLE = (
    (
        0.79788456080286008648,
        0.1722249540587640414,
        0.024153055328422411933,
        0.002103227414934028991,
        0.0001320275550805085824,
        5.6158992084938741083e-6,
        1.6071159316654116488e-7,
        2.4411623570146423843e-9,
        7.8886385428637190066e-12,
    ),
    (
        1.0,
        0.17031204559773647233,
        0.022561716550019834831,
        0.0016818123644264108994,
        0.0000974882654148924781,
        3.4464999332670599752e-6,
        8.5076418068446731103e-8,
        7.133515289272191207e-10,
        6.1343222674788239961e-13,
    ),
)
#: and by 3e-8 at most, and for |x| > 6 it is ±1 in float32.
_SINGLE = (
    (
        0.79788530799796653887,
        0.036332062368407085493,
        -0.000031737991898916035557,
        -0.000055605757257614165626,
        4.0129996749939367496e-6,
        -1.3576799204665696207e-7,
        1.8478877032916684962e-9,
    ),
    (1.0,),
)
_SIMPLE = ((sqrt(2 / pi), sqrt(2 / pi) * 0.044715), (1.0,))  # the approximation's
FAR = 40.0  # beyond, exp(−x² / 2) is 0 in any precision


class GELU(SlopedNeuron):
    """x · Φ(x), with Φ the distribution function of a normal number of mean 0 and variance 1.

    It is computed as x / 2 · (1 + tanh(r)), with a function r of x that makes it exact; where Φ is
    below the precision of 1 the result is 0.

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

    def compute(
        self, xp: Any, number: Number, slope: Array | None, x: Array, y: Array, *parts: Array
    ) -> None:
        near, square, rise = parts
        is_exact = self.approximate == "none"
        exact = _DOUBLE if x.dtype.itemsize == 8 else _SINGLE  # noqa: PLR2004  # float64
        above, below = exact if is_exact else _SIMPLE
        if above is _SINGLE[0]:  # what overflows is infinite, and its tanh and exp are right
            near = x
        else:
            xp.clip(x, -FAR, FAR, out=near)
        with np.errstate(over="ignore"):
            xp.multiply(near, near, square)
            _polynomial(xp, number, above, square, rise)
            if len(below) > 1:
                _polynomial(xp, number, below, square, near)
                xp.divide(rise, near, rise)
                xp.clip(x, -FAR, FAR, out=near)
            xp.multiply(rise, near, rise)
        xp.tanh(rise, rise)
        if slope is not None:
            (_exact_slope if is_exact else _simple_slope)(xp, number, slope, near, square, rise)
        xp.multiply(rise, number(0.5), rise)
        xp.add(rise, number(0.5), rise)
        if slope is not None:
            xp.add(slope, rise, slope)
        xp.multiply(rise, x, y)


def _polynomial(xp: Any, number: Number, factors: Sequence[float], x: Array, out: Array) -> None:
    """Write the polynomial of ``x`` with these factors, the lowest power first, to ``out``."""
    *lower, highest = factors
    xp.multiply(x, number(highest), out)
    for factor in lower[:0:-1]:
        xp.add(out, number(factor), out)
        xp.multiply(out, x, out)
    xp.add(out, number(lower[0]), out)


def _exact_slope(xp: Any, number: Number, slope: Array, x: Array, square: Array, _: Array) -> None:
    """Write x · φ(x), with φ the density of a normal number; ``square`` is written over."""
    xp.multiply(square, number(-0.5), square)
    xp.exp(square, square)
    xp.multiply(square, x, slope)
    xp.multiply(slope, number(1 / sqrt(2 * pi)), slope)


def _simple_slope(
    xp: Any, number: Number, slope: Array, x: Array, square: Array, rise: Array
) -> None:
    """Write x / 2 · (1 − t²) · (the derivative of what t, the ``rise``, is the tanh of)."""
    linear, cubic = _SIMPLE[0]
    xp.multiply(square, number(1.5 * cubic), square)
    xp.add(square, number(0.5 * linear), square)
    xp.multiply(square, x, square)
    xp.multiply(rise, rise, slope)
    xp.subtract(number(1.0), slope, slope)
    xp.multiply(slope, square, slope)
