"""Scale: each element times a factor that its channel, or another part of its place, has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Shape
from graphnet.layers.base import Arity, Binding, Layer, LayerSpec, Reads, Shapes
from graphnet.layers.channelwise.span import (
    AxisSpan,
    given_span,
    learned_span,
    refuse_with_values,
    values_shape,
)
from graphnet.layers.learned import Learned
from graphnet.layers.neurons.any_neuron import AnyNeuron
from graphnet.layers.shape.axis import FeatureAxis
from graphnet.params.initializers import Constant
from graphnet.params.param import ParamDecl


class Scale(LayerSpec):
    """``top = bottom · scale (+ bias)``, with one learned factor per channel.

    Other values of ``axis`` and ``num_axes`` give each channel and row a factor of its own, or
    each column, or all elements the same. A second bottom gives the factors instead: one of
    shape ``(N,)`` or ``(N, C)`` weighs whole samples or their channels.

    Bottoms:
        0: ``(N, …)``.
        1: The factors, if they are not learned; its sizes are those of bottom 0's first axes.
    Tops:
        0: the shape of bottom 0.
    Params:
        scale: The sizes of the axes it spans, ``(1,)`` for ``num_axes: 0``; none with a second
            bottom.
        bias: The same shape, with ``bias: true``.
    Args:
        axis: The first axis the learned values span, in ``(N, C, H, W)``. Default 1.
        num_axes: How many axes they span: −1 for all from ``axis`` on, 0 for one value that
            serves all elements. Default 1.
        bias: Whether a learned bias is added. Default false.
        param_key: Layers with the same key share their params. Default: the layer's name.
        neuron: Applied to the top in place.
    Example:
        - {name: scale1, type: Scale, bias: true, bottoms: [bn1], tops: [scale1]}
        - {name: gate, type: Scale, bottoms: [conv2, weights], tops: [weighted]}
    Source:
        Caffe ``Scale``, where a second bottom begins at ``axis``, default 1; here blobs begin
        with the batch axis, so it is always 0.
    """

    n_bottoms: ClassVar[Arity] = Arity(1, 2)
    overwrites: ClassVar[bool] = True

    learned: ClassVar[Mapping[str, Learned]] = {
        "scale": Learned(Constant(value=1.0)),
        "bias": Learned(),
    }

    type: Literal["Scale"] = "Scale"
    axis: FeatureAxis = 1
    num_axes: int = Field(default=1, ge=-1)
    bias: bool = False
    param_key: str | None = None
    neuron: AnyNeuron | None = None

    @model_validator(mode="after")
    def _check_keys(self) -> Scale:
        refuse_with_values(self)
        return self

    def span(self, bottoms: Shapes) -> AxisSpan:
        """The axes the factors span."""
        if len(bottoms) > 1:
            return given_span(bottoms)
        return learned_span(bottoms[0], self.axis, self.num_axes)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        self.span(bottoms)
        return [bottoms[0]]

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        if len(bottoms) > 1:
            return {}
        shape = values_shape(bottoms[0], self.span(bottoms))
        decls = {"scale": self.decl("scale", shape)}
        if self.bias:
            decls["bias"] = self.decl("bias", shape)
        return decls

    def scratch(
        self, bottoms: Shapes, backend: Backend, *, backward: bool
    ) -> dict[str, ScratchDecl]:
        if not backward or (len(bottoms) == 1 and self.frozen):
            return {}
        return {"product": ScratchDecl(bottoms[0], blob=True)}

    def backward_reads(self) -> Reads:
        if len(self.bottoms) > 1:
            return Reads(bottoms=(0, 1))
        return Reads(bottoms=() if self.frozen else (0,))

    def build(self, binding: Binding) -> ScaleLayer:
        return ScaleLayer(self, binding)


class ScaleLayer(Layer[Scale]):
    """Runs :class:`Scale`."""

    def setup(self) -> None:
        self.x, (self.y,) = self.bottoms[0], self.tops
        span = self.spec.span([b.shape for b in self.bottoms])
        scale = self.bottoms[1] if len(self.bottoms) > 1 else self.params["scale"]
        bias = self.params.get("bias")
        self.scale = span.beside(scale.data)
        self.bias = span.beside(bias.data) if bias else None
        dy, axes_sum = self.y.diff, self.backend.axes_sum
        self.add_bias: Any = None
        self.add_scale: Any = None
        if bias is not None and bias.diff is not None and dy is not None:
            self.add_bias = axes_sum(dy, span.others, bias.diff)
        if scale.diff is not None and dy is not None:
            self.add_scale = axes_sum(self.scratch["product"], span.others, scale.diff)

    def forward(self) -> None:
        self.xp.multiply(self.x.data, self.scale, out=self.y.data)
        if self.bias is not None:
            self.xp.add(self.y.data, self.bias, out=self.y.data)

    def backward(self) -> None:
        xp, dy = self.xp, self.y.diff
        if self.add_bias is not None:
            self.add_bias()
        if self.add_scale is not None:
            xp.multiply(dy, self.x.data, out=self.scratch["product"])
            self.add_scale()
        if self.x.diff is not None:  # last: it may lie where dy lies
            xp.multiply(dy, self.scale, out=self.x.diff)
