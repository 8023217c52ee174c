"""BatchNorm: every channel to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar, Literal

from pydantic import Field

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import in_turn
from graphnet.blob import Array, Shape, shape_text
from graphnet.declare.fields import PositiveFloat
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, LayerSpec, PassStage, Phase, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import (
    all_but_channels,
    beside,
    channel_blocks,
    check_channels,
)
from graphnet.layers.learned import Learned
from graphnet.layers.neurons.any_neuron import AnyNeuron
from graphnet.params.initializers import Constant
from graphnet.params.param import ParamDecl, StateDecl


class BatchNorm(LayerSpec):
    """Normalise every channel: ``(x − mean) / √(variance + epsilon) · scale + bias``.

    In the training phase mean and (biased) variance are those of the batch, over all its
    samples and positions, and the gradient goes through them. They also move the running
    statistics: ``running ← f · running + (1 − f) · batch``, with f the
    ``moving_average_fraction`` and the unbiased variance, so that one batch counts 1 − f. The
    test phase uses the running statistics. They start at mean 0 and variance 1, belong to the
    layer's state, and move in frozen layers too. Where all elements of a channel are equal the
    normalised ones are exactly 0; a channel of one element is refused in training.

    Bottoms:
        each: ``(N, C, …)``.
    Tops:
        each: the same shape.
    Params:
        scale: ``(C,)``, unless ``affine: false``.
        bias: ``(C,)``, unless ``affine: false``.
    Args:
        affine: Whether the normalised values are multiplied by a learned scale and a learned
            bias is added. Default true.
        epsilon: Added to the variance. Default 1e-5.
        moving_average_fraction: What the running statistics keep at each batch, from 0 to less
            than 1. Default 0.9.
        use_global_stats: Whether to normalise with the running statistics, and leave them as
            they are. Default: in the test phase only.
        sync: Whether, where a batch is cut into shards, mean and variance are those of the whole
            batch; otherwise they are those of each shard. Default false.
        param_key: Layers with the same key share their params and running statistics. Default:
            the layer's name.
        neuron: The neuron that is applied to the top, in place.
    Example:
        - {name: bn1, type: BatchNorm, neuron: ReLU, bottoms: [conv1], tops: [bn1]}
    Source:
        Ioffe & Szegedy 2015, arXiv 1502.03167. Caffe ``BatchNorm`` has no affine part (a Scale
        follows it) and stores sums: with λ its fraction, default 0.999, S ← λ·S + batch and
        n ← λ·n + 1, and the statistics are S / n. That is the same average but for the start,
        where Caffe's has no part of the initial 0 and 1.
    """

    each_bottom: ClassVar[bool] = True
    learned: ClassVar[Mapping[str, Learned]] = {
        "scale": Learned(Constant(value=1.0)),
        "bias": Learned(),
    }

    type: Literal["BatchNorm"] = "BatchNorm"
    affine: bool = True
    epsilon: PositiveFloat = 1e-5
    moving_average_fraction: float = Field(default=0.9, ge=0, lt=1)
    use_global_stats: bool | None = None
    sync: bool = False
    param_key: str | None = None
    neuron: AnyNeuron | None = None

    def uses_running(self, phase: Phase) -> bool:
        """Whether it normalises with the running statistics."""
        return phase == "test" if self.use_global_stats is None else self.use_global_stats

    def meets_shards(self, phase: Phase) -> bool:
        return self.sync and not self.uses_running(phase)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        check_channels(bottoms[0])
        return [bottoms[0]]

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        if not self.affine:
            return {}
        shape = (bottoms[0][1],)
        return {
            "scale": self.decl("scale", shape),
            "bias": self.decl("bias", shape),
        }

    def state_decls(self, bottoms: Shapes) -> dict[str, StateDecl]:
        shape = (bottoms[0][1],)
        return {"mean": StateDecl(shape), "variance": StateDecl(shape, fill=1.0)}

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,) = bottoms
        decls = {
            "mean": ScratchDecl((x[1],), lifetime="pass"),
            "rate": ScratchDecl((x[1],), lifetime="pass"),
            "sums": ScratchDecl((2, x[1])),
        }
        if backward and self.affine and not self.frozen:  # needed where no bottom diff is wanted
            widest = max(b.stop - b.start for b in channel_blocks(x, backend))
            decls["centred"] = ScratchDecl((x[0], widest, *x[2:]), blob=True)
        return decls


class BatchNormLayer(Layer[BatchNorm]):
    """Runs :class:`BatchNorm`, block by block, so that a block stays in a core's cache."""

    def setup(self) -> None:
        shape = self.bottoms[0].shape
        blocks = [_Block(self, channels) for channels in channel_blocks(shape, self.backend)]
        running = self.spec.uses_running(self.context.phase)
        if not running and blocks[0].whole_count == 1:
            raise ShapeError(
                f"in a bottom of shape {shape_text(shape)} each channel has a single element, "
                "which less its mean is 0\n  expected larger batches, or use_global_stats: true"
            )
        together = self.backend.concurrently
        self.bind_passes(
            forward=together([b.forward_running if running else b.forward_batch for b in blocks])
        )
        calls = [b.backward_running if running else b.backward_batch for b in blocks]
        if self.bottoms[0].diff is not None:
            self.bind_passes(backward=together(calls))
        elif "centred" in self.scratch:  # all blocks use one array, so they take turns
            self.bind_passes(backward=in_turn(calls))
        self.blocks = blocks

    def forward_stages(self) -> list[PassStage]:
        if not self.spec.meets_shards(self.context.phase):
            return super().forward_stages()
        together, blocks = self.backend.concurrently, self.blocks
        return [
            PassStage(together([b.find_mean for b in blocks]), self.scratch["mean"]),
            PassStage(together([b.find_variance for b in blocks]), self.scratch["rate"]),
            PassStage(together([b.finish_forward for b in blocks])),
        ]

    def backward_stages(self) -> list[PassStage]:
        if not self.spec.meets_shards(self.context.phase) or self.bottoms[0].diff is None:
            return super().backward_stages()
        together, blocks = self.backend.concurrently, self.blocks
        # a shard's diffs are those of its own mean loss, so their sums are shared like means
        return [
            PassStage(together([b.sum_up for b in blocks]), self.scratch["sums"].reshape(-1)),
            PassStage(together([b.finish_backward for b in blocks])),
        ]


