"""Transformers that move images: Pad, and random crops, mirrors, shifts and rotations.

What a random one does to a sample is a function of (seed, epoch, row). Tops of one layer that
declare the same random transformers, such as an image and its mask, are treated alike.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from graphnet.blob import Shape, shape_text
from graphnet.data.transformer import Apply, Samples, Transformer
from graphnet.declare.fields import NonNegativePair, PositivePair
from graphnet.declare.user_types import type_name
from graphnet.errors import ShapeError
from graphnet.random.philox import uniforms

_BLOCK_PIXELS = 1 << 16


class ImageTransformer(Transformer):
    """What these share: a sample is ``(C, H, W)``, and the result is an array of its own."""

    in_place: ClassVar[bool] = False

    def out_shape(self, shape: Shape) -> Shape:
        """The shape of a transformed image."""
        if len(shape) != 3:  # noqa: PLR2004 - channels, height, width
            name = type_name(self)
            raise ShapeError(f"{name} needs images (C, H, W), but a sample is {shape_text(shape)}")
        return shape


class PadTransformer(ImageTransformer):
    """Add ``pad: [height, width]`` zeros on each side.

    Source:
        Keras ``ZeroPadding2D``; before a RandomCrop, He et al. 2015 (arXiv 1512.03385).
    """

    type: Literal["Pad"] = "Pad"
    pad: NonNegativePair

    def out_shape(self, shape: Shape) -> Shape:
        """Larger by twice the padding."""
        channels, height, width = super().out_shape(shape)
        return channels, height + 2 * self.pad[0], width + 2 * self.pad[1]

    def bind(self, shape: Shape, batch_size: int, dtype: np.dtype, key: int) -> Apply:
        """Copies into the middle of zeros."""
        (top, left), (_, height, width) = self.pad, shape

        def apply(x: np.ndarray, out: np.ndarray, _samples: Samples) -> None:
            out.fill(0)
            out[:, :, top : top + height, left : left + width] = x

        return apply


class RandomCropTransformer(ImageTransformer):
    """Cut out ``crop_size: [height, width]`` at a uniformly random place.

    Source:
        Krizhevsky et al. 2012; Caffe ``crop_size`` in training, PyTorch ``RandomCrop``.
    """

    type: Literal["RandomCrop"] = "RandomCrop"
    crop_size: PositivePair

    def out_shape(self, shape: Shape) -> Shape:
        """The size of the crop."""
        channels, height, width = super().out_shape(shape)
        if self.crop_size[0] > height or self.crop_size[1] > width:
            raise ShapeError(
                f"crop_size {shape_text(self.crop_size)} is larger than the image, "
                f"{shape_text(shape[1:])}\n  put a Pad before it, or crop less"
            )
        return channels, *self.crop_size

    def bind(self, shape: Shape, batch_size: int, dtype: np.dtype, key: int) -> Apply:
        """Copies one window of each image."""
        height, width = self.crop_size
        places = np.array([[shape[1] - height + 1], [shape[2] - width + 1]])

        def apply(x: np.ndarray, out: np.ndarray, samples: Samples) -> None:
            drawn = uniforms(key, samples.rows, samples.epochs)[:2] * places
            for n, (top, left) in enumerate(drawn.T.astype(int).tolist()):
                out[n] = x[n, :, top : top + height, left : left + width]

        return apply


class RandomMirrorTransformer(ImageTransformer):
    """Mirror left to right with ``probability`` (default 0.5).

    Source:
        Krizhevsky et al. 2012; Caffe ``mirror``, PyTorch ``RandomHorizontalFlip``.
    """

    type: Literal["RandomMirror"] = "RandomMirror"
    probability: Annotated[float, Field(ge=0, le=1)] = 0.5

    def bind(self, shape: Shape, batch_size: int, dtype: np.dtype, key: int) -> Apply:
        """Copies each image, or its mirror image."""

        def apply(x: np.ndarray, out: np.ndarray, samples: Samples) -> None:
            drawn = uniforms(key, samples.rows, samples.epochs)[0] < self.probability
            for n, mirrored in enumerate(drawn.tolist()):
                out[n] = x[n, :, :, ::-1] if mirrored else x[n]

        return apply


class RandomShiftTransformer(ImageTransformer):
    """Move by up to ``shift: [height, width]`` pixels in each direction; zeros come in.

    Source:
        Keras ``RandomTranslation`` with whole pixels.
    """

    type: Literal["RandomShift"] = "RandomShift"
    shift: NonNegativePair

    def out_shape(self, shape: Shape) -> Shape:
        """The same; the shift leaves something of the image."""
        _, height, width = super().out_shape(shape)
        if self.shift[0] >= height or self.shift[1] >= width:
            raise ShapeError(
                f"shift {shape_text(self.shift)} can move an image of {shape_text(shape[1:])} "
                "out of sight"
            )
        return shape

    def bind(self, shape: Shape, batch_size: int, dtype: np.dtype, key: int) -> Apply:
        """Copies what stays in sight of each image."""
        reach = np.array(self.shift)[:, None]
        _, height, width = shape

        def apply(x: np.ndarray, out: np.ndarray, samples: Samples) -> None:
            drawn = uniforms(key, samples.rows, samples.epochs)[:2] * (2 * reach + 1)
            out.fill(0)
            for n, (down, right) in enumerate((drawn.astype(int) - reach).T.tolist()):
                out[n, :, max(down, 0) : height + down, max(right, 0) : width + right] = x[
                    n, :, max(-down, 0) : height - down, max(-right, 0) : width - right
                ]

        return apply


class RandomRotationTransformer(ImageTransformer):
    """Turn about the centre by up to ``degrees`` either way; bilinear, zeros beyond the border.

    Source:
        Keras ``RandomRotation``; PyTorch ``RandomRotation`` with bilinear interpolation.
    """

    type: Literal["RandomRotation"] = "RandomRotation"
    degrees: Annotated[float, Field(ge=0, le=180)]

    def bind(self, shape: Shape, batch_size: int, dtype: np.dtype, key: int) -> Apply:
        """Samples each image along turned axes."""
        block = max(1, min(batch_size, _BLOCK_PIXELS // (shape[1] * shape[2])))
        turn = _Rotation(shape, block, dtype)
        limit = np.deg2rad(self.degrees)

        def apply(x: np.ndarray, out: np.ndarray, samples: Samples) -> None:
            angles = (2 * uniforms(key, samples.rows, samples.epochs)[0] - 1) * limit
            for start in range(0, len(x), block):
                part = slice(start, start + block)
                turn(x[part], out[part], angles[part])

        return apply


class _Rotation:
    """Turns a few images at a time, each by its own angle.

    An image is copied into a border of zeros one pixel wide, and places outside are clipped to that
    border, so that they read zeros. A pixel of the result is interpolated between four others:

        a ───x─── b        y, x: fractions of a pixel from a
        │    y    │        top = a + x (b − a),  bottom = c + x (d − c)
        c ─────── d        result = top + y (bottom − top)
    """

    def __init__(self, shape: Shape, n: int, dtype: np.dtype) -> None:
        self.shape = channels, height, width = shape
        self.bordered = np.zeros((n, channels, height + 2, width + 2), dtype)
        down, right = np.indices((height, width)).reshape(2, -1).astype(dtype)
        self.down, self.right = down - (height - 1) / 2, right - (width - 1) / 2  # from the centre
        self.y, self.x, *self.corners = np.empty((6, n, height * width), dtype)
        self.place, self.column = np.empty((2, n, height * width), np.intp)
        self.first = np.arange(n)[:, None] * self.bordered[0].size

    def __call__(self, images: np.ndarray, out: np.ndarray, angles: np.ndarray) -> None:
        n, (channels, height, width) = len(images), self.shape
        self.bordered[:n, :, 1:-1, 1:-1] = images
        y, x, place, column = self.y[:n], self.x[:n], self.place[:n], self.column[:n]
        a, b, c, d = (corner[:n] for corner in self.corners)
        cos, sin = np.cos(angles)[:, None].astype(y.dtype), np.sin(angles)[:, None].astype(y.dtype)
        # each pixel of the result lies at (y, x) of the bordered image …
        np.multiply(cos, self.down, out=y)
        np.multiply(sin, self.right, out=a)
        y += a
        np.multiply(cos, self.right, out=x)
        np.multiply(sin, self.down, out=a)
        x -= a
        # … in the square of pixels that begins at (place), at the fractions (y, x) of it
        _split(y, height, a, place)
        _split(x, width, a, column)
        place *= width + 2
        place += column
        place += self.first[:n]
        flat, size = self.bordered.reshape(-1), (height + 2) * (width + 2)
        for channel in range(channels):
            for corner, offset in ((a, 0), (b, 1), (c, width + 2), (d, width + 3)):
                np.take(flat[channel * size + offset :], place, out=corner, mode="clip")
            for left, right, fraction in ((a, b, x), (c, d, x), (a, c, y)):
                right -= left  # noqa: PLW2901 - in place, as all of this
                right *= fraction  # noqa: PLW2901
                left += right  # noqa: PLW2901
            out[:, channel] = a.reshape(n, height, width)


def _split(place: np.ndarray, size: int, whole: np.ndarray, index: np.ndarray) -> None:
    """Places from the centre of an axis as whole pixels of the bordered image and fractions."""
    place += (size - 1) / 2 + 1
    np.clip(place, 0, size + 1, out=place)
    np.floor(place, out=whole)
    np.minimum(whole, size, out=whole)
    place -= whole
    np.copyto(index, whole, casting="unsafe")
