"""ReLU: rectified linear."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from graphnet.backend.base import Backend
from graphnet.backend.rectifier import rectifier
from graphnet.layers.base import Binding, Reads, ScratchDecls, Shapes
from graphnet.layers.neurons.base import Functions, NeuronSpec
from graphnet.layers.shape.view import ViewLayer


class ReLU(NeuronSpec):
    """Rectified linear: max(epsilon, x); the gradient passes where the value is above epsilon.

    Where a max pooling alone reads the top, it runs behind the pooling, on fewer elements and with
    the same result, unless the top is to be kept.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Args:
        epsilon: The lower bound. Default 0.
    Example:
        - {name: relu1, type: ReLU, bottoms: [x]}
    Source:
        Mocha ``ReLU``; Nair & Hinton 2010.
    """

    commutes_with_max: ClassVar[bool] = True
    makes: ClassVar[Literal["rectified"]] = "rectified"

    type: Literal["ReLU"] = "ReLU"
    epsilon: float = 0.0

    def functions(self, backend: Backend, dtype: np.dtype) -> Functions:
        return rectifier(self.epsilon, backend.operand(self.epsilon, dtype))

    @property
    def cuts_off_at(self) -> float:
        return self.epsilon

    def done_before(self) -> ReLUWithin:
        return ReLUWithin(**dict(self))


class ReLUWithin(ReLU):
    """A ReLU that the layer before it applies: its top is its bottom."""

    overwrites: ClassVar[bool] = False
    views: ClassVar[bool] = True

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        return {}

    def backward_reads(self) -> Reads:
        return Reads()

    def build(self, binding: Binding) -> ViewLayer:
        return ViewLayer(self, binding)
