"""Neurons: element-wise activation functions, as layers of their own and as ``neuron:``.

``neuron: ReLU`` on a layer is rewritten to a neuron layer in place on its top. All of them
compute their gradient from the top's value alone (Mocha's rule), so they can run in the
bottom's memory.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field

from graphnet.blob import Array, Shape
from graphnet.fields import ByName
from graphnet.layers.base import Binding, Layer, LayerSpec, Reads, Shapes


class NeuronSpec(LayerSpec):
    """What all neurons share: one bottom and one top of the same shape, in place by default."""

    each_bottom: ClassVar[bool] = True
    in_place: ClassVar[bool] = True
    overwrites: ClassVar[bool] = True

    name: str = ""  # a neuron written as a property takes its layer's name

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return [bottoms[0]]

    def backward_reads(self) -> Reads:
        return Reads(tops=(0,))

    def build(self, binding: Binding) -> NeuronLayer:
        return NeuronLayer(self, binding)

    @abstractmethod
    def apply(self, xp: Any, x: Array, y: Array) -> None:
        """Write the function of ``x`` to ``y``; they may be the same memory."""

    @abstractmethod
    def differentiate(self, xp: Any, y: Array, dy: Array, dx: Array) -> None:
        """Write ``dy`` × the derivative, given the value ``y``, to ``dx``.

        ``dx`` and ``dy`` may be the same memory; ``y`` may not be written.
        """


class NeuronLayer(Layer[NeuronSpec]):
    """Runs any neuron."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        self.forward = self.backend.elementwise(self.spec.apply, x.data, y.data)  # type: ignore[method-assign]
        if x.diff is not None:
            self.backward = self.backend.elementwise(  # type: ignore[method-assign]
                self.spec.differentiate, y.data, y.diff, x.diff
            )


class ReLU(NeuronSpec):
    """Rectified linear: max(epsilon, x); the gradient passes where the value is above epsilon.

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

    type: Literal["ReLU"] = "ReLU"
    epsilon: float = 0.0

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        xp.maximum(x, self.epsilon, out=y)

    def differentiate(self, xp: Any, y: Array, dy: Array, dx: Array) -> None:
        xp.multiply(dy, y > self.epsilon, out=dx)


AnyNeuron: TypeAlias = Annotated[ReLU, Field(), ByName]