class _Block:
    """Some of the channels: their part of every array, and what is computed of it.

    The arrays are used again as soon as what they hold is no longer needed. With m elements a
    channel, x̂ the normalised bottom and r = 1 / √(variance + epsilon), they hold after each part:

    =================  ======  ==========  ====================  ===========  ========
    part               mean    rate        sums[0]               sums[1]      y
    =================  ======  ==========  ====================  ===========  ========
    find_mean          mean                least x               largest x
    find_variance      mean    variance                                       x − mean
    finish_forward     mean    r           r · scale                          the top
    =================  ======  ==========  ====================  ===========  ========

    =================  ======  ==========  ====================  ===========  ========
    part               mean    rate        sums[0]               sums[1]      dx
    =================  ======  ==========  ====================  ===========  ========
    sum_up             mean    r           Σ dy                  Σ dy · x̂     x − mean
    finish_backward    mean    r           −Σ dy / m             −r Σ dy x̂/m  the diff
                                           and then r · scale
    =================  ======  ==========  ====================  ===========  ========
    """

    def __init__(self, layer: BatchNormLayer, channels: slice) -> None:
        (bottom,), (top,) = layer.bottoms, layer.tops
        self.xp, self.spec = layer.xp, layer.spec
        n_axes = len(bottom.shape)
        self.axes, self.channel_products = all_but_channels(n_axes), layer.backend.channel_products
        self.count = self.whole_count = prod(bottom.shape) // bottom.shape[1]
        portion = layer.context.portion
        if layer.spec.sync and portion is not None:  # of all shards' samples and positions
            self.whole_count = self.count // bottom.shape[0] * portion.batch_size

        self.x, self.y = bottom.data[:, channels], top.data[:, channels]
        self.dx = None if bottom.diff is None else bottom.diff[:, channels]
        self.dy: Any = None if top.diff is None else top.diff[:, channels]
        self.centred: Any = self.dx
        if self.dx is None and "centred" in layer.scratch:
            self.centred = layer.scratch["centred"][:, : channels.stop - channels.start]

        scale, bias = layer.params.get("scale"), layer.params.get("bias")
        self.scale = scale.data[channels] if scale else None
        self.bias = beside(bias.data[channels], n_axes) if bias else None
        self.dscale = scale.diff[channels] if scale and scale.diff is not None else None
        self.dbias = bias.diff[channels] if bias and bias.diff is not None else None
        self.running = layer.state["mean"][channels], layer.state["variance"][channels]

        self.mean, self.rate = layer.scratch["mean"][channels], layer.scratch["rate"][channels]
        self.sums = layer.scratch["sums"][0, channels], layer.scratch["sums"][1, channels]
        self.mean_beside = beside(self.mean, n_axes)
        self.sums_beside = beside(self.sums[0], n_axes), beside(self.sums[1], n_axes)
        self.add_x = layer.backend.axes_sum(self.x, self.axes, self.mean)
        if self.dy is not None:
            self.add_dy = layer.backend.axes_sum(self.dy, self.axes, self.sums[0])

    # --- forward ------------------------------------------------------------------------

    def forward_batch(self) -> None:
        """Normalise with the batch's statistics and move the running ones."""
        self.find_mean()
        self.find_variance()
        self.finish_forward()

    def find_mean(self) -> None:
        """The mean of these samples; of equal ones it is that number, in spite of rounding."""
        xp, mean, (least, most) = self.xp, self.mean, self.sums
        self.add_x()
        xp.multiply(mean, 1 / self.count, out=mean)
        self.x.min(axis=self.axes, out=least)
        self.x.max(axis=self.axes, out=most)
        xp.maximum(mean, least, out=mean)
        xp.minimum(mean, most, out=mean)

    def find_variance(self) -> None:
        """Their mean square about the batch's mean; leaves the centred values in the top."""
        xp, variance = self.xp, self.rate
        xp.subtract(self.x, self.mean_beside, out=self.y)
        self.channel_products(self.y, self.y, variance)
        xp.multiply(variance, 1 / self.count, out=variance)

    def finish_forward(self) -> None:
        """Move the running statistics and normalise, given the batch's mean and variance."""
        variance, count = self.rate, self.whole_count
        self.move_running(self.running[0], self.mean, 1)
        self.move_running(self.running[1], variance, count / max(1, count - 1))
        self.scale_and_shift(variance)

    def move_running(self, running: Array, batch: Array, factor: float) -> None:
        """Move a running statistic towards ``factor`` times the batch's."""
        xp, keep, moved = self.xp, self.spec.moving_average_fraction, self.sums[0]
        xp.multiply(batch, (1 - keep) * factor, out=moved)
        xp.multiply(running, keep, out=running)
        xp.add(running, moved, out=running)

    def forward_running(self) -> None:
        """Normalise with the running statistics."""
        mean, variance = self.running
        self.xp.copyto(self.mean, mean)
        self.xp.subtract(self.x, self.mean_beside, out=self.y)
        self.scale_and_shift(variance)

    def scale_and_shift(self, variance: Array) -> None:
        """Scale and shift the centred values in the top."""
        xp = self.xp
        xp.add(variance, self.spec.epsilon, out=self.rate)
        xp.sqrt(self.rate, out=self.rate)
        xp.reciprocal(self.rate, out=self.rate)
        self.slope()
        xp.multiply(self.y, self.sums_beside[0], out=self.y)
        if self.bias is not None:
            xp.add(self.y, self.bias, out=self.y)

    def slope(self) -> None:
        """Write ``rate · scale`` to the first of the sums."""
        if self.scale is None:
            self.xp.copyto(self.sums[0], self.rate)
        else:
            self.xp.multiply(self.rate, self.scale, out=self.sums[0])

    # --- backward -----------------------------------------------------------------------

    def sum_up(self) -> None:
        """Σ dy and Σ dy · x̂; they are the gradients of bias and scale."""
        xp, (sum_dy, sum_dy_x) = self.xp, self.sums
        self.add_dy()
        xp.subtract(self.x, self.mean_beside, out=self.centred)
        self.channel_products(self.dy, self.centred, sum_dy_x)
        xp.multiply(sum_dy_x, self.rate, out=sum_dy_x)
        if self.dscale is not None:
            xp.copyto(self.dscale, sum_dy_x)
            xp.copyto(self.dbias, sum_dy)

    def backward_batch(self) -> None:
        """Write dx = rate · scale · (dy − Σ dy / m − x̂ · Σ (dy · x̂) / m), m elements a channel."""
        self.sum_up()
        if self.dx is not None:
            self.finish_backward()

    def finish_backward(self) -> None:
        """Write dx, given the sums."""
        xp, dx, (sum_dy, sum_dy_x) = self.xp, self.dx, self.sums
        xp.multiply(sum_dy_x, self.rate, out=sum_dy_x)
        xp.multiply(sum_dy_x, -1 / self.count, out=sum_dy_x)
        xp.multiply(sum_dy, -1 / self.count, out=sum_dy)
        xp.multiply(dx, self.sums_beside[1], out=dx)
        xp.add(dx, self.sums_beside[0], out=dx)
        xp.add(dx, self.dy, out=dx)
        self.slope()
        xp.multiply(dx, self.sums_beside[0], out=dx)

    def backward_running(self) -> None:
        """Write dx = rate · scale · dy: the running statistics are constants."""
        if self.dscale is not None:
            self.sum_up()
        if self.dx is not None:
            self.slope()
            self.xp.multiply(self.dy, self.sums_beside[0], out=self.dx)
