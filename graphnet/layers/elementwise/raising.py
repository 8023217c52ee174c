"""Powers of arrays; the common ones without the general, slow function."""

from __future__ import annotations

from typing import Any

from graphnet.blob import Array


def raise_to(xp: Any, base: Array, power: float, out: Array) -> None:
    """``out = base ^ power``, element by element; they may be the same memory."""
    match power:
        case 0:
            out.fill(1.0)
        case 1:
            if base is not out:
                xp.copyto(out, base)
        case 2:
            xp.multiply(base, base, out=out)
        case 4:
            xp.multiply(base, base, out=out)
            xp.multiply(out, out, out=out)
        case -1:
            xp.reciprocal(base, out=out)
        case -2:
            xp.reciprocal(base, out=out)
            xp.multiply(out, out, out=out)
        case 0.5:
            xp.sqrt(base, out=out)
        case -0.5:
            xp.sqrt(base, out=out)
            xp.reciprocal(out, out=out)
        case _:
            xp.power(base, power, out=out)
