"""Reading .npz files, stored or packed; an array is read when it is asked for."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import numpy as np

from graphnet.blob import Shape
from graphnet.interchange.weights.stored import StoredArray, WeightFile, check_size, damaged
from graphnet.interchange.weights.zip_archive import ZipArchive, ZipEntry

_ENDING = ".npy"
_LONGEST_HEADER = 1 << 16
_MAGIC = b"\x93NUMPY"


def read_npz(path: Path) -> WeightFile:
    """The arrays of an .npz file.

    Raises:
        SnapshotError: If it cannot be read, is no such file, is damaged, or holds pickled objects.
    """
    archive = ZipArchive(path)
    arrays = {}
    for name, entry in archive.entries.items():
        if name.endswith(_ENDING):
            short = name.removesuffix(_ENDING)
            arrays[short] = _array(archive, entry, short)
    if not arrays:
        raise damaged(
            path,
            "is a zip archive without arrays",
            "expected an .npz, as numpy.savez writes it; a PyTorch file: graphnet import torch",
        )
    return WeightFile(path, arrays)


def _array(archive: ZipArchive, entry: ZipEntry, name: str) -> StoredArray:
    """An array by its header."""
    path, shown = archive.path, name[:80]
    begin = archive.beginning(entry, min(entry.size, _LONGEST_HEADER))
    if not begin.startswith(_MAGIC):
        raise damaged(path, f"'{shown}' is no array in NumPy's format")
    stream = io.BytesIO(begin)
    try:
        version = np.lib.format.read_magic(stream)
        known = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        if version not in known:
            raise ValueError(f"its version {version[0]}.{version[1]} is not known")  # noqa: TRY301
        shape, is_fortran, dtype = known[version](stream)
    except Exception as error:  # a damaged header makes NumPy raise nearly anything
        said = str(error).splitlines()[:1] or [type(error).__name__]
        why = f"the header of array '{shown}' cannot be read: {said[0][:200]}"
        raise damaged(path, why) from error
    if dtype.hasobject:
        raise damaged(
            path,
            f"array '{shown}' holds Python objects, which are pickled: they are never made",
            "save arrays of numbers: numpy.savez(FILE, **arrays)",
        )
    if dtype.kind not in "fiub":
        raise damaged(path, f"array '{shown}' holds {dtype}, expected numbers")
    if any(n < 0 for n in shape):
        raise damaged(path, f"array '{shown}' has a negative axis")
    check_size(path, shown, shape, dtype.itemsize, entry.size - stream.tell())
    read = partial(_read, archive, entry, stream.tell(), shape, dtype, is_fortran=is_fortran)
    return StoredArray(name, shape, dtype.name, read)


def _read(
    archive: ZipArchive,
    entry: ZipEntry,
    start: int,
    shape: Shape,
    dtype: np.dtype,
    *,
    is_fortran: bool,
) -> np.ndarray:
    flat = np.frombuffer(archive.content(entry)[start:], dtype)
    return flat.reshape(shape[::-1]).T if is_fortran else flat.reshape(shape)
