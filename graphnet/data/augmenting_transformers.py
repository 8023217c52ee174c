"""Transformers of images beyond moves: other sizes, random parts, colours, gaps, normalisation.

What a random one does to a sample is a function of (seed, epoch, row), as in
``image_transformers``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

import numpy as np
from pydantic import Field, model_validator

from graphnet.blob import Shape, shape_text
from graphnet.data.hdf5.reader import read_array
from graphnet.data.image_transformers import ImageTransformer
from graphnet.data.transformer import Apply, Samples, Transformer
from graphnet.declare.fields import PositiveFloat, PositivePair
from graphnet.errors import DataError, ShapeError
from graphnet.files.paths import user_path
from graphnet.random.philox import uniforms

#: A range of positive numbers, the smaller one first.
Range: TypeAlias = tuple[PositiveFloat, PositiveFloat]
#: How far a factor may be from 1.
Spread: TypeAlias = Annotated[float, Field(ge=0, le=1)]

_GREY = np.array([0.299, 0.587, 0.114])  # of red, green and blue (ITU-R BT.601)


def _in_order(name: str, given: Range) -> None:
    if given[0] > given[1]:
        raise ValueError(f"'{name}' is [{given[0]:g}, {given[1]:g}]\n  expected the smaller first")


class NormalizeTransformer(Transformer):
    """``(x − mean) / deviation``, with one number of each, or one for each channel.

    Args:
        mean: A number, or ``[C]`` of them for ``(C, …)``.
        deviation: A number more than 0, or ``[C]`` of them.
        statistics_file: Instead of both: an HDF5 file with data sets ``mean`` and ``deviation``,
            ``[C]`` each, as ``graphnet data statistics`` writes it.

    Source:
        PyTorch ``Normalize``; Keras ``Normalization``.
    """

    type: Literal["Normalize"] = "Normalize"
    mean: float | tuple[float, ...] | None = None
    deviation: PositiveFloat | tuple[PositiveFloat, ...] | None = None
    statistics_file: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = (self.mean is not None, self.deviation is not None)
        if given != (self.statistics_file is None,) * 2:
            raise ValueError(
                "Normalize needs 'mean' and 'deviation', or else a 'statistics_file', such as"
                " 'graphnet data statistics' writes"
            )
        return self

    def relative_to(self, folder: Path) -> Self:
        """``statistics_file`` taken from ``folder``."""
        if self.statistics_file is None:
            return self
        path = folder.absolute() / user_path(self.statistics_file)
        return self.model_copy(update={"statistics_file": str(path)})

    def fitted(self) -> np.ndarray | None:
        """The means and the deviations in the file, ``(2, C)``."""
        if self.statistics_file is None:
            return None
        path = Path(self.statistics_file)
        mean, deviation = (np.atleast_1d(read_array(path, n)) for n in ("mean", "deviation"))
        if mean.ndim != 1 or mean.shape != deviation.shape:
            raise DataError(
                f"{path}: 'mean' is {shape_text(mean.shape)} and 'deviation'"
                f" {shape_text(deviation.shape)}\n  expected one number for each channel"
            )
        found = np.array([mean, deviation], np.float64)
        if not (np.isfinite(found).all() and (found[1] > 0).all()):
            raise DataError(f"{path}: expected finite means, and deviations above 0")
        return found

    def with_fitted(self, values: np.ndarray) -> Self:
        """It has these means and deviations."""
        mean, deviation = (tuple(v) if len(v) > 1 else v[0] for v in values.tolist())
        return self.model_copy(
            update={"mean": mean, "deviation": deviation, "statistics_file": None}
        )

    def out_shape(self, shape: Shape) -> Shape:
        """The same."""
        for name, given in (("mean", self.mean), ("deviation", self.deviation)):
            n = len(given) if isinstance(given, tuple) else None
            if n is not None and (not shape or n != shape[0]):
                raise ShapeError(
                    f"'{name}' has {n} numbers, but a sample is {shape_text(shape)}"
                    "\n  expected one number, or one for each channel"
                )
        return shape

    def _beside(self, given: Any, n_axes: int, dtype: np.dtype) -> np.ndarray:
        """As an array that broadcasts against samples."""
        array = np.array(given, dtype)
        return array.reshape(-1, *(1,) * (n_axes - 1)) if array.ndim else array

    def undone(self, values: np.ndarray) -> np.ndarray | None:
        """Times the deviation, plus the mean, where they stand in the YAML."""
        if self.statistics_file is not None:
            return None
        mean, deviation = (
            self._beside(v, values.ndim - 1, values.dtype) for v in (self.mean, self.deviation)
        )
        found: np.ndarray = values * deviation + mean
        return found

    def bind(self, shape: Shape, batch_size: int, dtype: np.dtype, key: int) -> Apply:
        """Subtracts and divides."""
        values = self.fitted()
        if values is not None:
            known = self.with_fitted(values)
            try:
                known.out_shape(shape)
            except ShapeError as error:
                raise ShapeError(f"{self.statistics_file}: {error}") from None
            return known.bind(shape, batch_size, dtype, key)
        mean, deviation = (self._beside(v, len(shape), dtype) for v in (self.mean, self.deviation))

        def apply(x: np.ndarray, out: np.ndarray, _samples: Samples) -> None:
            np.subtract(x, mean, out=out)
            np.divide(out, deviation, out=out)

        return apply


class ResizeTransformer(ImageTransformer):
    """Bring images to ``size: [height, width]``, bilinear between pixels' middles.

    Source:
        PyTorch ``Resize`` with bilinear interpolation, without its smoothing.
    """

    type: Literal["Resize"] = "Resize"
    size: PositivePair

    def out_shape(self, shape: Shape) -> Shape:
        """The channels, and the size."""
        return super().out_shape(shape)[0], *self.size

    def bind(self, shape: Shape, batch_size: int, dtype: np.dtype, key: int) -> Apply:
        """Stretches each image."""
        _, height, width = shape

        def apply(x: np.ndarray, out: np.ndarray, _samples: Samples) -> None:
            for n, image in enumerate(x):
                _stretch(image, (0, 0, height, width), out[n])

        return apply


class RandomResizedCropTransformer(ImageTransformer):
    """Cut out a random part and bring it to ``size: [height, width]``, bilinear.

    Its edges may lie between pixels; what would reach beyond the image is cut off.

    Args:
        size: ``[height, width]`` of the result.
        area: How much of the image it is, a range. Default [0.08, 1].
        ratio: Width by height, a range, even in logarithms. Default [0.75, 1.3333].

    Source:
        Szegedy et al. 2015, arXiv 1409.4842; PyTorch ``RandomResizedCrop``.
    """

    type: Literal["RandomResizedCrop"] = "RandomResizedCrop"
    size: PositivePair
    area: Range = (0.08, 1.0)
    ratio: Range = (3 / 4, 4 / 3)

    @model_validator(mode="after")
    def _check(self) -> Self:
        _in_order("area", self.area)
        _in_order("ratio", self.ratio)
        if self.area[1] > 1:
            raise ValueError(f"'area' reaches to {self.area[1]:g}\n  expected at most 1")
        return self

    def out_shape(self, shape: Shape) -> Shape:
        """The channels, and the size."""
        return super().out_shape(shape)[0], *self.size

    def bind(self, shape: Shape, batch_size: int, dtype: np.dtype, key: int) -> Apply:
        """Stretches a part of each image."""

        def apply(x: np.ndarray, out: np.ndarray, samples: Samples) -> None:
            drawn = uniforms(key, samples.rows, samples.epochs)
            boxes = random_boxes(drawn, shape, self.area, self.ratio)
            for n, box in enumerate(boxes.T.tolist()):
                _stretch(x[n], box, out[n])

        return apply


class RandomEraseTransformer(ImageTransformer):
    """Overwrite a random rectangle of each image with one number, with ``probability``.

    Args:
        probability: How many of the images, from 0 to 1. Default 0.5.
        area: How much of the image it is, a range. Default [0.02, 0.33].
        ratio: Width by height, a range, even in logarithms. Default [0.3, 3.3].
        value: What is written. Default 0.

    Source:
        Zhong et al. 2017, arXiv 1708.04896.
    """

    type: Literal["RandomErase"] = "RandomErase"
    probability: Annotated[float, Field(ge=0, le=1)] = 0.5
    area: Range = (0.02, 0.33)
    ratio: Range = (0.3, 3.3)
    value: float = 0.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        _in_order("area", self.area)
        _in_order("ratio", self.ratio)
        return self

    def bind(self, shape: Shape, batch_size: int, dtype: np.dtype, key: int) -> Apply:
        """Copies, and writes over a part."""

        def apply(x: np.ndarray, out: np.ndarray, samples: Samples) -> None:
            np.copyto(out, x)
            drawn = uniforms(key, samples.rows, samples.epochs)
            erased = drawn[0] < self.probability
            # of those below the probability the first number is even again, once divided by it
            drawn = np.vstack([drawn[:1] / max(self.probability, 1e-300), drawn[1:]])
            boxes = np.rint(random_boxes(np.minimum(drawn, 1), shape, self.area, self.ratio))
            for n, (top, left, height, width) in enumerate(boxes.T.astype(int).tolist()):
                if erased[n]:
                    out[n, :, top : top + height, left : left + width] = self.value

        return apply


class ColorJitterTransformer(ImageTransformer):
    """Change brightness, contrast and saturation at random, one after another.

    Each has a factor drawn from 1 − its number to 1 + its number: brightness multiplies, contrast
    stretches about the image's mean grey, saturation about the grey of each pixel. What leaves
    the range of the pixels is not cut off.

    Args:
        brightness: How far its factor is from 1 at most, from 0 to 1. Default 0.
        contrast: Likewise. Default 0.
        saturation: Likewise, of images with 3 channels, red, green and blue. Default 0.

    Source:
        PyTorch ``ColorJitter``, without its hue.
    """

    type: Literal["ColorJitter"] = "ColorJitter"
    brightness: Spread = 0.0
    contrast: Spread = 0.0
    saturation: Spread = 0.0

    def out_shape(self, shape: Shape) -> Shape:
        """The same."""
        channels, *_ = super().out_shape(shape)
        if self.saturation and channels != len(_GREY):
            raise ShapeError(
                f"saturation needs 3 channels, but a sample is {shape_text(shape)}"
                "\n  expected red, green and blue, or saturation: 0"
            )
        return shape

    def bind(self, shape: Shape, batch_size: int, dtype: np.dtype, key: int) -> Apply:
        """Three factors for each image."""
        spreads = np.array([[self.brightness], [self.contrast], [self.saturation]])
        weights = _GREY if shape[0] == len(_GREY) else np.full(shape[0], 1 / shape[0])
        weights = weights.astype(dtype)

        def apply(x: np.ndarray, out: np.ndarray, samples: Samples) -> None:
            drawn = uniforms(key, samples.rows, samples.epochs)[:3]
            factors = (1 + (2 * drawn - 1) * spreads).T.astype(dtype)
            for n, (brightness, contrast, saturation) in enumerate(factors):
                image = x[n] * brightness
                if self.contrast:
                    mean = (weights[:, None, None] * image).sum(0).mean()
                    image += (contrast - 1) * (image - mean)
                if self.saturation:
                    grey = (weights[:, None, None] * image).sum(0)
                    image += (saturation - 1) * (image - grey)
                out[n] = image

        return apply


def random_boxes(drawn: np.ndarray, shape: Shape, area: Range, ratio: Range) -> np.ndarray:
    """Rectangles within an image: ``(4, n)``, their tops, lefts, heights and widths.

    Args:
        drawn: ``(4, n)`` from 0 to 1: for area, ratio, top and left.
        shape: Of the image.
        area: As a part of the image's, from and to.
        ratio: Of width to height, from and to.
    """
    _, height, width = shape
    areas = (area[0] + (area[1] - area[0]) * drawn[0]) * height * width
    low, high = np.log(ratio)
    roots = np.exp((low + (high - low) * drawn[1]) / 2)
    tall = np.clip(np.sqrt(areas) / roots, 1, height)
    wide = np.clip(np.sqrt(areas) * roots, 1, width)
    return np.array([drawn[2] * (height - tall), drawn[3] * (width - wide), tall, wide])


def _stretch(image: np.ndarray, box: Any, out: np.ndarray) -> None:
    """A rectangle of an image ``(C, H, W)``, brought to the size of ``out``."""
    top, left, height, width = box
    first, second, down = _places(top, height, image.shape[1], out.shape[1], image.dtype)
    rows = image[:, first]
    rows += down[:, None] * (image[:, second] - rows)
    first, second, across = _places(left, width, image.shape[2], out.shape[2], image.dtype)
    left_of = rows[:, :, first]
    left_of += across * (rows[:, :, second] - left_of)
    out[...] = left_of


def _places(
    start: float, size: float, n: int, m: int, dtype: np.dtype
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where m pixels lie on ``size`` of n: the two around each, and how far it is to the second."""
    places = np.clip(start + (np.arange(m) + 0.5) * (size / m) - 0.5, 0, n - 1)
    first = places.astype(int)
    return first, np.minimum(first + 1, n - 1), (places - first).astype(dtype)
