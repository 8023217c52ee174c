"""MVN: mean-variance normalisation of each sample or each of its channels."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.fields import PositiveFloat
from graphnet.layers.base import Binding, Layer, LayerSpec, Reads, Shapes


class MVN(LayerSpec):
    """Give each channel of each sample mean 0 and variance 1: ``(x − mean) / (σ + eps)``.

    The variance is the biased one. Where all elements are equal the result is 0 and so is its
    gradient. Unlike BatchNorm it looks at one sample at a time.

    Bottoms:
        each: ``(N, C, …)``; ``(N, D)`` only with ``across_channels``.
    Tops:
        each: the same shape.
    Args:
        normalize_variance: Whether it divides by the deviation; otherwise only the mean is taken
            away. Default true.
        across_channels: Whether mean and deviation are those of the whole sample. Default false.
        eps: Added to the deviation. Default 1e-9.
    Example:
        - {name: norm, type: MVN, bottoms: [data], tops: [normalised]}
    Source:
        Caffe ``MVN``, whose gradient leaves ``eps`` out.
    """

    each_bottom: ClassVar[bool] = True
    overwrites: ClassVar[bool] = True

    type: Literal["MVN"] = "MVN"
    normalize_variance: bool = True
    across_channels: bool = False
    eps: PositiveFloat = 1e-9

    @property
    def first_axis(self) -> int:
        """The first of the axes that mean and deviation run over."""
        return 1 if self.across_channels else 2

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        if len(x) <= self.first_axis:
            also = ", or across_channels: true" if len(x) > 1 else ""
            raise ShapeError(
                f"in a bottom of shape {shape_text(x)} single elements would be normalised, "
                f"each to 0\n  expected (N, C, H, W){also}"
            )
        return [x]

    def scratch(
        self, bottoms: Shapes, backend: Backend, *, backward: bool
    ) -> dict[str, ScratchDecl]:
        (x,) = bottoms
        per_group = (*x[: self.first_axis], *(1 for _ in x[self.first_axis :]))
        decls = {"spare": ScratchDecl(per_group, blob=True)}
        if self.normalize_variance:
            decls["deviation"] = ScratchDecl(per_group, lifetime="pass", blob=True)
            decls["product"] = ScratchDecl(x, blob=True)
        return decls

    def backward_reads(self) -> Reads:
        return Reads(tops=(0,)) if self.normalize_variance else Reads()

    def build(self, binding: Binding) -> MVNLayer:
        return MVNLayer(self, binding)


class MVNLayer(Layer[MVN]):
    """Runs :class:`MVN`."""

    def setup(self) -> None:
        (x,), (y,), first = self.bottoms, self.tops, self.spec.first_axis
        self.axes = tuple(range(first, len(x.shape)))
        self.weight = 1 / prod(x.shape[first:])
        self.square: Any = None
        self.multiply: Any = None
        if self.spec.normalize_variance:
            bind, self.product = self.backend.elementwise, self.scratch["product"]
            self.square = bind(_multiply, y.data, y.data, self.product)
            if x.diff is not None:
                self.multiply = bind(_multiply, y.data, y.diff, self.product)

    def mean(self, array: Array, out: Array) -> Array:
        """The mean of each group."""
        array.sum(axis=self.axes, keepdims=True, out=out)
        return self.xp.multiply(out, self.weight, out=out)

    def forward(self) -> None:
        xp, x, y = self.xp, self.bottoms[0].data, self.tops[0].data
        xp.subtract(x, self.mean(x, self.scratch["spare"]), out=y)
        if self.square is not None:
            deviation, spare = self.scratch["deviation"], self.scratch["spare"]
            self.square()
            self.mean(self.product, deviation)
            xp.sqrt(deviation, out=deviation)
            xp.add(deviation, self.spec.eps, out=spare)
            xp.divide(y, spare, out=y)

    def backward(self) -> None:
        """Assign the gradient.

        With σ' = σ + eps it is dx = (dy − mean(dy) − y · mean(y · dy) · σ' / σ) / σ', where the
        last term is 0 if σ is: then y is 0 too.
        """
        xp, dx, dy, spare = self.xp, self.bottoms[0].diff, self.tops[0].diff, self.scratch["spare"]
        if dx is None:
            return
        if self.multiply is None:
            xp.subtract(dy, self.mean(dy, spare), out=dx)
            return
        deviation, product, y = self.scratch["deviation"], self.product, self.tops[0].data
        self.multiply()
        self.mean(product, spare)
        xp.multiply(y, spare, out=product)
        tiny = xp.finfo(self.dtype).tiny
        xp.maximum(deviation, tiny, out=spare)
        xp.divide(product, spare, out=product)  # y · mean(y · dy) / σ
        self.mean(dy, spare)
        xp.subtract(dy, spare, out=dx)
        xp.add(deviation, self.spec.eps, out=spare)
        xp.divide(dx, spare, out=dx)
        xp.subtract(dx, product, out=dx)


def _multiply(xp: Any, a: Array, b: Array, product: Array) -> None:
    xp.multiply(a, b, out=product)
