"""Reading PyTorch's files: zip archives since 1.6, and the rows of pickles before.

Of tar archives, which are older still, see ``tar_pickles.py``.

NAME/data.pkl     the pickle, which names storages
NAME/byteorder    little or big
NAME/data/0 …     the numbers of each storage

five pickles      a mark, a version, the machine, the object, the keys of the storages
for each key      how many numbers (8 bytes), and they
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.interchange.torch.pickle_reader import BrokenPickleError, PickleReader
from graphnet.interchange.torch.tar_pickles import TarPickles, is_tar
from graphnet.interchange.torch.values import RefusedError, Storage, Tensor
from graphnet.interchange.weights.mapped import MappedFile
from graphnet.interchange.weights.stored import StoredArray, WeightFile, damaged, widened
from graphnet.interchange.weights.zip_archive import SIGNATURE, ZipArchive

_MAGIC, _VERSION = 0x1950A86A20F9469CFC6C, 1001
_LONGEST_PICKLE = 64 << 20
_SAVE = "save its state_dict with PyTorch: torch.save(model.state_dict(), FILE)"
#: Where checkpoints have their state_dict, beside an optimizer's and the like.
_WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "net", "module", "weights")
_LONGEST_NAME = 1000
_DEEPEST = 16

#: The numbers of a storage, as they lie in the file.
_Numbers = Callable[[Storage], np.ndarray]


def read_torch(path: Path) -> WeightFile:
    """The tensors of a state_dict, or of a checkpoint that holds one.

    Raises:
        SnapshotError: If it cannot be read, is damaged, or holds anything but tensors and the
            dicts, lists and plain values around them.
    """
    file = MappedFile(path)
    begin = file.part(0, min(file.size, 512), "").tobytes()
    if begin.startswith(SIGNATURE):
        found, numbers = _from_zip(ZipArchive(path))
    elif is_tar(begin):
        found, numbers = _from_tar(file)
    elif begin.startswith(b"\x80"):
        found, numbers = _from_pickles(file)
    else:
        raise damaged(path, "is no file of PyTorch's", f"expected what torch.save writes: {_SAVE}")
    tensors = dict(_tensors(path, _state_dict(path, found)))
    if not tensors:
        raise damaged(path, "holds no tensors", _SAVE)
    arrays = {
        name: StoredArray(name, t.shape, t.storage.dtype, partial(_read, t, numbers))
        for name, t in tensors.items()
    }
    return WeightFile(path, arrays, may_be_turned=False)


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """What the reader of pickles says, with the file and the way out."""
    try:
        yield
    except RefusedError as error:
        raise damaged(
            path, f"holds {error}, and nothing but tensors is read from a pickle", _SAVE
        ) from None
    except BrokenPickleError as error:
        raise damaged(path, f"its pickle is damaged: {error}") from None


# --- the two formats --------------------------------------------------------------------


def _from_zip(archive: ZipArchive) -> tuple[Any, _Numbers]:
    """The object, and the numbers of its storages."""
    path, names = archive.path, [n for n in archive.entries if n.count("/") == 1]
    found = [name for name in names if name.endswith("/data.pkl")]
    if len(found) != 1:
        is_npz = any(name.endswith(".npy") for name in archive.entries)
        cure = "this is an .npz: graphnet import npz" if is_npz else _SAVE
        raise damaged(path, "is a zip archive without the data.pkl of torch.save", cure)
    folder = found[0].removesuffix("/data.pkl")
    if f"{folder}/constants.pkl" in archive.entries:
        raise damaged(path, "is a TorchScript program, which holds code", _SAVE)
    pickled = archive.entries[found[0]]
    if pickled.size > _LONGEST_PICKLE or pickled.is_deflated:
        raise damaged(path, f"its pickle has {pickled.size:,} bytes, or is packed", _SAVE)
    order = archive.entries.get(f"{folder}/byteorder")
    is_big = order is not None and archive.beginning(order, 8) == b"big"
    data = archive.content(pickled)
    with _in_words(path):
        value = PickleReader(data).load()

    def numbers(storage: Storage) -> np.ndarray:
        entry = archive.entries[f"{folder}/data/{storage.key}"]
        return np.frombuffer(archive.content(entry), _numpy_type(storage, is_big=is_big))

    for storage in _storages(value):
        entry = archive.entries.get(f"{folder}/data/{storage.key}")
        needed = storage.itemsize * storage.n_all
        if entry is None or entry.is_deflated:
            what = "is not there" if entry is None else "is packed"
            raise damaged(path, f"storage '{storage.key[:80]}' {what}")
        if entry.size != needed:
            raise damaged(
                path,
                f"storage '{storage.key[:80]}' has {entry.size:,} bytes, and its"
                f" {storage.n_all:,} numbers of {storage.dtype} take {needed:,}",
            )
    return value, numbers


def _from_pickles(file: MappedFile) -> tuple[Any, _Numbers]:
    """The object, and the numbers of its storages."""
    path, data = file.path, file.part(0, file.size, "")
    reader = PickleReader(data)
    with _in_words(path):
        magic = reader.load()
        if magic != _MAGIC:
            raise damaged(path, "is a pickle that torch.save has not written", _SAVE)
        version, machine = reader.load(), reader.load()
        if version != _VERSION or not isinstance(machine, dict):
            raise damaged(path, "is of a version of PyTorch's format that is not known", _SAVE)
        value = reader.load()
        keys = reader.load()
    is_big = machine.get("little_endian") is False
    known: dict[str, Storage] = {}
    for storage in _storages(value):
        other = known.setdefault(storage.key, storage)
        if (other.dtype, other.n_all) != (storage.dtype, storage.n_all):
            raise damaged(path, f"storage '{storage.key[:80]}' is said to be two different ones")
    if not isinstance(keys, list) or not all(isinstance(k, str) and k in known for k in keys):
        raise damaged(path, "its list of storages is damaged")
    places: dict[str, int] = {}
    at = reader.at
    for key in keys:
        (count,) = struct.unpack("<q", file.part(at, 8, f"storage '{key[:80]}'"))
        if count != known[key].n_all or key in places:
            raise damaged(path, f"storage '{key[:80]}' has two lengths: {count:,} and"
                          f" {known[key].n_all:,}")  # fmt: skip
        places[key] = at + 8
        at += 8 + count * known[key].itemsize
    file.part(0, at, "the last storage")
    missing = [key for key in known if key not in places]
    if missing:
        raise damaged(path, f"storage '{missing[0][:80]}' is not there")

    def numbers(storage: Storage) -> np.ndarray:
        kind = _numpy_type(storage, is_big=is_big)
        return file.numbers(places[storage.key], kind, (storage.n_all,))

    return value, numbers


def _from_tar(file: MappedFile) -> tuple[Any, _Numbers]:
    """The object, and the numbers of its storages."""
    with _in_words(file.path):
        made = TarPickles(file.path, file.part(0, file.size, ""))

    def numbers(storage: Storage) -> np.ndarray:
        kind = _numpy_type(storage, is_big=False)
        return file.numbers(made.places[storage.key], kind, (storage.n_all,))

    return made.value, numbers


def _numpy_type(storage: Storage, *, is_big: bool) -> np.dtype:
    name = "uint16" if storage.dtype == "bfloat16" else storage.dtype
    return np.dtype(name).newbyteorder(">" if is_big else "<")


def _read(tensor: Tensor, numbers: _Numbers) -> np.ndarray:
    """A tensor in C order."""
    storage = tensor.storage
    part = numbers(storage)[storage.first : storage.first + storage.count][tensor.first :]
    steps = [step * part.itemsize for step in tensor.strides]
    view = np.lib.stride_tricks.as_strided(part, tensor.shape, steps, writeable=False)
    whole = np.ascontiguousarray(view, view.dtype.newbyteorder("=")).reshape(tensor.shape)
    return widened(whole) if storage.dtype == "bfloat16" else whole


# --- where the tensors are --------------------------------------------------------------


def _inside(value: Any) -> Iterator[Any]:
    """All that is in a value, each object once, however often it is met."""
    seen: set[int] = set()
    left = [value]
    while left:
        found = left.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        if isinstance(found, dict):
            left += found.values()
        elif isinstance(found, list | tuple):
            left += found


def _storages(value: Any) -> list[Storage]:
    return [found.storage for found in _inside(value) if isinstance(found, Tensor)]


def _state_dict(path: Path, value: Any) -> Mapping[Any, Any]:
    """The dict of tensors: all of it, or the part of a checkpoint that is the model's."""
    if not isinstance(value, dict):
        kind = "one tensor" if isinstance(value, Tensor) else f"a {type(value).__name__}"
        raise damaged(path, f"holds {kind}, expected a dict of tensors", _SAVE)
    if not any(isinstance(each, Tensor) for each in value.values()):
        for name in _WRAPPERS:
            part = value.get(name)
            if isinstance(part, dict) and any(isinstance(v, Tensor) for v in part.values()):
                return part
    return value


def _tensors(path: Path, value: Mapping[Any, Any]) -> Iterator[tuple[str, Tensor]]:
    """The tensors of a dict and of the dicts in it, their names joined by dots."""
    seen: set[int] = set()

    def walk(part: Mapping[Any, Any], before: str, depth: int) -> Iterator[tuple[str, Tensor]]:
        if id(part) in seen or depth > _DEEPEST:
            return
        seen.add(id(part))
        for key, each in part.items():
            name = f"{before}{key}"
            if len(name) > _LONGEST_NAME:
                raise damaged(path, f"a name in it has {len(name):,} characters")
            if isinstance(each, Tensor):
                yield name, each
            elif isinstance(each, dict):
                yield from walk(each, f"{name}.", depth + 1)

    return walk(value, "", 0)
