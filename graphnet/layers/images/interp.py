"""Interp: images of another size, by bilinear interpolation."""

from __future__ import annotations

from functools import partial
from math import floor, prod
from typing import ClassVar, Literal

import numpy as np
from pydantic import model_validator

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call
from graphnet.blob import Array, Shape, reshaped, shape_text, storage
from graphnet.declare.fields import PositiveFloatPair, PositivePair
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import check_images


class Interp(LayerSpec):
    """Bring images to another size: each pixel is a mean of the four that lie around its place.

    Along each side of n pixels that becomes one of m, pixel j lies at j · (n − 1) / (m − 1): the
    corners stay where they are. With ``align_corners: false`` it lies at (j + 0.5) · n / m − 0.5,
    at most at the border: the edges of the images stay where they are.

    Bottoms:
        each: ``(N, C, H, W)``.
    Tops:
        each: ``(N, C, *size)``.
    Args:
        size: ``[height, width]`` of the top.
        scale: Instead of a size: how many times as large the top is, ``[height, width]``; sides
            are rounded down, and 0.5 makes images half as large.
        align_corners: Where the pixels lie. Default true.
    Example:
        - {name: large, type: Interp, size: [40, 60], bottoms: [score], tops: [score_large]}
        - {name: half, type: Interp, scale: 0.5, align_corners: false, bottoms: [data],
           tops: [half]}
    Source:
        Caffe ``Interp`` of DeepLab (Chen et al. 2016, arXiv 1606.00915) and PSPNet. PyTorch's
        ``interpolate`` with ``mode="bilinear"`` has ``align_corners: false`` by default.
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["Interp"] = "Interp"
    size: PositivePair | None = None
    scale: PositiveFloatPair | None = None
    align_corners: bool = True

    @model_validator(mode="after")
    def _check_size(self) -> Interp:
        if (self.size is None) == (self.scale is None):
            found = "neither 'size' nor 'scale'" if self.size is None else "'size' and 'scale'"
            raise ValueError(f"found {found}\n  expected one of them")
        return self

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        check_images(x)
        if self.size:
            return [(*x[:2], *self.size)]
        sides = [floor(n * scale) for n, scale in zip(x[2:], self.scale or (), strict=True)]
        if 0 in sides:
            raise ShapeError(f"scale {list(self.scale or ())} leaves nothing of {shape_text(x)}")
        return [(*x[:2], *sides)]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,), (y,) = bottoms, self.top_shapes(bottoms)
        return {"middle": ScratchDecl((x[0], x[1], y[2], x[3]), blob=True)}

    def macs(self, bottoms: Shapes) -> int:
        (x,), (y,) = bottoms, self.top_shapes(bottoms)
        return prod(x[:2]) * y[2] * (x[2] * x[3] + x[3] * y[3])

    def backward_reads(self) -> Reads:
        return Reads()


class InterpLayer(Layer[Interp]):
    """Runs :class:`Interp`: a matrix along the height, then one along the width."""

    def setup(self) -> None:
        (x,), (y,), middle = self.bottoms, self.tops, self.scratch["middle"]
        down, across = (
            self.backend.constant(weights(n, m, self.spec.align_corners), self.dtype)
            for n, m in zip(x.shape[2:], y.shape[2:], strict=True)
        )
        self.calls = [
            self.along(2, down, x.data, middle),
            self.along(3, across, middle, y.data),
        ]
        self.diff_calls: list[Call] = []
        if x.diff is not None:
            self.diff_calls = [
                self.along(3, across.T, y.diff, middle),
                self.along(2, down.T, middle, x.diff),
            ]

    def along(self, axis: int, matrix: Array, x: Array, y: Array) -> Call:
        """Bind y = matrix · x along an axis of blobs, in whichever order they are stored."""
        x, y = _around(x, axis), _around(y, axis)
        if x.shape[2] == 1:  # rows of their own: one product is faster than many small ones
            return partial(self.xp.matmul, x[..., 0], matrix.T, out=y[..., 0])
        return partial(self.xp.matmul, matrix, x, out=y)

    def forward(self) -> None:
        for call in self.calls:
            call()

    def backward(self) -> None:
        for call in self.diff_calls:
            call()


def _around(array: Array, axis: int) -> Array:
    """The view ``(before, n, after)`` of a blob as it is stored."""
    if not array.flags.c_contiguous:
        array, axis = storage(array), axis - 1
    before, n, after = prod(array.shape[:axis]), array.shape[axis], prod(array.shape[axis + 1 :])
    return reshaped(array, (before, n, after))


def weights(n: int, m: int, align_corners: bool) -> np.ndarray:
    """What each of n pixels counts for each of m: ``(m, n)``, rows that add up to 1."""
    if align_corners:
        places = np.minimum(np.arange(m) * ((n - 1) / max(m - 1, 1)), n - 1)
    else:
        places = np.clip((np.arange(m) + 0.5) * (n / m) - 0.5, 0, n - 1)
    first = np.minimum(places.astype(int), max(n - 2, 0))
    made = np.zeros((m, n))
    rows = np.arange(m)
    made[rows, first] = 1 - (places - first)
    made[rows, np.minimum(first + 1, n - 1)] += places - first
    return made
