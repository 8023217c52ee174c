"""Sigmoid: the logistic function."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np

from graphnet.backend.base import Backend
from graphnet.blob import Array
from graphnet.layers.neurons.base import Functions, NeuronSpec


class Sigmoid(NeuronSpec):
    """The logistic function 1 / (1 + exp(−x)).

    It is computed as (1 + tanh(x / 2)) / 2, which cannot overflow; where the true value is
    below the precision of 1 the result is 0.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Example:
        - {name: sigmoid1, type: Sigmoid, bottoms: [x]}
    Source:
        Mocha ``Sigmoid``, Caffe ``Sigmoid``.
    """

    makes: ClassVar[Literal["Sigmoid"]] = "Sigmoid"

    type: Literal["Sigmoid"] = "Sigmoid"

    def functions(self, backend: Backend, dtype: np.dtype) -> Functions:
        half = backend.operand(0.5, dtype)
        return partial(self.apply, half=half), self.differentiate

    def apply(self, xp: Any, x: Array, y: Array, half: Any = 0.5) -> None:
        xp.multiply(x, half, out=y)
        xp.tanh(y, out=y)
        xp.multiply(y, half, out=y)
        xp.add(y, half, out=y)

    def differentiate(self, xp: Any, y: Array, slope: Array) -> None:
        xp.multiply(y, y, out=slope)
        xp.subtract(y, slope, out=slope)
