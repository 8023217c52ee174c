"""Bias: each element plus a number that its channel, or another part of its place, has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend
from graphnet.layers.base import Layer, Reads, ScratchDecls, Shapes
from graphnet.layers.channelwise.span import SpanningSpec
from graphnet.layers.learned import Learned
from graphnet.layers.neurons.any_neuron import AnyNeuron
from graphnet.params.param import ParamDecl


class Bias(SpanningSpec):
    """``top = bottom + bias``, with one learned number per channel.

    Other values of ``axis`` and ``num_axes`` give each channel and row a number of its own, or
    each column, or all elements the same. A second bottom gives the numbers instead: one of
    shape ``(N,)`` or ``(N, C)`` is added to whole samples or their channels.

    Bottoms:
        0: ``(N, …)``.
        1: The numbers, if they are not learned; its sizes are those of bottom 0's first axes, or
            with ``axis`` of those from there on: the same numbers for all samples.
    Tops:
        0: the shape of bottom 0.
    Params:
        bias: The sizes of the axes it spans, ``(1,)`` for ``num_axes: 0``; none with a second
            bottom.
    Args:
        param_key: Layers with the same key share their params. Default: the layer's name.
        neuron: The neuron that is applied to the top, in place.
    Example:
        - {name: bias1, type: Bias, bottoms: [scale1], tops: [bias1]}
        - {name: shift, type: Bias, bottoms: [conv2, shifts], tops: [shifted]}
    Source:
        Caffe ``Bias``, where a second bottom begins at ``axis: 1`` unless it is given.
    """

    learned: ClassVar[Mapping[str, Learned]] = {"bias": Learned()}

    type: Literal["Bias"] = "Bias"
    param_key: str | None = None
    neuron: AnyNeuron | None = None

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        return self.learned_decls(bottoms, "bias")

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        return self.sum_scratch(bottoms) if backward else {}

    def backward_reads(self) -> Reads:
        return Reads()


class BiasLayer(Layer[Bias]):
    """Runs :class:`Bias`."""

    def setup(self) -> None:
        self.x, (self.y,) = self.bottoms[0], self.tops
        span = self.spec.span([b.shape for b in self.bottoms])
        bias = self.bottoms[1] if len(self.bottoms) > 1 else self.params["bias"]
        self.bias, dx, dy = span.beside(bias.data), self.x.diff, self.y.diff
        self.add_up: Any = None
        if bias.diff is not None and dy is not None:
            self.add_up = self.spec.bind_sum(self, dy, bias.diff)
        self.copies = dx is not None and not self.xp.may_share_memory(dx, dy)

    def forward(self) -> None:
        self.xp.add(self.x.data, self.bias, out=self.y.data)

    def backward(self) -> None:
        if self.add_up is not None:
            self.add_up()
        if self.copies:
            self.xp.copyto(self.x.diff, self.y.diff)
