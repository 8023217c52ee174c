"""The samples of Caffe's databases, and their conversion to HDF5."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import h5py
import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.data.hdf5.patient_output import hdf5_file
from graphnet.errors import DataError, SnapshotError
from graphnet.files.paths import shown
from graphnet.files.reading import read_regular
from graphnet.files.writing import Advice, output_file
from graphnet.interchange.caffe.databases.lmdb_file import LMDBFile
from graphnet.interchange.caffe.databases.pictures import Channels, decoded, resized
from graphnet.interchange.caffe.files.wire_format import Numbers, parse_wire

_BLOCK = 256  # samples that are written together


def read_datum(
    value: memoryview, where: str, channels: Channels = "stored"
) -> tuple[np.ndarray, int]:
    """A sample ``(C, H, W)``, of bytes or float32, and its label.

    Args:
        value: The message.
        where: For errors.
        channels: Which an encoded picture has.

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
        return decoded(content, where, channels), label
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


def samples(path: Path, channels: Channels = "stored") -> Iterator[tuple[np.ndarray, int]]:
    """The samples of an LMDB, in its order.

    Raises:
        DataError: If it cannot be read.
    """
    for key, value in LMDBFile(path):
        yield read_datum(value, f"{shown(path)}: {key!r}", channels)


def listed_pictures(
    listing: Path,
    find: Callable[[str], Path],
    channels: Channels,
    size: tuple[int, int] | None = None,
) -> Iterator[tuple[np.ndarray, int]]:
    """The pictures of a list of ``PATH LABEL`` lines.

    Args:
        listing: The file with the list.
        find: Where a picture lies.
        channels: Which all of them have.
        size: The height and width that all are brought to. Default: their own.

    Raises:
        DataError: If one cannot be read.
    """
    lines = read_regular(listing, error=DataError).decode("utf-8", "surrogateescape").splitlines()
    for i, line in enumerate(filter(str.strip, lines), 1):
        name, _, label = line.strip().rpartition(" ")
        where = f"{shown(listing)}, line {i}: {name}"
        try:
            content, number = read_regular(find(name), error=DataError), int(label)
        except (OSError, ValueError) as error:
            raise DataError(f"{where}: cannot be read: {error}") from None
        picture = decoded(content, where, channels)
        if size is not None:
            picture = resized(picture, *size)
        yield picture, number


def convert(samples: Iterable[tuple[np.ndarray, int]], target: Path, names: Sequence[str]) -> int:
    """Write samples as HDF5, a block at a time.

    Args:
        samples: With their labels.
        target: The file of HDF5.
        names: Of the data set of the samples, and of that of their labels.

    Returns:
        How many there are.

    Raises:
        DataError: If they cannot be read, or differ in their shapes.
    """
    first: np.ndarray | None = None
    n = 0
    with (
        output_file(target, Advice(DataError)) as output,
        hdf5_file(output) as (file, patient),
    ):
        block: list[np.ndarray] = []
        labels: list[int] = []
        for sample, label in samples:
            first = sample if first is None else first
            if sample.shape != first.shape or sample.dtype != first.dtype:
                raise DataError(
                    f"{shown(target)}: sample {n + len(block)} is"
                    f" {shape_text(sample.shape)}, and sample 0 is {shape_text(first.shape)}\n"
                    "  bring them to one shape first"
                )
            block.append(sample)
            labels.append(label)
            if len(block) == _BLOCK:
                n += _append(file, names, block, labels)
                patient.look()
        n += _append(file, names, block, labels)
    return n


def _append(
    file: h5py.File, names: Sequence[str], block: list[np.ndarray], labels: list[int]
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
