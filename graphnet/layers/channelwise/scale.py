"""Scale: each element times a factor that its channel, or another part of its place, has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.layers.base import Layer, Reads, ScratchDecls, Shapes
from graphnet.layers.channelwise.span import SpanningSpec
from graphnet.layers.learned import Learned
from graphnet.layers.neurons.any_neuron import AnyNeuron
from graphnet.params.initializers import Constant
from graphnet.params.param import ParamDecl


class Scale(SpanningSpec):
    """``top = bottom · scale (+ bias)``, with one learned factor per channel.

    Other values of ``axis`` and ``num_axes`` give each channel and row a factor of its own, or
    each column, or all elements the same. A second bottom gives the factors instead: one of
    shape ``(N,)`` or ``(N, C)`` weighs whole samples or their channels.

    Bottoms:
        0: ``(N, …)``.
        1: The factors, if they are not learned; its sizes are those of bottom 0's first axes, or
            with ``axis`` of those from there on: the same factors for all samples.
    Tops:
        0: the shape of bottom 0.
    Params:
        scale: The sizes of the axes it spans, ``(1,)`` for ``num_axes: 0``; none with a second
            bottom.
        bias: The same shape, with ``bias: true``.
    Args:
        bias: Whether a learned bias is added. Default false.
        param_key: Layers with the same key share their params. Default: the layer's name.
        neuron: The neuron that is applied to the top, in place.
    Example:
        - {name: scale1, type: Scale, bias: true, bottoms: [bn1], tops: [scale1]}
        - {name: gate, type: Scale, bottoms: [conv2, weights], tops: [weighted]}
    Source:
        Caffe ``Scale``, where a second bottom begins at ``axis: 1`` unless it is given.
    """

    learned: ClassVar[Mapping[str, Learned]] = {
        "scale": Learned(Constant(value=1.0)),
        "bias": Learned(),
    }

    type: Literal["Scale"] = "Scale"
    bias: bool = False
    param_key: str | None = None
    neuron: AnyNeuron | None = None

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        return self.learned_decls(bottoms, "scale", *(("bias",) if self.bias else ()))

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        if not backward or (len(bottoms) == 1 and self.frozen):
            return {}
        return {
            "product": ScratchDecl(bottoms[0], blob=True),
            **self.sum_scratch(bottoms),
        }

    def backward_reads(self) -> Reads:
        if len(self.bottoms) > 1:
            return Reads(bottoms=(0, 1))
        return Reads(bottoms=() if self.frozen else (0,))


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
            self.add_scale = self.spec.bind_sum(self, self.scratch["product"], scale.diff)

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
