"""PixelShuffle: channels become blocks of pixels."""

from __future__ import annotations

from typing import Literal

from graphnet.blob import Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, Shapes
from graphnet.layers.images.pixel_blocks import PixelBlocks


class PixelShuffle(PixelBlocks):
    """Enlarge images by their channels: a · b channels become one with a · b times the pixels.

    With ``order: channel`` pixel ``(i, j)`` of a block in channel c is channel
    ``c·a·b + i·b + j`` of the bottom; with ``order: place`` it is channel ``(i·b + j)·C + c``.
    A convolution in front of it is a learned way to enlarge images (sub-pixel convolution).

    Bottoms:
        each: ``(N, a·b·C, H, W)``.
    Tops:
        each: ``(N, C, a·H, b·W)``.
    Args:
        scale: ``[a, b]``: height and width of the blocks.
        order: Which channels make a block: those that lie side by side (``channel``, default), or
            those of all channels place by place (``place``).
    Example:
        - {name: deep, type: Convolution, n_filter: 12, kernel: 3, pad: 1, bottoms: [data],
           tops: [deep]}
        - {name: large, type: PixelShuffle, scale: 2, bottoms: [deep], tops: [large]}
    Source:
        Shi et al. 2016, arXiv 1609.05158. PyTorch's ``PixelShuffle`` has ``order: channel``,
        TensorFlow's ``depth_to_space`` ``order: place``; ONNX ``DepthToSpace`` has both, as modes
        ``CRD`` and ``DCR``.
    """

    type: Literal["PixelShuffle"] = "PixelShuffle"

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        self.check_bottom(x)
        tall, wide = self.scale
        if x[1] % (tall * wide):
            raise ShapeError(
                f"the {x[1]} channels of a bottom of shape {shape_text(x)} are no blocks of"
                f" {tall}×{wide} pixels\n  expected a multiple of {tall * wide} channels"
            )
        return [(x[0], x[1] // (tall * wide), x[2] * tall, x[3] * wide)]


class PixelShuffleLayer(Layer[PixelShuffle]):
    """Runs :class:`PixelShuffle`."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        self.parts = self.spec.moves(x.data, y.data)
        self.diff_parts = [] if x.diff is None else self.spec.moves(x.diff, y.diff)

    def forward(self) -> None:
        for packed, images in self.parts:
            self.xp.copyto(images, packed)

    def backward(self) -> None:
        for packed, images in self.diff_parts:
            self.xp.copyto(packed, images)
