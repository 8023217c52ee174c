"""The samples of Caffe's databases, and their conversion to HDF5."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.errors import DataError, SnapshotError
from graphnet.files.paths import shown
from graphnet.files.writing import Advice, output_file
from graphnet.interchange.caffe.lmdb_file import LMDBFile
from graphnet.interchange.caffe.wire_format import Numbers, parse_wire

_BLOCK = 256  # samples that are written together


def read_datum(value: memoryview, where: str, *, color: bool = False) -> tuple[np.ndarray, int]:
    """A sample ``(C, H, W)``, of bytes or float32, and its label.

    Args:
        value: The message.
        where: For errors.
        color: Whether an encoded picture is to have three channels.

    Raises:
        DataError: If it is damaged, or a picture whose decoder is not installed.
    """
    try:
        datum = parse_wire(value, where, "Datum")
    except SnapshotError as error:
        raise DataError(str(error)) from None
    label = int(datum["label"] or 0)
    content = datum["data"] or b""
    if datum["encoded"]:
        return _decoded(content, where, color=color), label
    shape: Shape = tuple(int(datum[name] or 0) for name in ("channels", "height", "width"))
    numbers = datum["float_data"]
    if content or not isinstance(numbers, Numbers):
        array = np.frombuffer(content, np.uint8)
    else:
        array = numbers.array()
    if min(shape) < 0 or array.size != np.prod(shape, dtype=np.int64):
        raise DataError(
            f"{where} has the shape {shape_text(shape)} and {array.size:,} numbers"
            "\n  the file is damaged"
        )
    return array.reshape(shape), label


def _decoded(content: bytes, where: str, *, color: bool) -> np.ndarray:
    """A picture as it is stored, its colours in the order blue, green, red."""
    try:
        from PIL import Image
    except ImportError:
        raise DataError(
            f"{where} is an encoded picture, which Pillow reads"
            "\n  install it: pip install 'graphnet-engine[images]'"
        ) from None
    try:
        with Image.open(io.BytesIO(content)) as picture:
            grey = picture.mode in ("1", "L") and not color
            array = np.asarray(picture.convert("L" if grey else "RGB"))
    except Exception as error:  # Pillow raises almost anything for a damaged one
        raise DataError(f"{where}: is a picture that cannot be read: {error}") from error
    return array[None] if grey else array[:, :, ::-1].transpose(2, 0, 1)


def samples(path: Path, *, color: bool = False) -> Iterator[tuple[np.ndarray, int]]:
    """The samples of an LMDB, in its order.

    Raises:
        DataError: If it cannot be read.
    """
    for key, value in LMDBFile(path):
        yield read_datum(value, f"{shown(path)}: {key!r}", color=color)


def sample_shape(path: Path, *, color: bool = False) -> Shape:
    """The shape of the first one.

    Raises:
        DataError: If there is none.
    """
    for sample, _ in samples(path, color=color):
        return tuple(sample.shape)
    raise DataError(f"{shown(path)}: is empty")


def convert(path: Path, target: Path, names: tuple[str, ...], *, color: bool = False) -> int:
    """Write an LMDB as HDF5, a block of samples at a time.

    Args:
        path: The LMDB.
        target: The file of HDF5.
        names: Of the data set of the samples, and of that of their labels.
        color: Whether encoded pictures are to have three channels.

    Returns:
        How many there are.

    Raises:
        DataError: If they cannot be read, or differ in their shapes.
    """
    shape = sample_shape(path, color=color)
    n = 0
    with output_file(target, Advice(DataError)) as output, h5py.File(output, "w") as file:
        block: list[np.ndarray] = []
        labels: list[int] = []
        for sample, label in samples(path, color=color):
            if sample.shape != shape or (block and sample.dtype != block[0].dtype):
                raise DataError(
                    f"{shown(path)}: sample {n + len(block)} is {shape_text(sample.shape)}, and"
                    f" sample 0 is {shape_text(shape)}\n  bring them to one shape first"
                )
            block.append(sample)
            labels.append(label)
            if len(block) == _BLOCK:
                n += _append(file, names, block, labels)
        n += _append(file, names, block, labels)
    return n


def _append(
    file: h5py.File, names: tuple[str, ...], block: list[np.ndarray], labels: list[int]
) -> int:
    """Put samples behind those that are there; how many."""
    n = len(block)
    arrays = (np.stack(block), np.array(labels, np.int32)) if block else ()
    for name, array in zip(names, arrays, strict=False):
        if name not in file:
            file.create_dataset(
                name, data=array, maxshape=(None, *array.shape[1:]), track_times=False
            )
        else:
            made = file[name]
            made.resize(len(made) + len(array), axis=0)
            made[-len(array) :] = array
    block.clear()
    labels.clear()
    return n
