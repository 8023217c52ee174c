"""Crop: a window of each image, moved and mirrored at random in training."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.declare.fields import PositivePair
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, LayerSpec, Reads, Shapes
from graphnet.layers.channelwise.channels import check_images
from graphnet.random.keys import stream_key
from graphnet.random.samples import Scratch, fill_uniform

_IMAGES = 4  # axes of (N, C, H, W)


class Crop(LayerSpec):
    """A window of each image: in the middle, or at a random place for each sample.

    Chance acts in nets of phase ``train`` only; in ``test`` it is the middle, unmirrored. The
    draws depend on the seed, the layer's name, the iteration and the sample's place in the
    global batch, on nothing else. The gradient of what is cut away is zero.

    Bottoms:
        each: ``(N, C, H, W)``, at least as large as the window.
    Tops:
        each: ``(N, C, *crop_size)``.
    Args:
        crop_size: ``[height, width]`` of the window.
        random_crop: Whether its place is random. Default false.
        random_mirror: Whether half of the samples are mirrored left to right. Default false.
    Example:
        - {name: crop, type: Crop, crop_size: [10, 10], random_crop: true, random_mirror: true,
           bottoms: [data], tops: [crop]}
    Source:
        Mocha ``CropLayer`` (one draw for a whole batch, in every net, and no gradient); Caffe's
        ``transform_param``.
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["Crop"] = "Crop"
    crop_size: PositivePair
    random_crop: bool = False
    random_mirror: bool = False

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        check_images(x)
        if x[2] < self.crop_size[0] or x[3] < self.crop_size[1]:
            raise ShapeError(
                f"crop_size {shape_text(self.crop_size)} is larger than the images of a bottom of "
                f"shape {shape_text(x)}"
            )
        return [(*x[:2], *self.crop_size)]

    def backward_reads(self) -> Reads:
        return Reads()


class CropLayer(Layer[Crop]):
    """Runs :class:`Crop`."""

    def setup(self) -> None:
        self.key = stream_key(self.context.seed, f"{self.name}/draws")
        self.surplus = [
            n - size for n, size in zip(self.bottoms[0].shape[2:], self.spec.crop_size, strict=True)
        ]
        training = self.context.phase == "train"
        self.moves = training and self.spec.random_crop
        self.mirrors = training and self.spec.random_mirror
        # row, column and mirror of each sample: on the host, which decides what is copied
        self.draws, self.draw_scratch = (
            np.empty((self.bottoms[0].shape[0], 3), self.dtype),
            Scratch(),
        )

    def forward(self) -> None:
        x, y, context = self.bottoms[0].data, self.tops[0].data, self.context
        if not (self.moves or self.mirrors):
            self.xp.copyto(y, x[self.middle()])
            return
        place = context.iteration, context.first_sample
        fill_uniform(self.key, *place, self.draws, self.draw_scratch)
        for i in range(x.shape[0]):
            self.xp.copyto(y[i], x[i][self.window(i)])

    def backward(self) -> None:
        dx, dy = self.bottoms[0].diff, self.tops[0].diff
        if dx is None or dy is None:
            return
        dx.fill(0)
        if not (self.moves or self.mirrors):
            self.xp.copyto(dx[self.middle()], dy)
            return
        for i in range(dx.shape[0]):
            self.xp.copyto(dx[i][self.window(i)], dy[i])

    def middle(self) -> tuple[slice, ...]:
        """The window in the middle, of the whole batch."""
        top, left = (n // 2 for n in self.surplus)
        height, width = self.spec.crop_size
        return (slice(None), slice(None), slice(top, top + height), slice(left, left + width))

    def window(self, i: int) -> tuple[slice, ...]:
        """The window of one sample, mirrored where it is."""
        down, right, mirror = self.draws[i].tolist()
        if self.moves:
            top, left = int(down * (self.surplus[0] + 1)), int(right * (self.surplus[1] + 1))
        else:
            top, left = (n // 2 for n in self.surplus)
        height, width = self.spec.crop_size
        columns = slice(left, left + width)
        if self.mirrors and mirror >= 0.5:  # noqa: PLR2004 (one half)
            columns = slice(left + width - 1, left - 1 if left else None, -1)
        return (slice(None), slice(top, top + height), columns)
