"""Unpool: numbers back to where a max pooling has found its maxima."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import in_turn
from graphnet.blob import Shape, shape_text
from graphnet.declare.fields import PositivePair
from graphnet.errors import BatchError, ShapeError
from graphnet.layers.base import (
    Arity,
    Layer,
    LayerSpec,
    Reads,
    ScratchDecls,
    Shapes,
    exactly,
)
from graphnet.layers.channelwise.channels import check_images
from graphnet.layers.losses.labels import (
    IndexRange,
    counted_from_0,
    memory,
    number_text,
    place_text,
)


class Unpool(LayerSpec):
    """Put each element where the mask says, within its channel; all other places are 0.

    The places of a channel should differ, as those of windows that do not overlap do: of several
    elements for one place one is there, and each takes the gradient of the place.

    Bottoms:
        0: ``(N, C, H', W')``.
        1: the same shape: for each element row · W + column, as a PoolingMask gives it.
    Tops:
        0: ``(N, C, *size)``.
    Args:
        size: ``[H, W]`` of the top, that of what was pooled.
    Example:
        - {name: pool1, type: Pooling, kernel: 2, stride: 2, bottoms: [conv1], tops: [pool1]}
        - {name: mask1, type: PoolingMask, kernel: 2, stride: 2, bottoms: [conv1], tops: [mask1]}
        - {name: back1, type: Unpool, size: [12, 12], bottoms: [pool1, mask1], tops: [back1]}
    Source:
        Zeiler & Fergus 2013, arXiv 1311.2901; ``Upsample`` of SegNet's fork of Caffe.
    """

    n_bottoms: ClassVar[Arity] = exactly(2)

    type: Literal["Unpool"] = "Unpool"
    size: PositivePair

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        x, mask = bottoms
        check_images(x)
        if mask != x:
            raise ShapeError(
                f"a mask of shape {shape_text(mask)} does not fit a bottom of shape {shape_text(x)}"
                "\n  expected a place for each element"
            )
        return [(*x[:2], *self.size)]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x, _) = bottoms
        return {
            "place": ScratchDecl(x, "int64", lifetime="pass" if backward else "call", blob=True),
            "whole": ScratchDecl(x, blob=True),
            "fits": ScratchDecl(x, "bool", blob=True),
        }

    def n_indices(self, bottoms: Shapes) -> int:
        return self.size[0] * self.size[1]

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return (0,)

    def backward_reads(self) -> Reads:
        return Reads()


class UnpoolLayer(Layer[Unpool]):
    """Runs :class:`Unpool`."""

    def setup(self) -> None:
        (x, mask), (y,) = self.bottoms, self.tops
        n_places = self.spec.size[0] * self.spec.size[1]
        # where the channels of each sample begin in the top's memory, and the next place of one
        strides = [s // y.data.itemsize for s in y.data.strides]
        n, channels = x.shape[:2]
        starts = np.arange(n)[:, None] * strides[0] + np.arange(channels) * strides[1]
        self.starts = self.backend.empty_blob((n, channels, 1, 1), np.dtype("int64"))
        self.backend.upload(starts[:, :, None, None], self.starts)
        self.step = strides[3]
        self.flat_place, self.flat_y = memory(self.scratch["place"]), memory(y.data)
        self.flat_x = memory(x.data)
        self.flat_diffs: Any = None
        if x.diff is not None:
            self.flat_diffs = memory(y.diff), memory(x.diff)
        whole, fits = self.scratch["whole"], self.scratch["fits"]
        expectation = self.backend.expectation(fits, mask.data, self.refuse)
        self.expectations.append(expectation)
        fit = IndexRange(self.backend, n_places, self.dtype).fit(mask.data, whole, fits)
        self.read = in_turn([*fit, expectation.look])

    def forward(self) -> None:
        xp, place = self.xp, self.scratch["place"]
        self.read()
        xp.copyto(place, self.scratch["whole"], casting="unsafe")
        xp.multiply(place, self.step, out=place)
        xp.add(place, self.starts, out=place)
        self.flat_y.fill(0)
        self.backend.scatter(self.flat_y, self.flat_place, self.flat_x)

    def backward(self) -> None:
        if self.flat_diffs is not None:
            dy, dx = self.flat_diffs
            self.backend.gather(dy, self.flat_place, dx)

    def refuse(self, at: tuple[int, ...], value: float, ago: int) -> None:
        """Report a number that is no place."""
        height, width = self.spec.size
        raise BatchError(
            f"the mask holds {number_text(value)} in {place_text(at)} of the batch, which is no"
            f" place of {height}×{width}\n  {counted_from_0('places', height * width)}",
            1,
            at,
            value,
            ago,
        )
