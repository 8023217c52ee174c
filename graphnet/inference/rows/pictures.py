"""Rows that are pictures: brought to the size, the channels and the scale of the net's data."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from graphnet.blob import PICTURE_AXES, shape_text
from graphnet.data.file_kind import PICTURES
from graphnet.data.pictures.reader import Fit, PictureOptions, PictureReader
from graphnet.data.recipe.pictures import PictureRecipe
from graphnet.errors import DataError
from graphnet.inference.fed import FedBlob
from graphnet.inference.rows.block import Place, RowBlock

_CHANNELS = (1, 3)


class PictureRows:
    """Pictures, a row each.

    If the net's data were packed from pictures, these are read alike; otherwise they get the shape
    of its rows. Where the net has learned from numbers up to 1, white becomes 1.

    Args:
        paths: Of the pictures, in order.
        blob: What is fed.
        names: How messages call each.
        fit: How pictures of another size are brought to that of the net; None: as when the net's
            data were packed, else each side by itself.
        background: The colour behind transparent pixels. None: as then, else they are refused.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        blob: FedBlob,
        names: Sequence[str],
        *,
        fit: Fit | None = None,
        background: str | None = None,
    ) -> None:
        self.n_rows: int | None = len(paths)
        self._paths, self._blob, self._names = paths, blob, names
        self._recipe = blob.recipe if isinstance(blob.recipe, PictureRecipe) else None
        shape = self._recipe.shape if self._recipe is not None else blob.shape
        if shape is None or len(shape) != PICTURE_AXES or shape[0] not in _CHANNELS:
            known = "nobody knows what" if shape is None else f"{shape_text(shape)} is what"
            raise DataError(
                f"{names[0]}: pictures are fed to '{blob.name}', but {known} a row of it is\n"
                "  expected rows of (channels, height, width), with 1 or 3 channels"
            )
        self.shape = shape
        given = self._recipe.options if self._recipe is not None else PictureOptions()
        self._options = replace(
            given,
            size=None,
            grey=shape[0] == 1,
            background=background or given.background,
            fit=fit or given.fit,
        )
        self._as_is = PictureReader(self._options)
        self._resizing = PictureReader(replace(self._options, size=(shape[1], shape[2])))
        self._n_resized, self._is_scaled = 0, False

    @property
    def notes(self) -> list[str]:
        """What was done to them, once that is known."""
        notes = []
        if self._n_resized:
            n, size = self._n_resized, shape_text(self.shape[1:])
            how = {"stretch": "stretched", "letter-box": "letter-boxed", "crop": "cropped"}
            notes.append(
                f"{n:,} picture{'s were' if n > 1 else ' was'} brought to {size}:"
                f" {how[self._options.fit]}"
            )
        if self._is_scaled:
            notes.append("the net has learned from numbers up to 1: white is 1")
        return notes

    def blocks(self, size: int) -> Iterator[RowBlock]:
        """All pictures in order."""
        for first in range(0, len(self._paths), size):
            part = slice(first, first + size)
            rows = [
                self.read(p, n) for p, n in zip(self._paths[part], self._names[part], strict=True)
            ]
            places = [Place(name, name) for name in self._names[part]]
            yield RowBlock({self._blob.name: np.stack(rows)}, places)

    def read(self, path: Path, name: str) -> np.ndarray:
        """One picture as a row of the blob."""
        found = self._as_is.read(path)
        if found.shape != self.shape:
            self._n_resized += 1
            found = self._resizing.read(path)
        if self._recipe is not None:
            self._recipe.check(found, name)
            return found
        return self._scaled(found, name)

    def _scaled(self, values: np.ndarray, name: str) -> np.ndarray:
        """The values on the scale of the net's data."""
        dtype, highest = self._blob.dtype, self._blob.highest
        if dtype is None or values.dtype == dtype:
            return values
        if dtype.kind == "f" and values.dtype.kind in "ui" and highest is not None:
            if highest <= 1:
                self._is_scaled = True
                return values.astype(np.float32) / np.iinfo(values.dtype).max
            if values.dtype == np.uint8:
                return values
        raise DataError(
            f"{name} has numbers of type {values.dtype}\n  expected {dtype} as in the data that the"
            " net has learned from: they would not be on one scale"
        )


def pictures_in(folder: Path) -> list[Path]:
    """All pictures in a folder and those below it, by their paths; hidden ones are left out.

    Raises:
        DataError: If there is none.
    """
    found = []
    for place, inner, names in os.walk(folder):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        found += [
            Path(place) / name
            for name in names
            if Path(name).suffix.lower() in PICTURES and not name.startswith(".")
        ]
    if not found:
        raise DataError(
            f"{folder} holds no pictures\n  expected {', '.join(sorted(PICTURES))}, in it or below"
        )
    return sorted(found)
