"""Pictures that can be packed: their files and labels, whatever says which they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from graphnet.blob import shape_text
from graphnet.data.pictures.reader import PictureOptions, PictureReader
from graphnet.data.recipe.pictures import PictureRecipe
from graphnet.data.tools.packable import DataSets
from graphnet.errors import DataError


class PictureFiles:
    """Pictures in files: ``data`` ``(C, H, W)``, and ``label`` where there are labels.

    All must have one type, and one size unless they are brought to it.

    Attributes:
        left_out: What was left out, and how many of it.

    Args:
        files: Of the pictures.
        labels: Of each; empty where there are none.
        classes: What the labels stand for; empty where they are numbers to begin with.
        options: How they are read.
        left_out: What was left out, and how many of it.
    """

    column_table: Sequence[Sequence[str]] = ()

    def __init__(
        self,
        files: Sequence[Path],
        labels: np.ndarray,
        classes: Sequence[str],
        options: PictureOptions,
        left_out: Counter[str],
    ) -> None:
        self.reader = PictureReader(options)
        self.files, self.labels, self.classes, self.left_out = files, labels, classes, left_out
        self.n_rows = len(files)
        dtype = self._common_dtype()
        shape = self.reader.read(files[0]).shape
        sets: dict[str, tuple[np.dtype, tuple[int, ...]]] = {"data": (dtype, shape)}
        if labels.size:
            sets["label"] = (labels.dtype, labels.shape[1:])
        self.data_sets: DataSets = sets
        self.recipe = PictureRecipe(
            shape=shape,
            dtype=dtype.name,
            resized=options.size is not None,
            fit=options.fit,
            background=options.background,
        )
        self.notes: Sequence[tuple[str, str]] = self._notes()

    def fit(self, numbers: np.ndarray) -> None:
        """Nothing: pictures are as they are."""

    def rows(self, numbers: np.ndarray) -> dict[str, np.ndarray]:
        """These pictures and their labels."""
        dtype, shape = self.data_sets["data"]
        out = np.empty((len(numbers), *shape), dtype)
        for picture, number in zip(out, numbers, strict=True):
            found = self.reader.read(self.files[number])
            if found.shape != picture.shape:
                raise DataError(
                    f"{self.files[number]} is {shape_text(found.shape)}, while {self.files[0]} is "
                    f"{shape_text(picture.shape)}\n  bring them to one size: --size HEIGHTxWIDTH,"
                    " and in their proportions: --fit letter-box or crop"
                )
            picture[:] = found
        return {"data": out} | ({"label": self.labels[numbers]} if self.labels.size else {})

    def where(self, number: int) -> str:
        """The picture's file."""
        return str(self.files[number])

    def _common_dtype(self) -> np.dtype:
        """The type that all pictures have."""
        first, self._all_grey = self.reader.kind(self.files[0])
        for path in self.files[1:]:
            found, is_grey = self.reader.kind(path)
            self._all_grey &= is_grey
            if found != first:
                raise DataError(
                    f"{path} has numbers of type {found}, while {self.files[0]} has {first}\n"
                    "  they would not be on one scale: store them alike"
                )
        return first

    def _notes(self) -> list[tuple[str, str]]:
        dtype, shape = self.data_sets["data"]
        colours = "grey" if shape[0] == 1 else "red, green, blue"
        if dtype != np.uint8 and shape[0] > 1:
            colours = "grey in each of three channels; --grey: in one"
        notes = [("data", f"{shape_text(shape)} {dtype}: {colours}")]
        notes += [("left out", f"{n:,} {what}") for what, n in self.left_out.items() if n]
        if len(self.classes) == 1:
            notes.append(("note", "there is one class: every label is 0"))
        if shape[0] > 1 and dtype == np.uint8 and self._all_grey:
            notes.append(
                ("note", "all pictures are grey: --grey stores one channel instead of three")
            )
        return notes
