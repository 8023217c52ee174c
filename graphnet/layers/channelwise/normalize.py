"""Normalize: the channels at each place as a vector of length 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape
from graphnet.declare.fields import PositiveFloat
from graphnet.layers.base import Layer, LayerSpec, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import beside, check_channels
from graphnet.layers.learned import Learned
from graphnet.params.initializers import Constant
from graphnet.params.param import ParamDecl


class Normalize(LayerSpec):
    """scale · x / √(Σ x² + epsilon), the sum over the channels at each place, or over a sample.

    Bottoms:
        each: ``(N, C, …)``.
    Tops:
        each: the same shape.
    Params:
        scale: ``(C,)``, or ``(1,)`` with ``channel_shared``; not with ``scale: false``.
    Args:
        across_places: Whether the sum runs over the whole sample instead. Default false.
        scale: Whether the result is multiplied by learned numbers. Default true.
        channel_shared: Whether all channels have one of them. Default false.
        epsilon: Added to the sum of squares. Default 1e-10.
        param_key: Layers with the same key share their params. Default: the layer's name.
        scale_regu: Default NoRegu.
    Example:
        - {name: norm4, type: Normalize, scale_init: {type: Constant, value: 20},
           bottoms: [conv4], tops: [norm4]}
        - {name: unit, type: Normalize, scale: false, bottoms: [ip1], tops: [embedding]}
    Source:
        Caffe ``Normalize`` of SSD (Liu et al. 2016, arXiv 1512.02325), whose ``across_spatial``
        and ``channel_shared`` are true by default; ParseNet (Liu et al. 2015, arXiv 1506.04579).
    """

    each_bottom: ClassVar[bool] = True
    learned: ClassVar[Mapping[str, Learned]] = {"scale": Learned(Constant(value=1.0))}

    type: Literal["Normalize"] = "Normalize"
    across_places: bool = False
    scale: bool = True
    channel_shared: bool = False
    epsilon: PositiveFloat = 1e-10
    param_key: str | None = None

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        check_channels(bottoms[0])
        return [bottoms[0]]

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        if not self.scale:
            return {}
        return {"scale": self.decl("scale", (1,) if self.channel_shared else (bottoms[0][1],))}

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,) = bottoms
        places = (1 for _ in x[2:]) if self.across_places else x[2:]
        norm = (x[0], 1, *places)
        decls = {
            "norm": ScratchDecl(norm, lifetime="pass", blob=True),
            "product": ScratchDecl(x, blob=True),
        }
        if backward:
            decls["share"] = ScratchDecl(norm, blob=True)
            decls["slopes"] = ScratchDecl((x[1],))
        return decls


class NormalizeLayer(Layer[Normalize]):
    """Runs :class:`Normalize`.

    With the norm n, s the scale and g = s · dy: dx = (g − x · Σ(x · g) / n²) / n.
    """

    def setup(self) -> None:
        (x,), scale = self.bottoms, self.params.get("scale")
        axes = range(1, len(x.shape)) if self.spec.across_places else (1,)
        product, norm, bind = self.scratch["product"], self.scratch["norm"], self.backend
        self.square = bind.elementwise(_multiply, x.data, x.data, product)
        self.add_squares = bind.axes_sum(product, axes, norm)
        self.factor = None if scale is None else beside(scale.data, x.data.ndim)
        self.dscale = None if scale is None else scale.diff
        self.multiply: Any = None
        if x.diff is not None:
            self.multiply = bind.elementwise(_multiply, x.data, x.diff, product)
            self.add_products = bind.axes_sum(product, axes, self.scratch["share"])

    def forward(self) -> None:
        xp, x, y, norm = self.xp, self.bottoms[0].data, self.tops[0].data, self.scratch["norm"]
        self.square()
        self.add_squares()
        xp.add(norm, self.spec.epsilon, out=norm)
        xp.sqrt(norm, out=norm)
        xp.divide(x, norm, out=y)
        if self.factor is not None:
            xp.multiply(y, self.factor, out=y)

    def backward(self) -> None:
        xp, dy, norm = self.xp, self.tops[0].diff, self.scratch["norm"]
        x, dx, product = self.bottoms[0].data, self.bottoms[0].diff, self.scratch["product"]
        if self.dscale is not None:
            self.write_scale_diff(product)
        if dx is None:
            return
        if self.factor is None:
            xp.copyto(dx, dy)
        else:
            xp.multiply(dy, self.factor, out=dx)
        share = self.scratch["share"]
        self.multiply()
        self.add_products()
        xp.divide(share, norm, out=share)
        xp.divide(share, norm, out=share)
        xp.multiply(x, share, out=product)
        xp.subtract(dx, product, out=dx)
        xp.divide(dx, norm, out=dx)

    def write_scale_diff(self, product: Array) -> None:
        """Σ dy · x / n of each channel, or of all."""
        slopes = self.scratch["slopes"]
        self.xp.divide(self.bottoms[0].data, self.scratch["norm"], out=product)
        self.backend.channel_products(self.tops[0].diff, product, slopes)
        if self.spec.channel_shared:
            self.xp.sum(slopes, keepdims=True, out=self.dscale)
        else:
            self.xp.copyto(self.dscale, slopes)


def _multiply(xp: Any, a: Array, b: Array, product: Array) -> None:
    xp.multiply(a, b, out=product)
