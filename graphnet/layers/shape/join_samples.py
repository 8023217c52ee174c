"""JoinSamples: several samples as one, which have an axis for them."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.blob import Shape, shape_text
from graphnet.declare.fields import PositiveInt
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, LayerSpec, Reads, Shapes
from graphnet.layers.pass_context import refuse_part


class JoinSamples(LayerSpec):
    """Make one sample of several that follow each other; a new axis behind the first tells them.

    Without ``size`` the whole batch becomes one sample. Layers behind it then work along what was
    the batch axis: a Softmax over the samples, a Concat of two batches, an InnerProduct of all
    of them. PartSamples takes them apart again.

    A net that joins whole batches cannot be cut into shards, predicts all rows as one batch, and
    refuses a last batch that is not full.

    Bottoms:
        each: ``(K · size, …)``.
    Tops:
        each: ``(K, size, …)``; without ``size`` ``(1, N, …)``.
    Args:
        size: How many samples become one. Default: all.
    Example:
        - {name: batch, type: JoinSamples, bottoms: [scores], tops: [all_scores]}
        - {name: rank, type: Softmax, axis: 1, bottoms: [all_scores], tops: [of_all]}
        - {name: apart, type: PartSamples, bottoms: [of_all], tops: [share]}
    Source:
        Caffe's layers with ``axis: 0``.
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["JoinSamples"] = "JoinSamples"
    size: PositiveInt | None = None

    @property
    def mixes_samples(self) -> bool:
        return self.size is None

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        size = x[0] if self.size is None else self.size
        if size == 0 or x[0] % size:
            raise ShapeError(
                f"a bottom of shape {shape_text(x)} cannot be joined by {size}"
                f"\n  expected a size that divides {x[0]}, the first axis"
            )
        return [(x[0] // size, size, *x[1:])]

    def backward_reads(self) -> Reads:
        return Reads()


class JoinSamplesLayer(Layer[JoinSamples]):
    """Runs :class:`JoinSamples`."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        self.parted = x.data.reshape(y.shape)  # a view: one axis becomes two
        self.parted_diff = None if x.diff is None else x.diff.reshape(y.shape)

    def forward(self) -> None:
        if self.spec.mixes_samples:
            refuse_part(self.context)
        self.xp.copyto(self.tops[0].data, self.parted)

    def backward(self) -> None:
        if self.parted_diff is not None:
            self.xp.copyto(self.parted_diff, self.tops[0].diff)
