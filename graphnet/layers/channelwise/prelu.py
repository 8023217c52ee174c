"""PReLU: a rectifier whose slope on the negative side is learned."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape
from graphnet.layers.base import Layer, LayerSpec, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import beside, channel_blocks, check_channels
from graphnet.layers.learned import Learned
from graphnet.params.initializers import Constant
from graphnet.params.param import ParamDecl


class PReLU(LayerSpec):
    """x where it is positive, slope · x elsewhere, with a learned slope for each channel.

    At 0 the gradient is that of the negative side. It needs the bottom in backward (a slope may
    become negative), so it is no ``neuron``.

    Bottoms:
        each: ``(N, C, …)``.
    Tops:
        each: the same shape.
    Params:
        slope: ``(C,)``, or ``(1,)`` with ``channel_shared``.
    Args:
        channel_shared: Whether all channels have one slope. Default false.
        param_key: Layers with the same key share their params. Default: the layer's name.
        slope_regu: Default NoRegu; decay would pull the slopes towards those of a ReLU.
    Example:
        - {name: prelu1, type: PReLU, bottoms: [conv1], tops: [prelu1]}
    Source:
        He et al. 2015, arXiv 1502.01852; Caffe ``PReLU``.
    """

    each_bottom: ClassVar[bool] = True
    learned: ClassVar[Mapping[str, Learned]] = {"slope": Learned(Constant(value=0.25))}

    type: Literal["PReLU"] = "PReLU"
    channel_shared: bool = False
    param_key: str | None = None

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        check_channels(bottoms[0])
        return [bottoms[0]]

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        shape = (1,) if self.channel_shared else (bottoms[0][1],)
        return {"slope": self.decl("slope", shape)}

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        return {
            "negative": ScratchDecl(bottoms[0], blob=True),
            "slopes": ScratchDecl((bottoms[0][1],)),
        }


class PReLULayer(Layer[PReLU]):
    """Runs :class:`PReLU`, block by block, so that a block stays in a core's cache."""

    def setup(self) -> None:
        (bottom,), slope = self.bottoms, self.params["slope"]
        # a slope for each channel; in backward, its gradient
        self.slopes = self.scratch["slopes"]
        self.slope = self.xp.broadcast_to(slope.data, self.slopes.shape)
        self.dslope = slope.diff
        blocks = channel_blocks(bottom.shape, self.backend)
        bind = self.backend.concurrently
        self.bind_passes(forward=bind([partial(self.forward_block, b) for b in blocks]))
        self.differentiate = bind([partial(self.backward_block, b) for b in blocks])

    def forward_block(self, channels: slice) -> None:
        """Some of the channels of forward."""
        xp, part = self.xp, (slice(None), channels)
        x, y = self.bottoms[0].data[part], self.tops[0].data[part]
        negative = self.scratch["negative"][part]
        xp.clip(x, -xp.inf, 0, out=negative)
        xp.multiply(negative, beside(self.slope[channels], x.ndim), out=negative)
        xp.clip(x, 0, xp.inf, out=y)
        xp.add(y, negative, out=y)

    def backward(self) -> None:
        self.differentiate()
        if self.dslope is not None:
            if self.spec.channel_shared:
                self.xp.sum(self.slopes, keepdims=True, out=self.dslope)
            else:
                self.xp.copyto(self.dslope, self.slopes)

    def backward_block(self, channels: slice) -> None:
        """Some of the channels of backward."""
        xp, part = self.xp, (slice(None), channels)
        top_diff: Array = self.tops[0].diff
        x, dy, dx = self.bottoms[0].data[part], top_diff[part], self.bottoms[0].diff
        negative = self.scratch["negative"][part]
        if self.dslope is not None:
            xp.clip(x, -xp.inf, 0, out=negative)
            self.backend.channel_products(dy, negative, self.slopes[channels])
        if dx is not None:
            positive: Array = dx[part]
            xp.ceil(x, out=positive)
            xp.clip(positive, 0, 1, out=positive)  # 1 where x > 0, else 0
            xp.multiply(positive, dy, out=positive)
            xp.subtract(dy, positive, out=negative)
            xp.multiply(negative, beside(self.slope[channels], x.ndim), out=negative)
            xp.add(positive, negative, out=positive)
