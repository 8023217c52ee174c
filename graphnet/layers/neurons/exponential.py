"""Exponential: powers of e."""

from __future__ import annotations

from typing import Any, Literal

from graphnet.blob import Array
from graphnet.layers.neurons.base import NeuronSpec


class Exponential(NeuronSpec):
    """exp(x); makes a positive number of any, such as the σ of a variational auto-encoder.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Example:
        - {name: sigma, type: Exponential, bottoms: [log-sigma], tops: [sigma]}
    Source:
        Mocha ``Exponential``; Caffe ``Exp`` with its defaults.
    """

    type: Literal["Exponential"] = "Exponential"

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        xp.exp(x, out=y)

    def differentiate(self, xp: Any, y: Array, slope: Array) -> None:
        xp.copyto(slope, y)
