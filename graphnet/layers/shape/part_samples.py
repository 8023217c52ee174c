"""PartSamples: the parts of each sample, as samples of their own."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.blob import Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, LayerSpec, Reads, Shapes


class PartSamples(LayerSpec):
    """Make a sample of each part of a sample along axis 1: the opposite of JoinSamples.

    Layers behind it treat the steps of a sequence, or the frames of a film, one by one. Losses
    and statistics count all parts of the samples that count.

    Bottoms:
        each: ``(K, size, …)``.
    Tops:
        each: ``(K · size, …)``, sample after sample.
    Example:
        - {name: frames, type: PartSamples, bottoms: [film], tops: [frames]}
        - {name: conv, type: Convolution, kernel: 3, n_filter: 8, bottoms: [frames], tops: [conv]}
        - {name: films, type: JoinSamples, size: 16, bottoms: [conv], tops: [films]}
    Source:
        Caffe's layers with an ``axis`` above 1, for which all axes before it are samples.
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["PartSamples"] = "PartSamples"

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        if len(x) < 2:  # noqa: PLR2004  # (K, size)
            raise ShapeError(
                f"a bottom of shape {shape_text(x)} has no parts\n  expected one axis more"
            )
        return [(x[0] * x[1], *x[2:])]

    def backward_reads(self) -> Reads:
        return Reads()


class PartSamplesLayer(Layer[PartSamples]):
    """Runs :class:`PartSamples`."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        self.joined = y.data.reshape(x.shape)  # a view: one axis becomes two
        self.joined_diff = None if y.diff is None else y.diff.reshape(x.shape)

    def forward(self) -> None:
        self.xp.copyto(self.joined, self.bottoms[0].data)

    def backward(self) -> None:
        dx = self.bottoms[0].diff
        if dx is not None:
            self.xp.copyto(dx, self.joined_diff)
