"""The recipe of pictures: to what size, channels and type they were brought."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from graphnet.blob import shape_text
from graphnet.data.pictures.reader import Fit, PictureOptions
from graphnet.declare.fields import Model, PositiveInt
from graphnet.errors import DataError


class PictureRecipe(Model):
    """How pictures became the rows of ``data``.

    Args:
        shape: Of a row: ``(channels, height, width)``; 1 channel is grey, 3 are red, green, blue.
        dtype: Of ``data``: uint8 of 8 bits, uint16 of 16, or int32, uint32, float32.
        resized: Whether pictures of other sizes are brought to this one; else they are refused.
        fit: How.
        background: The colour behind transparent pixels, and beside pictures in a letter-box. None:
            transparent pixels are refused, and black is beside.
    """

    kind: Literal["pictures"] = "pictures"
    version: Literal[1] = 1
    shape: tuple[PositiveInt, PositiveInt, PositiveInt]
    dtype: Annotated[str, Field(pattern="^(uint8|uint16|int32|uint32|float32)$")] = "uint8"
    resized: bool = False
    fit: Fit = "stretch"
    background: str | None = None

    @property
    def options(self) -> PictureOptions:
        """What a :class:`PictureReader` needs to read new pictures alike."""
        size = self.shape[1:] if self.resized else None
        return PictureOptions(size, self.shape[0] == 1, self.background, self.fit)

    def check(self, picture: np.ndarray, where: str) -> None:
        """See that a picture, as the reader gives it, is like those the net has learned from.

        Raises:
            DataError: If its shape or type is another.
        """
        if picture.shape != self.shape:
            raise DataError(
                f"{where} is {shape_text(picture.shape)}\n  expected {shape_text(self.shape)}"
                " as the pictures that the net has learned from"
            )
        if picture.dtype != self.dtype:
            raise DataError(
                f"{where} has numbers of type {picture.dtype}\n  expected {self.dtype} as in the"
                " pictures that the net has learned from: they would not be on one scale"
            )
