"""What PixelShuffle and PixelUnshuffle share: blocks of pixels as channels, and back."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.blob import Array, Shape
from graphnet.declare.fields import PositivePair
from graphnet.layers.base import LayerSpec, Reads
from graphnet.layers.channelwise.channels import check_extent, check_images


class PixelBlocks(LayerSpec):
    """Blocks of pixels that are channels on one side; each layer documents its properties."""

    each_bottom: ClassVar[bool] = True

    scale: PositivePair
    order: Literal["channel", "place"] = "channel"

    def check_bottom(self, x: Shape) -> None:
        """See that a bottom is a batch of images, whose blocks are not too large.

        Raises:
            ShapeError: Otherwise.
        """
        check_images(x)
        check_extent(x, *self.scale)

    def backward_reads(self) -> Reads:
        return Reads()

    def moves(self, packed: Array, images: Array) -> list[tuple[Array, Array]]:
        """Views of channels, and of the pixels that they are: one pair for each column of a block.

        Args:
            packed: ``(N, a·b·C, H, W)``.
            images: ``(N, C, a·H, b·W)``.
        """
        n, _, height, width = packed.shape
        tall, wide = self.scale
        channels = images.shape[1]
        if self.order == "channel":
            split, axes = (n, channels, tall, wide, height, width), (0, 1, 4, 2, 5, 3)
        else:
            split, axes = (n, tall, wide, channels, height, width), (0, 3, 4, 1, 5, 2)
        # splitting an axis makes a view, however the blob is stored
        of_channels = packed.reshape(split).transpose(axes)
        of_pixels = images.reshape((n, channels, height, tall, width, wide))
        return [(of_channels[..., j], of_pixels[..., j]) for j in range(wide)]
