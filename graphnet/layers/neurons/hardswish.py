"""Hardswish: Swish in three pieces, without a transcendental function."""

from __future__ import annotations

from typing import Any, Literal

from graphnet.blob import Array
from graphnet.layers.neurons.sloped import Number, SlopedNeuron


class Hardswish(SlopedNeuron):
    """x · min(max(x + 3, 0), 6) / 6: 0 up to −3, x from 3 on, a parabola between.

    At −3 and 3 the gradient is that of the straight pieces: 0 and 1.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Example:
        - {name: hardswish1, type: Hardswish, bottoms: [x]}
    Source:
        Howard et al. 2019, arXiv 1905.02244.
    """

    type: Literal["Hardswish"] = "Hardswish"

    def compute(
        self, xp: Any, number: Number, slope: Array | None, x: Array, y: Array, *parts: Array
    ) -> None:
        (gate,) = parts
        xp.multiply(x, number(1 / 6), gate)
        xp.add(gate, number(0.5), gate)
        xp.clip(gate, 0.0, 1.0, out=gate)
        if slope is not None:  # the gate, and where it is neither 0 nor 1 x / 6 besides
            xp.subtract(number(1.0), gate, slope)
            xp.multiply(slope, gate, slope)
            xp.ceil(slope, out=slope)
            xp.multiply(slope, x, slope)
            xp.multiply(slope, number(1 / 6), slope)
            xp.add(slope, gate, slope)
        xp.multiply(gate, x, y)
