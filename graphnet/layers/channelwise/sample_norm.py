"""What LayerNorm, GroupNorm and InstanceNorm share: groups of each sample are normalised."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call, in_turn
from graphnet.blob import Array, Shape, shape_text
from graphnet.declare.fields import PositiveFloat
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, LayerSpec, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import channel_blocks
from graphnet.layers.learned import Learned
from graphnet.layers.neurons.any_neuron import AnyNeuron
from graphnet.layers.shape.axis import split_sample
from graphnet.params.initializers import Constant
from graphnet.params.param import ParamDecl


@dataclass(frozen=True)
class Groups:
    """How a sample is cut: ``(groups, parts, places)``, each group normalised as a whole.

    Attributes:
        groups: How many there are.
        parts: Elements or channels of a group, each of which has a scale.
        places: Elements of such a part.
        apart: Whether each group has scales of its own; otherwise all groups have the same.
    """

    groups: int
    parts: int
    places: int
    apart: bool

    @property
    def size(self) -> int:
        """Elements of a group."""
        return self.parts * self.places


class SampleNormSpec(LayerSpec):
    """What they share: ``(x − mean) / √(variance + epsilon) · scale + bias``.

    Args:
        affine: Whether the normalised values are multiplied by a learned scale and a learned
            bias is added. Default true.
        epsilon: Added to the variance. Default 1e-5.
        param_key: Layers with the same key share their params. Default: the layer's name.
        neuron: The neuron that is applied to the top, in place.
    """

    each_bottom: ClassVar[bool] = True
    learned: ClassVar[Mapping[str, Learned]] = {
        "scale": Learned(Constant(value=1.0)),
        "bias": Learned(),
    }

    affine: bool = True
    epsilon: PositiveFloat = 1e-5
    param_key: str | None = None
    neuron: AnyNeuron | None = None

    @abstractmethod
    def groups(self, x: Shape) -> Groups:
        """How a sample of such a bottom is cut.

        Raises:
            ShapeError: If it cannot be.
        """

    @abstractmethod
    def param_shape(self, x: Shape) -> Shape:
        """The shape of scale and bias."""

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        if self.groups(x).size == 1:
            raise ShapeError(
                f"in a bottom of shape {shape_text(x)} single elements would be normalised, "
                "each to 0\n  expected groups of more elements"
            )
        return [x]

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        if not self.affine:
            return {}
        shape = self.param_shape(bottoms[0])
        return {name: self.decl(name, shape) for name in ("scale", "bias")}

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,) = bottoms
        cut = self.groups(x)
        of_each, whole = (x[0], cut.groups, 1), (x[0], cut.groups, cut.size)
        decls = {name: ScratchDecl(of_each, lifetime="pass", blob=True) for name in _KEPT}
        decls["of_group"] = ScratchDecl(of_each, blob=True)
        decls["product"] = ScratchDecl(whole, blob=True)
        if backward:
            decls["unit"] = ScratchDecl(whole, blob=True)
        return decls


_KEPT = ("mean", "rate")  # from forward to backward


class SampleNormLayer(Layer[SampleNormSpec]):
    """Runs any of them, some groups of all samples at a time."""

    def setup(self) -> None:
        (x,), (y,), backend = self.bottoms, self.tops, self.backend
        cut = self.spec.groups(x.shape)
        blocks = [
            _SomeGroups(self, cut, some)
            for some in channel_blocks((x.shape[0], cut.groups, cut.size), backend)
        ]
        self.bind_passes(forward=backend.concurrently([b.forward for b in blocks]))
        sums = []
        for name, summed in (("scale", self.scratch["product"]), ("bias", y.diff)):
            param = self.params.get(name)
            if param is not None and param.diff is not None and y.diff is not None:
                axes = (0, 3) if cut.apart else (0, 1, 3)
                view = split_sample(summed, (cut.groups, cut.parts, cut.places))
                sums.append(backend.axes_sum(view, axes, param.diff))
        if "unit" not in self.scratch:
            return
        calls = [b.backward for b in blocks]
        if sums:
            self.bind_passes(
                backward=in_turn([backend.concurrently(calls), backend.concurrently(sums)])
            )
        elif x.diff is not None:
            self.bind_passes(backward=backend.concurrently(calls))


class _SomeGroups:
    """Some of the groups: their part of every array, and what is computed of it."""

    def __init__(self, layer: SampleNormLayer, cut: Groups, some: slice) -> None:
        (bottom,), (top,) = layer.bottoms, layer.tops
        self.xp, number = layer.xp, partial(layer.backend.operand, dtype=layer.dtype)
        self.epsilon, self.weight = number(layer.spec.epsilon), number(1 / cut.size)
        whole, parted = (cut.groups, cut.size), (cut.groups, cut.parts, cut.places)

        def part(array: Array | None) -> Any:
            """By groups, and by groups and parts."""
            if array is None:
                return None, None
            return split_sample(array, whole)[:, some], split_sample(array, parted)[:, some]

        self.x, _ = part(bottom.data)
        self.y, self.y_parts = part(top.data)
        self.dx, self.dx_parts = part(bottom.diff)
        self.dy, self.dy_parts = part(top.diff)
        self.product, self.product_parts = part(layer.scratch["product"])
        self.unit, _ = part(layer.scratch.get("unit"))
        self.first = self.x[:, :, :1]
        self.mean, self.rate, self.of_group = (
            layer.scratch[name][:, some] for name in (*_KEPT, "of_group")
        )
        self.scale, self.bias = (self._beside(layer, name, cut, some) for name in ("scale", "bias"))
        add, repeated, xp = layer.backend.axes_sum, layer.backend.repeated, self.xp
        self.add_y = add(self.y, (2,), self.of_group)
        self.add_squares = add(self.product, (2,), self.rate)
        self.subtract_first = repeated(xp.subtract, self.x, self.first, self.y)
        self.centre = repeated(xp.subtract, self.y, self.of_group, self.y)
        self.divide = repeated(xp.multiply, self.y, self.rate, self.y)
        if self.scale is not None:
            self.times_scale = repeated(xp.multiply, self.y_parts, self.scale, self.y_parts)
            self.plus_bias = repeated(xp.add, self.y_parts, self.bias, self.y_parts)
        if self.unit is not None:
            self.centre_again = repeated(xp.subtract, self.x, self.mean, self.unit)
            self.normalise_again = repeated(xp.multiply, self.unit, self.rate, self.unit)
        if self.dx is not None:
            self.add_dx = add(self.dx, (2,), self.of_group)
            self.times_group = repeated(xp.multiply, self.unit, self.of_group, self.unit)
            self.centre_dx = repeated(xp.subtract, self.dx, self.of_group, self.dx)
            self.divide_dx = repeated(xp.multiply, self.dx, self.rate, self.dx)
            self.scale_product, self.scale_dy = (
                self._scaled(layer.backend, whole, parts)
                for whole, parts in ((self.product, self.product_parts), (self.dy, self.dy_parts))
            )

    @staticmethod
    def _beside(layer: SampleNormLayer, name: str, cut: Groups, some: slice) -> Any:
        """A view of a param that broadcasts against ``(N, groups, parts, places)``."""
        param = layer.params.get(name)
        if param is None:
            return None
        if cut.apart:
            return param.data.reshape(1, cut.groups, cut.parts, 1)[:, some]
        return param.data.reshape(1, 1, cut.parts, 1)

    def forward(self) -> None:
        """Centre about the first element, so that of equal ones exactly 0 is left; then divide."""
        xp, y, of_group, rate = self.xp, self.y, self.of_group, self.rate
        self.subtract_first()
        self.add_y()
        xp.multiply(of_group, self.weight, of_group)
        self.centre()
        xp.add(self.first, of_group, self.mean)
        xp.multiply(y, y, self.product)
        self.add_squares()
        xp.multiply(rate, self.weight, rate)
        xp.add(rate, self.epsilon, rate)
        xp.sqrt(rate, rate)
        xp.reciprocal(rate, rate)
        self.divide()
        if self.scale is not None:
            self.times_scale()
            self.plus_bias()

    def backward(self) -> None:
        """Write dx = rate · (g − mean(g) − x̂ · mean(g · x̂)) with g = dy · scale.

        ``product`` keeps dy · x̂, whose sum is the gradient of the scale.
        """
        xp, dx, unit, of_group = self.xp, self.dx, self.unit, self.of_group
        self.centre_again()
        self.normalise_again()
        xp.multiply(self.dy, unit, self.product)
        if dx is None:
            return
        self.scale_product()
        self.add_dx()
        xp.multiply(of_group, self.weight, of_group)
        self.times_group()
        self.scale_dy()
        self.add_dx()
        xp.multiply(of_group, self.weight, of_group)
        self.centre_dx()
        xp.subtract(dx, unit, dx)
        self.divide_dx()

    def _scaled(self, backend: Backend, values: Array, parts: Array) -> Call:
        """Bind what writes values times the scale to the bottom's diff."""
        if self.scale is None:
            return partial(self.xp.copyto, self.dx, values)
        return backend.repeated(self.xp.multiply, parts, self.scale, self.dx_parts)
