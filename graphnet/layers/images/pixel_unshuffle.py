"""PixelUnshuffle: blocks of pixels become channels."""

from __future__ import annotations

from typing import Literal

from graphnet.blob import Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, Shapes
from graphnet.layers.images.pixel_blocks import PixelBlocks


class PixelUnshuffle(PixelBlocks):
    """Make images small without losing a pixel: each block of a × b pixels becomes channels.

    What it does PixelShuffle of the same ``scale`` and ``order`` undoes.

    Bottoms:
        each: ``(N, C, a·H, b·W)``.
    Tops:
        each: ``(N, a·b·C, H, W)``.
    Args:
        scale: ``[a, b]``: height and width of the blocks.
        order: How the top's channels follow: all places of a channel side by side (``channel``,
            default), or all channels of a place (``place``).
    Example:
        - {name: small, type: PixelUnshuffle, scale: 2, bottoms: [data], tops: [small]}
    Source:
        PyTorch's ``PixelUnshuffle`` has ``order: channel``; TensorFlow's ``space_to_depth`` and
        ONNX's ``SpaceToDepth`` have ``order: place``.
    """

    type: Literal["PixelUnshuffle"] = "PixelUnshuffle"

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        self.check_bottom(x)
        tall, wide = self.scale
        if x[2] % tall or x[3] % wide:
            raise ShapeError(
                f"images of shape {shape_text(x[2:])} are no whole blocks of {tall}×{wide} pixels"
                "\n  expected sides that the scale divides; Pad or Crop makes them so"
            )
        return [(x[0], x[1] * tall * wide, x[2] // tall, x[3] // wide)]


class PixelUnshuffleLayer(Layer[PixelUnshuffle]):
    """Runs :class:`PixelUnshuffle`."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        self.parts = self.spec.moves(y.data, x.data)
        self.diff_parts = [] if x.diff is None else self.spec.moves(y.diff, x.diff)

    def forward(self) -> None:
        for packed, images in self.parts:
            self.xp.copyto(packed, images)

    def backward(self) -> None:
        for packed, images in self.diff_parts:
            self.xp.copyto(images, packed)
