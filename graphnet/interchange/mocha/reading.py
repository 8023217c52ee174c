"""Reading Mocha's models.

    exchange model    one data set a param, ``LAYER___PARAM``: ``conv1___filter``, ``ip1___bias``
    snapshot (JLD)    ``params_all``: names of layers, and for each the list of its params

Julia's arrays have their first axis where NumPy's have the last, and HDF5 keeps the order of the
bytes: what is (kw, kh, C, n) in Mocha is (n, C, kh, kw) here, without a
number being moved. Links are not followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from graphnet.data.hdf5.data_sets import check_together
from graphnet.data.hdf5.opening import explained, is_hdf5
from graphnet.errors import DataError, SnapshotError
from graphnet.files.paths import shown
from graphnet.interchange.weights.stored import StoredArray, WeightFile, damaged

#: Between the names of layer and param.
MARK = "___"
_ALL = "params_all"
_MOST_LAYERS = 100_000


def read_mocha(path: Path) -> WeightFile:
    """The params of an exchange model or a snapshot.

    Raises:
        SnapshotError: If it cannot be read or is neither.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "there is no such file"
        raise SnapshotError(f"{shown(path)}: {what}\n  expected a model of Mocha's")
    if not is_hdf5(path):
        raise damaged(path, "is no HDF5 file", "expected a model of Mocha's, or its snapshot")
    try:
        with explained(str(shown(path))), h5py.File(path, "r") as file:
            arrays = {array.name: array for array in _arrays(path, file)}
            claimed = sum(prod(a.shape) * np.dtype(a.dtype).itemsize for a in arrays.values())
            check_together(claimed, path, path.stat().st_size)
    except DataError as error:
        raise SnapshotError(str(error)) from error
    if not arrays:
        raise damaged(
            path,
            "holds no params of Mocha's",
            f"expected data sets such as 'conv1{MARK}filter', or a snapshot's '{_ALL}'",
        )
    return WeightFile(path, arrays, may_be_turned=False)


def _arrays(path: Path, file: h5py.File) -> Iterator[StoredArray]:
    """The params of either format."""
    names = [name for name in file if isinstance(file.get(name, getlink=True), h5py.HardLink)]
    if _ALL in names:
        yield from _of_snapshot(path, file)
        return
    for name in names:
        node = file[name]
        if MARK in name and isinstance(node, h5py.Dataset):
            yield _stored(path, name, node)


def _of_snapshot(path: Path, file: h5py.File) -> Iterator[StoredArray]:
    """``ip1[1]``, ``ip1[2]`` … of the dict that JLD has written: its keys and its values."""
    whole = file[_ALL]
    is_pair = isinstance(whole, h5py.Dataset) and whole.size <= 2  # noqa: PLR2004
    value = whole[()] if is_pair else None
    parts: list[Any] = list(value) if isinstance(value, np.void | np.ndarray) else []  # type: ignore[arg-type]  # of two fields
    if len(parts) != 2 or not all(isinstance(part, h5py.Reference) for part in parts):  # noqa: PLR2004
        raise damaged(path, f"'{_ALL}' is no dict of Julia's",
                      "expected a snapshot that Mocha has written with JLD")  # fmt: skip
    keys, values = (_data_set(path, file, part) for part in parts)
    if keys.shape != values.shape or keys.size > _MOST_LAYERS:
        raise damaged(path, f"'{_ALL}' has {keys.size:,} names and {values.size:,} layers")
    for key, reference in zip(keys[()].tolist(), values[()].tolist(), strict=True):
        layer = key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)
        params = _data_set(path, file, reference)
        if params.size > _MOST_LAYERS:
            raise damaged(path, f"layer '{layer[:80]}' has {params.size:,} params")
        for i, param in enumerate(params[()].tolist()):
            yield _stored(path, f"{layer}[{i + 1}]", _data_set(path, file, param))


def _data_set(path: Path, file: h5py.File, reference: Any) -> h5py.Dataset:
    """The data set that a reference leads to."""
    node = file[reference] if isinstance(reference, h5py.Reference) and reference else None
    if not isinstance(node, h5py.Dataset):
        raise damaged(path, "a reference in it leads to no array")
    return node


def _stored(path: Path, name: str, node: h5py.Dataset) -> StoredArray:
    if node.is_virtual or node.external or node.shape is None:
        raise damaged(path, f"'{name[:80]}' is not stored in the file")
    place = h5py.h5i.get_name(node.id) or b""
    return StoredArray(name, tuple(node.shape), node.dtype.name, partial(_read, path, place))


def _read(path: Path, place: bytes) -> np.ndarray:
    try:
        name = place.decode("utf-8", "replace")
        with explained(f"{shown(path)}: '{name}'"), h5py.File(path, "r") as file:
            return np.asarray(file[place][()])
    except DataError as error:
        raise SnapshotError(str(error)) from error
