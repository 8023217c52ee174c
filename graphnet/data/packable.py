"""What can be packed into HDF5 files: pictures in folders by class, tables of text, arrays.

Each gives rows on demand, so that what does not fit in memory can be packed as well.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.data import idx, npy
from graphnet.errors import DataError, did_you_mean
from graphnet.installation import pip_install

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm"})
_CHANNELS, _GREY = 3, 1

#: The type and the shape of a row, by data set.
Columns: TypeAlias = Mapping[str, tuple[np.dtype, Shape]]


class Packable(Protocol):
    """Samples that can be asked for by number.

    Attributes:
        columns: The type and the shape of a row of each data set.
        n_rows: How many samples there are.
        labels: The column ``label``; nothing if there is none.
        classes: What the labels stand for, in order; empty if they are numbers anyway.
    """

    columns: Columns
    n_rows: int
    labels: np.ndarray
    classes: Sequence[str]

    def rows(self, numbers: np.ndarray) -> dict[str, np.ndarray]:
        """Some samples, in the order asked for.

        Raises:
            DataError: If one cannot be read.
        """

    def where(self, number: int) -> str:
        """The place of a sample, for messages."""


class ArrayFiles:
    """Arrays of NumPy (``.npy``) or IDX files, one for each data set.

    Args:
        files: By data set.

    Raises:
        DataError: If one cannot be read, or they have unequal numbers of rows.
    """

    classes: Sequence[str] = ()

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.files = files
        self.arrays = {name: _array(path) for name, path in files.items()}
        for name, array in self.arrays.items():
            if array.dtype.kind not in "biuf" or not array.ndim or not array.size:
                raise DataError(
                    f"{files[name]} holds an array of {array.dtype}, {shape_text(array.shape)}\n"
                    "  expected numbers, the first axis counting samples"
                )
        if len({len(array) for array in self.arrays.values()}) > 1:
            counts = "\n  ".join(f"{files[n]} has {len(a)}" for n, a in self.arrays.items())
            raise DataError(f"the arrays have unequal numbers of rows:\n  {counts}")
        self.n_rows = len(next(iter(self.arrays.values())))
        self.labels = self.arrays.get("label", np.empty(0))
        self.columns: Columns = {
            name: (a.dtype.newbyteorder("="), tuple(map(int, a.shape[1:])))
            for name, a in self.arrays.items()
        }

    def rows(self, numbers: np.ndarray) -> dict[str, np.ndarray]:
        """Some samples."""
        return {name: array[numbers] for name, array in self.arrays.items()}

    def where(self, number: int) -> str:
        """The files, and the row in each."""
        return f"{', '.join(map(str, self.files.values()))}, row {number}"


def _array(path: Path) -> np.ndarray:
    return npy.read(path) if path.suffix == ".npy" else idx.read(path)


class CsvTable:
    """A table of numbers as text, separated by commas, perhaps with a line of headings.

    ``data`` is all columns but one, as float32; ``label`` is that one: numbers as they are, or
    words, numbered in alphabetical order.

    Args:
        path: Of the file.
        label: The heading or the number (from 0, or negative from the end) of the label's
            column. None: the one headed ``label``, else the last.

    Raises:
        DataError: If it cannot be read, with the line.
    """

    def __init__(self, path: Path, label: str | None = None) -> None:
        self.path = path
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.reader(file)
                lines = [(reader.line_num, row) for row in reader if any(map(str.strip, row))]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            reason = getattr(error, "strerror", "") or error
            raise DataError(f"cannot read {path}: {reason}") from error
        headings = [cell.strip() for cell in lines[0][1]] if lines else []
        if headings and not any(map(_is_number, headings)):
            lines = lines[1:]
        else:
            headings = [""] * len(headings)
        if not lines:
            raise DataError(f"{path} has no rows\n  expected numbers separated by commas")
        for number, row in lines:
            if len(row) != len(headings):
                raise DataError(f"{path}:{number}: {len(row)} values, expected {len(headings)}")
        at = _label_column(path, headings, label)
        data = np.empty((len(lines), len(headings) - 1), np.float32)
        for out, (number, row) in zip(data, lines, strict=True):
            out[:] = [_number(path, number, cell) for i, cell in enumerate(row) if i != at]
        words = [row[at].strip() for _, row in lines]
        self.classes: Sequence[str] = () if all(map(_is_number, words)) else sorted(set(words))
        if self.classes:
            order = {word: i for i, word in enumerate(self.classes)}
            self.labels = np.array([order[word] for word in words], np.int32)
        else:
            values = np.array([float(word) for word in words])
            is_whole = np.isfinite(values).all() and (values == np.rint(values)).all()
            self.labels = values.astype(np.int32 if is_whole else np.float32)
        self.arrays = {"data": data, "label": self.labels}
        self.n_rows, self.numbers = len(lines), [number for number, _ in lines]
        self.columns: Columns = {name: (a.dtype, a.shape[1:]) for name, a in self.arrays.items()}

    def rows(self, numbers: np.ndarray) -> dict[str, np.ndarray]:
        """Some samples."""
        return {name: array[numbers] for name, array in self.arrays.items()}

    def where(self, number: int) -> str:
        """The line."""
        return f"{self.path}:{self.numbers[number]}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(path: Path, line: int, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DataError(
            f"{path}:{line}: {text.strip()!r} is not a number\n"
            "  only the label's column may hold words: name it with --label"
        ) from None


def _label_column(path: Path, headings: Sequence[str], label: str | None) -> int:
    n = len(headings)
    if label is None:
        at = headings.index("label") if "label" in headings else n - 1
    elif label in headings:
        at = headings.index(label)
    else:
        try:
            at = int(label)
        except ValueError:
            named = [h for h in headings if h]
            raise DataError(
                f"{path} has no column '{label}'{did_you_mean(label, named)}\n"
                f"  it has: {', '.join(named) or f'{n} columns without headings'}"
            ) from None
        at = at + n if at < 0 else at
    if not 0 <= at < n or n < 2:  # noqa: PLR2004 - one for the data
        raise DataError(f"{path} has {n} columns\n  expected the label's and at least one more")
    return at


@dataclass(frozen=True)
class PictureOptions:
    """How pictures are read.

    Attributes:
        size: ``(height, width)`` they are brought to; None: they all have one size.
        grey: One channel instead of red, green and blue.
    """

    size: tuple[int, int] | None = None
    grey: bool = False


class PictureFolder:
    """Pictures in one folder for each class: ``data`` ``(C, H, W)`` uint8, ``label``.

    Classes are numbered in alphabetical order of their folders. Pillow reads the pictures.

    Args:
        folder: That holds the classes' folders.
        options: How the pictures are read.

    Raises:
        DataError: If there are no pictures, one cannot be read, or Pillow is not there.
    """

    def __init__(self, folder: Path, options: PictureOptions) -> None:
        self.options = options
        self.image = _pillow()
        by_class = {
            sub.name: sorted(p for p in sub.rglob("*") if p.suffix.lower() in PICTURES)
            for sub in sorted(folder.iterdir())
            if sub.is_dir()
        }
        self.classes: Sequence[str] = [name for name, files in by_class.items() if files]
        if not self.classes:
            raise DataError(
                f"{folder} holds no folders with pictures\n"
                f"  expected one folder for each class, with {', '.join(sorted(PICTURES))}"
            )
        self.files = [path for name in self.classes for path in by_class[name]]
        self.labels = np.repeat(
            np.arange(len(self.classes), dtype=np.int32), [len(by_class[n]) for n in self.classes]
        )
        self.n_rows = len(self.files)
        shape = self._read(self.files[0]).shape
        self.columns: Columns = {"data": (np.dtype("u1"), shape), "label": (np.dtype("i4"), ())}

    def rows(self, numbers: np.ndarray) -> dict[str, np.ndarray]:
        """Some pictures."""
        out = np.empty((len(numbers), *self.columns["data"][1]), np.uint8)
        for picture, number in zip(out, numbers, strict=True):
            found = self._read(self.files[number])
            if found.shape != picture.shape:
                raise DataError(
                    f"{self.files[number]} is {shape_text(found.shape)}, while {self.files[0]} is "
                    f"{shape_text(picture.shape)}\n  bring them to one size: --size HEIGHTxWIDTH"
                )
            picture[:] = found
        return {"data": out, "label": self.labels[numbers]}

    def where(self, number: int) -> str:
        """The picture's file."""
        return str(self.files[number])

    def _read(self, path: Path) -> np.ndarray:
        try:
            with self.image.open(path) as opened:
                picture = opened.convert("L" if self.options.grey else "RGB")
                if self.options.size is not None:
                    picture = picture.resize(self.options.size[::-1])
                values = np.asarray(picture, np.uint8)
        except Exception as error:  # a damaged picture makes Pillow raise nearly anything
            raise DataError(f"cannot read the picture {path}: {error}") from error
        channels = _GREY if self.options.grey else _CHANNELS
        return values.reshape(*values.shape[:2], channels).transpose(2, 0, 1)


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise DataError(
            "pictures are read by Pillow, which is not installed\n"
            f"  install it: {pip_install('images')}"
        ) from error
    return Image
