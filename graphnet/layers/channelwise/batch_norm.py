"""BatchNorm: every channel to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import ClassVar, Literal

from pydantic import Field

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import in_turn
from graphnet.blob import Array, Shape, shape_text
from graphnet.declare.fields import PositiveFloat
from graphnet.errors import ShapeError
from graphnet.layers.base import (
    Binding,
    Layer,
    PassStage,
    Phase,
    Reads,
    ScratchDecls,
    Shapes,
)
from graphnet.layers.channelwise.batch_norm_block import BatchNormBlock
from graphnet.layers.channelwise.channels import channel_blocks, check_channels
from graphnet.layers.learned import Learned
from graphnet.layers.merging import ConstantNorm
from graphnet.layers.neurons.any_neuron import AnyNeuron
from graphnet.layers.rectifying import Rectifying
from graphnet.layers.shape.view import ViewLayer
from graphnet.params.initializers import Constant
from graphnet.params.param import ParamDecl, StateDecl

#: How many times as large as a core's cache a block may be. A call on as much as the cache holds
#: takes 15 µs, and two threads then wait as long for each other at the interpreter's lock. With
#: blocks four times as large two threads need half the time, and one needs a fifth more.
LARGER = 4


class BatchNorm(Rectifying):
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
        n ← λ·n + 1, and the statistics are S / n. That is the same average except for the start,
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

    def backward_reads(self) -> Reads:
        return self.reads_of_rectifier(super().backward_reads())

    def uses_running(self, phase: Phase) -> bool:
        """Whether it normalises with the running statistics."""
        return phase == "test" if self.use_global_stats is None else self.use_global_stats

    def constant_norm(self, phase: Phase) -> ConstantNorm | None:
        if not self.uses_running(phase):
            return None
        return ConstantNorm(self.store_key, self.affine, self.epsilon)

    def done_before(self) -> BatchNormWithin:
        return BatchNormWithin(**dict(self))

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
            "factors": ScratchDecl((3, x[1])),
        }
        if backward and self.affine and not self.frozen:  # needed where no bottom diff is wanted
            widest = max(b.stop - b.start for b in channel_blocks(x, backend, LARGER))
            decls["centred"] = ScratchDecl((x[0], widest, *x[2:]), blob=True)
        return {**decls, **self.rectifier_scratch(x, backward=backward)}


class BatchNormWithin(BatchNorm):
    """A norm whose work the convolution before it does."""

    views: ClassVar[bool] = True

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        return {}

    def build(self, binding: Binding) -> ViewLayer:
        return ViewLayer(self, binding)


class BatchNormLayer(Layer[BatchNorm]):
    """Runs :class:`BatchNorm` block by block, so that threads can share the blocks out.

    Numbers of which each channel has one are computed for all channels at once where possible,
    before or after the blocks: threads that work on blocks then hold each other up less.
    """

    def setup(self) -> None:
        bottom, context = self.bottoms[0], self.context
        shape = bottom.shape
        blocks = [
            BatchNormBlock(self, channels)
            for channels in channel_blocks(shape, self.backend, LARGER)
        ]
        running = self.spec.uses_running(context.phase)
        self.whole_count = prod(shape) // shape[1]
        if self.spec.sync and context.portion is not None:  # of all shards' samples and positions
            self.whole_count = self.whole_count // shape[0] * context.portion.batch_size
        if not running and self.whole_count == 1:
            raise ShapeError(
                f"in a bottom of shape {shape_text(shape)} each channel has a single element, "
                "which less its mean is 0\n  expected larger batches, or use_global_stats: true"
            )
        together = self.backend.concurrently
        if running:
            forward = [self.take_running, together([b.scale_and_shift for b in blocks])]
            backward = [self.find_slope, together([b.backward_running for b in blocks])]
        else:
            forward = [together([b.forward_batch for b in blocks]), self.move_running]
            backward = [self.find_slope, together([b.backward_batch for b in blocks])]
        self.bind_passes(forward=in_turn(forward))
        if bottom.diff is not None:
            self.bind_passes(backward=in_turn([*backward, self.write_param_diffs]))
        elif "centred" in self.scratch:  # all blocks use one array, so they take turns
            sums = [b.sum_up for b in blocks]
            self.bind_passes(backward=in_turn([*sums, self.write_param_diffs]))
        self.blocks = blocks

    def forward_stages(self) -> list[PassStage]:
        if not self.spec.meets_shards(self.context.phase):
            return super().forward_stages()
        together, blocks = self.backend.concurrently, self.blocks
        finish = together([b.normalise for b in blocks])
        return [
            PassStage(together([b.find_mean for b in blocks]), self.scratch["mean"]),
            PassStage(together([b.find_variance for b in blocks]), self.scratch["rate"]),
            PassStage(in_turn([finish, self.move_running])),
        ]

    def backward_stages(self) -> list[PassStage]:
        if not self.spec.meets_shards(self.context.phase) or self.bottoms[0].diff is None:
            return super().backward_stages()
        together, blocks = self.backend.concurrently, self.blocks
        sum_up = in_turn([together([b.sum_up for b in blocks]), self.write_param_diffs])
        finish = in_turn([self.find_slope, together([b.finish_backward for b in blocks])])
        # a shard's diffs are those of its own mean loss, so their sums are shared like means
        return [PassStage(sum_up, self.scratch["sums"].reshape(-1)), PassStage(finish)]

    # --- what is a number for each channel ----------------------------------------------

    def move_running(self) -> None:
        """Move the running statistics towards the batch's, and leave 1 / its deviation."""
        xp, keep, moved = self.xp, self.spec.moving_average_fraction, self.scratch["factors"][0]
        mean, variance, count = self.scratch["mean"], self.scratch["rate"], self.whole_count
        for name, batch, factor in (
            ("mean", mean, 1),
            ("variance", variance, count / max(1, count - 1)),
        ):
            xp.multiply(batch, (1 - keep) * factor, out=moved)
            xp.multiply(self.state[name], keep, out=self.state[name])
            xp.add(self.state[name], moved, out=self.state[name])
        self.find_rate(variance)

    def find_rate(self, variance: Array) -> None:
        """Write 1 / √(variance + epsilon) to the rate."""
        xp, rate = self.xp, self.scratch["rate"]
        xp.add(variance, self.spec.epsilon, out=rate)
        xp.sqrt(rate, out=rate)
        xp.reciprocal(rate, out=rate)

    def find_slope(self) -> None:
        """Write ``rate · scale`` to the first of the factors."""
        slope, rate, scale = (
            self.scratch["factors"][0],
            self.scratch["rate"],
            self.params.get("scale"),
        )
        if scale is None:
            self.xp.copyto(slope, rate)
        else:
            self.xp.multiply(rate, scale.data, out=slope)

    def take_running(self) -> None:
        """Write what the running statistics multiply by, and what they add."""
        xp, (slope, shift, _) = self.xp, self.scratch["factors"]
        xp.copyto(self.scratch["mean"], self.state["mean"])
        self.find_rate(self.state["variance"])
        self.find_slope()
        xp.multiply(self.scratch["mean"], slope, out=shift)
        xp.negative(shift, out=shift)
        if "bias" in self.params:
            xp.add(shift, self.params["bias"].data, out=shift)

    def write_param_diffs(self) -> None:
        """The sums are the gradients of bias and scale."""
        for name, total in zip(("bias", "scale"), self.scratch["sums"], strict=True):
            if name in self.params and self.params[name].diff is not None:
                self.xp.copyto(self.params[name].diff, total)
