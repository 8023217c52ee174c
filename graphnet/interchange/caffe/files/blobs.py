"""Arrays in Caffe's files: models, solver states and means, in the wire format or in HDF5.

An array is found by layer and index and read when it is asked for, so that a large model is
never in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path

import h5py
import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.data.hdf5.data_sets import check_together
from graphnet.data.hdf5.walking import walk
from graphnet.errors import DataError, SnapshotError
from graphnet.files.paths import shown
from graphnet.files.reading import open_regular
from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.files.upgrade import upgrade_net
from graphnet.interchange.caffe.files.wire_format import Numbers, read_wire

_LEGACY = ("num", "channels", "height", "width")
_HDF5 = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True)
class StoredBlob:
    """An array in a file.

    Attributes:
        shape: Its shape.
        is_legacy: Whether the file has only num, channels, height and width, filled up with ones
            in front.
        read: Its values, in float32 or float64 as they are stored.
    """

    shape: Shape
    is_legacy: bool
    read: Callable[[], np.ndarray]

    def fits(self, shape: Shape) -> bool:
        """Whether it is of this shape; axes of size 1 in front do not count in an old file."""
        if not self.is_legacy:
            return self.shape == shape
        return len(shape) <= 4 and self.shape == (1,) * (4 - len(shape)) + shape  # noqa: PLR2004


@dataclass(frozen=True)
class Weights:
    """The arrays of a model.

    Attributes:
        file: Where they are.
        blobs: By the name of the layer, in its order.
        net: The net that is stored beside them, in the present form; None in HDF5.
    """

    file: Path
    blobs: Mapping[str, list[StoredBlob]]
    net: Message | None


def stored_blob(blob: Message, where: str) -> StoredBlob:
    """The array of a BlobProto.

    Raises:
        SnapshotError: If it has not as many numbers as its shape says.
    """
    is_legacy = not blob.has("shape") and any(blob.has(name) for name in _LEGACY)
    dims = [blob[name] for name in _LEGACY] if is_legacy else blob["shape"]["dim"]
    shape: Shape = tuple(int(n) for n in dims)
    numbers = blob["double_data"] or blob["data"]
    if not isinstance(numbers, Numbers):
        numbers = Numbers(np.dtype("<f4"))
    if any(n < 0 for n in shape) or prod(shape) != numbers.size:
        raise SnapshotError(
            f"{where} has the shape {shape_text(shape)} and {numbers.size:,} numbers"
            "\n  the file is damaged"
        )
    return StoredBlob(shape, is_legacy, lambda: numbers.array().reshape(shape))


def read_weights(path: Path) -> Weights:
    """The arrays of a .caffemodel, or of its variant in HDF5.

    Raises:
        SnapshotError: If the file cannot be read, or is cut short or damaged.
    """
    if _is_hdf5(path):
        return _from_hdf5(path)
    net = upgrade_net(read_wire(path, "NetParameter"))
    blobs: dict[str, list[StoredBlob]] = {}
    for layer in net["layer"]:
        name = layer["name"] or ""
        found = [
            stored_blob(blob, f"{shown(path)}: blob {i} of layer '{name}'")
            for i, blob in enumerate(layer.take("blobs") or [])
        ]
        if found:
            blobs.setdefault(name, found)
    if not net["layer"]:
        raise SnapshotError(
            f"{shown(path)}: holds no layers\n  expected a .caffemodel with weights"
        )
    return Weights(path, blobs, net)


def _is_hdf5(path: Path) -> bool:
    try:
        with open_regular(path, SnapshotError) as file:
            return file.read(len(_HDF5)) == _HDF5
    except OSError:
        return False  # which reading it says in words


def _from_hdf5(path: Path) -> Weights:
    """The arrays ``/data/LAYER/INDEX``; names of layers may have slashes."""
    found: dict[str, dict[int, StoredBlob]] = {}
    claimed = 0

    def look(name: str | bytes, node: object) -> None:
        if not isinstance(node, h5py.Dataset) or not isinstance(name, str):
            return
        layer, _, index = name.rpartition("/")
        if not index.isdecimal() or node.is_virtual or node.external or node.dtype.kind != "f":
            return
        nonlocal claimed
        claimed += max(node.nbytes, prod(node.chunks or ()) * node.dtype.itemsize)
        found.setdefault(layer, {})[int(index)] = StoredBlob(
            tuple(node.shape), False, partial(_read_dataset, path, f"data/{name}")
        )

    try:
        with h5py.File(path, "r") as file:
            is_own = isinstance(file.get("data", getlink=True), h5py.HardLink)
            group = file.get("data") if is_own else None
            if not isinstance(group, h5py.Group):
                raise SnapshotError(
                    f"{shown(path)}: is no model of Caffe's: it has no group 'data'"
                    "\n  expected /data/LAYER/0, as Caffe writes with snapshot_format: HDF5"
                )
            for name, node in walk(group):
                look(name, node)
            check_together(claimed, path, path.stat().st_size)
    except DataError as error:
        raise SnapshotError(str(error)) from error
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise SnapshotError(f"{shown(path)}: cannot be read: {error}") from error
    blobs = {layer: [named[i] for i in sorted(named)] for layer, named in found.items()}
    return Weights(path, blobs, None)


def _read_dataset(path: Path, name: str) -> np.ndarray:
    try:
        with h5py.File(path, "r") as file:
            return np.asarray(file[name][()])
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise SnapshotError(f"{shown(path)}: '{name}' cannot be read: {error}") from error


def read_blob_file(path: Path) -> np.ndarray:
    """The one array of a .binaryproto, such as a mean: ``(1, C, H, W)`` as a rule.

    Raises:
        SnapshotError: If it cannot be read.
    """
    return stored_blob(read_wire(path, "BlobProto"), str(shown(path))).read()


@dataclass(frozen=True)
class StoredSolverState:
    """Where a run of Caffe's stood.

    Attributes:
        iter: Updates done.
        learned_net: The model that was written beside it.
        history: What the method keeps, array after array.
        current_step: Of the policy ``multistep``.
    """

    iter: int
    learned_net: str
    history: list[StoredBlob]
    current_step: int


def read_solver_state(path: Path) -> StoredSolverState:
    """A .solverstate, or its variant in HDF5.

    Raises:
        SnapshotError: If it cannot be read.
    """
    if _is_hdf5(path):
        return _state_from_hdf5(path)
    state = read_wire(path, "SolverState")
    history = [
        stored_blob(blob, f"{shown(path)}: array {i} of the history")
        for i, blob in enumerate(state["history"])
    ]
    return StoredSolverState(
        state["iter"] or 0, state["learned_net"] or "", history, state["current_step"]
    )


def _state_from_hdf5(path: Path) -> StoredSolverState:
    try:
        with h5py.File(path, "r") as file:
            history = {
                int(name): StoredBlob(
                    tuple(node.shape), False, partial(_read_dataset, path, f"history/{name}")
                )
                for name, node in file["history"].items()
                if name.isdigit() and isinstance(node, h5py.Dataset)
            }
            learned = file["learned_net"][()]
            text = learned.decode() if isinstance(learned, bytes) else str(learned)
            numbers = [int(np.ravel(file[name][()])[0]) for name in ("iter", "current_step")]
    except (OSError, RuntimeError, ValueError, KeyError, IndexError, TypeError) as error:
        raise SnapshotError(f"{shown(path)}: is no solver state of Caffe's: {error}") from error
    return StoredSolverState(numbers[0], text, [history[i] for i in sorted(history)], numbers[1])
