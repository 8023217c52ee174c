"""Neurons: element-wise activation functions, as layers of their own and as ``neuron:``.

``neuron: ReLU`` on a layer is rewritten to a neuron layer in place on its top. All of them
compute their gradient from the top's value alone (Mocha's rule), so they can run in the
bottom's memory. Those that Caffe adds are in ``exp_log.py`` and ``smooth_rectifiers.py``.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field

from graphnet.backend.constant import constant
from graphnet.blob import Array, Shape
from graphnet.declare.fields import ByName
from graphnet.layers.base import Binding, LayerSpec, Reads, Shapes
from graphnet.layers.neurons.base import NeuronSpec
from graphnet.layers.neurons.exp_log import Exp, Log
from graphnet.layers.neurons.smooth_rectifiers import BNLL, ELU
from graphnet.layers.shape.view import ViewLayer

#: Below so many elements a call's own time counts more than what it does with them.
SMALL = 4096


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

    type: Literal["ReLU"] = "ReLU"
    epsilon: float = 0.0

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        if x.size < SMALL:
            xp.maximum(x, constant(xp, self.epsilon, x), out=y)
        else:  # with two bounds NumPy's clip takes a quarter of the time of maximum with one
            x.clip(self.epsilon, xp.inf, out=y)

    def differentiate(self, xp: Any, y: Array, slope: Array) -> None:
        if self.epsilon == 0 and y.size < SMALL:
            xp.sign(y, out=slope)
            return
        if self.epsilon:
            xp.subtract(y, self.epsilon, out=slope)
            xp.ceil(slope, out=slope)
        else:
            xp.ceil(y, out=slope)
        slope.clip(0.0, 1.0, out=slope)


class LReLU(NeuronSpec):
    """Leaky rectified linear: x where it is positive, slope · x elsewhere.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Args:
        slope: On the negative side, from 0 to 1. Default 0.01.
    Example:
        - {name: lrelu1, type: LReLU, slope: 0.1, bottoms: [x]}
    Source:
        Mocha ``LReLU`` (whose slope is fixed); Maas, Hannun & Ng 2013.
    """

    overwrites: ClassVar[bool] = False  # x is read twice

    type: Literal["LReLU"] = "LReLU"
    slope: float = Field(default=0.01, ge=0, le=1)

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        xp.multiply(x, self.slope, out=y)
        xp.maximum(x, y, out=y)

    def differentiate(self, xp: Any, y: Array, slope: Array) -> None:
        xp.ceil(y, out=slope)
        xp.clip(slope, self.slope, 1.0, out=slope)


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

    type: Literal["Sigmoid"] = "Sigmoid"

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        half = constant(xp, 0.5, x)
        xp.multiply(x, half, out=y)
        xp.tanh(y, out=y)
        xp.multiply(y, half, out=y)
        xp.add(y, half, out=y)

    def differentiate(self, xp: Any, y: Array, slope: Array) -> None:
        xp.multiply(y, y, out=slope)
        xp.subtract(y, slope, out=slope)


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

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        xp.tanh(x, out=y)

    def differentiate(self, xp: Any, y: Array, slope: Array) -> None:
        xp.multiply(y, y, out=slope)
        xp.subtract(constant(xp, 1.0, y), slope, out=slope)


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


class Identity(LayerSpec):
    """Nothing: the top is the bottom under another name, in the same memory.

    As a ``neuron`` it says that there is none.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape, a view.
    Example:
        - {name: rename, type: Identity, bottoms: [data], tops: [ip0]}
    Source:
        Mocha ``IdentityLayer`` and ``Neurons.Identity``.
    """

    each_bottom: ClassVar[bool] = True
    in_place: ClassVar[bool] = True
    views: ClassVar[bool] = True

    type: Literal["Identity"] = "Identity"
    name: str = ""

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return [bottoms[0]]

    def backward_reads(self) -> Reads:
        return Reads()

    def build(self, binding: Binding) -> ViewLayer:
        return ViewLayer(self, binding)


AnyNeuron: TypeAlias = Annotated[
    ReLU | LReLU | ELU | BNLL | Sigmoid | Tanh | Exponential | Exp | Log | Identity,
    Field(discriminator="type"),
    ByName,
]
