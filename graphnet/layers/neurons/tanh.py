"""Tanh: the hyperbolic tangent."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import numpy as np

from graphnet.backend.base import Backend
from graphnet.blob import Array
from graphnet.layers.neurons.base import Functions, NeuronSpec


class Tanh(NeuronSpec):
    """The hyperbolic tangent.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Example:
        - {name: tanh1, type: Tanh, bottoms: [x]}
    Source:
        Mocha ``Tanh``, Caffe ``TanH``.
    """

    type: Literal["Tanh"] = "Tanh"

    def functions(self, backend: Backend, dtype: np.dtype) -> Functions:
        return self.apply, partial(self.differentiate, one=backend.operand(1.0, dtype))

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        xp.tanh(x, out=y)

    def differentiate(self, xp: Any, y: Array, slope: Array, one: Any = 1.0) -> None:
        xp.multiply(y, y, out=slope)
        xp.subtract(one, slope, out=slope)
