"""MVN: mean-variance normalisation of each sample or each of its channels."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape, shape_text
from graphnet.declare.fields import PositiveFloat
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes

#: The mean of equal numbers may be off by so many times their spacing, with some margin.
ROUNDING = 16


class MVN(LayerSpec):
    """Give each channel of each sample mean 0 and variance 1: ``(x − mean) / (σ + epsilon)``.

    The variance is the biased one. Where all elements are equal the result is exactly 0 and so is
    its gradient. Unlike BatchNorm it looks at one sample at a time.

    Bottoms:
        each: ``(N, C, …)``; ``(N, D)`` only with ``across_channels``.
    Tops:
        each: the same shape.
    Args:
        normalize_variance: Whether it divides by the deviation; otherwise only the mean is taken
            away. Default true.
        across_channels: Whether mean and deviation are those of the whole sample. Default false.
        epsilon: Added to the deviation. Default 1e-9.
    Example:
        - {name: norm, type: MVN, bottoms: [data], tops: [normalised]}
    Source:
        Caffe ``MVN``, whose gradient leaves ``epsilon`` out.
    """

    each_bottom: ClassVar[bool] = True
    overwrites: ClassVar[bool] = True

    type: Literal["MVN"] = "MVN"
    normalize_variance: bool = True
    across_channels: bool = False
    epsilon: PositiveFloat = 1e-9

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

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,) = bottoms
        per_group = (*x[: self.first_axis], *(1 for _ in x[self.first_axis :]))
        decls = {name: ScratchDecl(per_group, blob=True) for name in ("of_group", "off", "most")}
        decls["near"] = ScratchDecl(per_group, "bool", blob=True)
        if self.normalize_variance:
            decls["deviation"] = ScratchDecl(per_group, lifetime="pass", blob=True)
            decls["product"] = ScratchDecl(x, blob=True)
        return decls

    def backward_reads(self) -> Reads:
        return Reads(tops=(0,)) if self.normalize_variance else Reads()


class MVNLayer(Layer[MVN]):
    """Runs :class:`MVN`.

    The mean is subtracted twice: the second time it is that of the centred values, which rounding
    has left. Equal values are centred about one of them, so that exactly 0 is left. Before values
    are squared, a power of two scales them, so that the squares neither overflow nor vanish.
    """

    def setup(self) -> None:
        (x,), (y,), first = self.bottoms, self.tops, self.spec.first_axis
        self.axes = tuple(range(first, len(x.shape)))
        self.weight = 1 / prod(x.shape[first:])
        first_of_each: Any = (..., *(slice(1) for _ in self.axes))
        self.first = x.data[first_of_each]
        of_group, axes_sum = self.scratch["of_group"], self.backend.axes_sum
        self.add_x, self.add_y = (axes_sum(b.data, self.axes, of_group) for b in (x, y))
        repeated, xp = self.backend.repeated, self.xp
        self.subtract_mean = repeated(xp.subtract, x.data, of_group, y.data)
        self.centre = repeated(xp.subtract, y.data, of_group, y.data)
        self.divide = repeated(xp.divide, y.data, of_group, y.data)
        self.add_dy: Any = None
        if x.diff is not None:
            self.add_dy = axes_sum(y.diff, self.axes, of_group)
            self.centre_dy = repeated(xp.subtract, y.diff, of_group, x.diff)
            self.divide_dx = repeated(xp.divide, x.diff, of_group, x.diff)
            self.keep_dx = repeated(xp.multiply, x.diff, of_group, x.diff)
        self.multiply: Any = None
        if self.spec.normalize_variance:
            bind, product = self.backend.elementwise, self.scratch["product"]
            self.write_size = bind(_absolute, y.data, product)
            self.square = bind(_square, product)
            self.add_squares = axes_sum(product, self.axes, self.scratch["deviation"])
            self.scale_down = repeated(xp.divide, product, self.scratch["off"], product)
            if x.diff is not None:
                self.multiply = bind(_multiply, y.data, y.diff, product)
                self.add_product = axes_sum(product, self.axes, of_group)
                self.times_y = repeated(xp.multiply, y.data, of_group, product)
                self.divide_product = repeated(xp.divide, product, of_group, product)

    def forward(self) -> None:
        xp = self.xp
        of_group, near = self.scratch["of_group"], self.scratch["near"]
        self.add_x()
        xp.multiply(of_group, self.weight, out=of_group)
        self.see_whether_first_is_mean()
        xp.copyto(of_group, self.first, where=near)
        self.subtract_mean()
        self.add_y()
        xp.multiply(of_group, self.weight, out=of_group)
        self.centre()
        if self.spec.normalize_variance:
            self.write_deviation()
            xp.add(self.scratch["deviation"], self.spec.epsilon, out=of_group)
            self.divide()

    def see_whether_first_is_mean(self) -> None:
        """Note where the first value is the mean as far as a sum can tell."""
        xp, off, most = self.xp, self.scratch["off"], self.scratch["most"]
        xp.absolute(self.first, out=most)
        xp.multiply(most, ROUNDING * float(xp.finfo(self.dtype).eps), out=most)
        xp.subtract(self.scratch["of_group"], self.first, out=off)
        xp.absolute(off, out=off)
        xp.less_equal(off, most, out=self.scratch["near"])

    def write_deviation(self) -> None:
        """The deviation, of the centred values in the top; 0 where they all are."""
        xp, size, product = self.xp, self.scratch["off"], self.scratch["product"]
        deviation = self.scratch["deviation"]
        self.write_size()
        xp.max(product, axis=self.axes, keepdims=True, out=size)
        power_of_two(xp, size)
        self.scale_down()
        self.square()
        self.add_squares()
        xp.multiply(deviation, self.weight, out=deviation)
        xp.sqrt(deviation, out=deviation)
        xp.multiply(deviation, size, out=deviation)

    def backward(self) -> None:
        """Assign the gradient.

        dx = (dy − mean(dy) − y · mean(y · dy) · σ' / σ) / σ' with σ' = σ + epsilon, and 0 where σ
        is 0.
        """
        xp, dx, of_group = self.xp, self.bottoms[0].diff, self.scratch["of_group"]
        if dx is None:
            return
        if self.multiply is None:
            self.add_dy()
            xp.multiply(of_group, self.weight, out=of_group)
            self.centre_dy()
            return
        deviation, product = self.scratch["deviation"], self.scratch["product"]
        self.multiply()
        self.add_product()
        xp.multiply(of_group, self.weight, out=of_group)
        self.times_y()
        tiny = float(xp.finfo(self.dtype).tiny)
        xp.maximum(deviation, tiny, out=of_group)
        self.divide_product()  # y · mean(y · dy) / σ
        self.add_dy()
        xp.multiply(of_group, self.weight, out=of_group)
        self.centre_dy()
        xp.add(deviation, self.spec.epsilon, out=of_group)
        self.divide_dx()
        xp.subtract(dx, product, out=dx)
        xp.sign(deviation, out=of_group)
        self.keep_dx()


def power_of_two(xp: Any, values: Array) -> None:
    """Each positive value down to a power of two, in place; 0 to the smallest normal number."""
    info = xp.finfo(values.dtype)
    xp.maximum(values, float(info.tiny), out=values)
    whole = values.view(f"i{values.dtype.itemsize}")
    exponent = (1 << (info.bits - 1)) - (1 << info.nmant)  # its bits, as IEEE 754 has them
    xp.bitwise_and(whole, exponent, out=whole)


def _absolute(xp: Any, y: Array, size: Array) -> None:
    xp.absolute(y, out=size)


def _square(xp: Any, x: Array) -> None:
    xp.multiply(x, x, out=x)


def _multiply(xp: Any, a: Array, b: Array, product: Array) -> None:
    xp.multiply(a, b, out=product)
