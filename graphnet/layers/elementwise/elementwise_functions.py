"""AbsVal, Clip, Swish and Threshold: element-wise functions of the bottom.

Unlike the neurons they cannot tell the gradient from the top's value, so they need the bottom
until backward and do not run in its memory.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Literal

from pydantic import model_validator

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape
from graphnet.layers.base import Binding, Layer, LayerSpec, Reads, Shapes


class ElementwiseFunction(LayerSpec):
    """What all of them share: each top has the shape of its bottom."""

    each_bottom: ClassVar[bool] = True

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return [bottoms[0]]

    def build(self, binding: Binding) -> ElementwiseFunctionLayer:
        return ElementwiseFunctionLayer(self, binding)

    @abstractmethod
    def apply(self, xp: Any, x: Array, y: Array) -> None:
        """Write the function of ``x`` to ``y``."""

    def differentiate(self, xp: Any, x: Array, dy: Array, dx: Array, *scratch: Array) -> None:
        """Write ``dy`` × the derivative at ``x`` to ``dx``; ``scratch`` is as declared."""
        raise NotImplementedError


class ElementwiseFunctionLayer(Layer[ElementwiseFunction]):
    """Runs any of them."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        self.forward = self.backend.elementwise(self.spec.apply, x.data, y.data)  # type: ignore[method-assign]
        if x.diff is not None:
            self.backward = self.backend.elementwise(  # type: ignore[method-assign]
                self.spec.differentiate, x.data, y.diff, x.diff, *self.scratch.values()
            )


class AbsVal(ElementwiseFunction):
    """The absolute value; its gradient at 0 is 0.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape.
    Example:
        - {name: abs1, type: AbsVal, bottoms: [x], tops: [abs1]}
    Source:
        Caffe ``AbsVal``.
    """

    type: Literal["AbsVal"] = "AbsVal"

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        xp.absolute(x, out=y)

    def differentiate(self, xp: Any, x: Array, dy: Array, dx: Array, *scratch: Array) -> None:
        xp.sign(x, out=dx)
        xp.multiply(dx, dy, out=dx)


class Clip(ElementwiseFunction):
    """The nearest number from min to max; the gradient passes there, both bounds included.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape.
    Args:
        min: The lower bound.
        max: The upper bound, not less than ``min``.
    Example:
        - {name: relu6, type: Clip, min: 0, max: 6, bottoms: [x], tops: [y]}
    Source:
        Caffe ``Clip``.
    """

    type: Literal["Clip"] = "Clip"
    min: float
    max: float

    @model_validator(mode="after")
    def _check_bounds(self) -> Clip:
        if self.min > self.max:
            raise ValueError(f"min ({self.min}) must not exceed max ({self.max})")
        return self

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        xp.clip(x, self.min, self.max, out=y)

    def differentiate(self, xp: Any, x: Array, dy: Array, dx: Array, *scratch: Array) -> None:
        xp.clip(x, self.min, self.max, out=dx)
        xp.equal(dx, x, out=dx)  # 1 where nothing was clipped
        xp.multiply(dx, dy, out=dx)


class Swish(ElementwiseFunction):
    """x · σ(beta · x), with σ the logistic function; also called SiLU where beta is 1.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape.
    Args:
        beta: The factor of x in σ. Default 1.
    Example:
        - {name: swish1, type: Swish, bottoms: [x], tops: [swish1]}
    Source:
        Caffe ``Swish``; Ramachandran, Zoph & Le 2017, arXiv 1710.05941.
    """

    type: Literal["Swish"] = "Swish"
    beta: float = 1.0

    def scratch(
        self, bottoms: Shapes, backend: Backend, *, backward: bool
    ) -> dict[str, ScratchDecl]:
        return {"rise": ScratchDecl(bottoms[0], blob=True)} if backward else {}

    def logistic(self, xp: Any, x: Array, out: Array) -> None:
        """Write σ(beta · x) to ``out``, as (1 + tanh(beta · x / 2)) / 2, which cannot overflow."""
        xp.multiply(x, self.beta / 2, out=out)
        xp.tanh(out, out=out)
        xp.multiply(out, 0.5, out=out)
        xp.add(out, 0.5, out=out)

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        self.logistic(xp, x, y)
        xp.multiply(y, x, out=y)

    def differentiate(self, xp: Any, x: Array, dy: Array, dx: Array, *scratch: Array) -> None:
        (rise,) = scratch  # σ + beta · x · σ · (1 − σ)
        self.logistic(xp, x, dx)
        xp.subtract(1.0, dx, out=rise)
        xp.multiply(rise, dx, out=rise)
        xp.multiply(rise, x, out=rise)
        xp.multiply(rise, self.beta, out=rise)
        xp.add(dx, rise, out=dx)
        xp.multiply(dx, dy, out=dx)


class Threshold(ElementwiseFunction):
    """1 where x is above the threshold, 0 elsewhere; no gradient flows through it.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape.
    Args:
        threshold: What x must exceed. Default 0.
    Example:
        - {name: binary, type: Threshold, threshold: 0.5, bottoms: [x], tops: [binary]}
    Source:
        Caffe ``Threshold``.
    """

    overwrites: ClassVar[bool] = True

    type: Literal["Threshold"] = "Threshold"
    threshold: float = 0.0

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return ()

    def backward_reads(self) -> Reads:
        return Reads()

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        xp.greater(x, self.threshold, out=y)
