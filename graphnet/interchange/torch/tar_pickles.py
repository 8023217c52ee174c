"""PyTorch's tar archives, which it wrote before 0.1.10.

storages   how many; for each its key, place and type as a pickle, how many numbers (8 bytes), and
           they; then a pickle of the storages that are parts of others
tensors    how many; for each its key, storage and type as a pickle, how many axes (4 bytes and 4
           of no meaning), sizes, strides and first place (8 bytes each)
pickle     the object, which names tensors and storages by their keys
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from graphnet.interchange.torch.pickle_reader import BrokenPickleError, PickleReader
from graphnet.interchange.torch.values import (
    ALLOWED,
    MOST_AXES,
    STORAGES,
    RefusedError,
    Storage,
    StorageType,
    Tensor,
    is_count,
    rebuilt,
)
from graphnet.interchange.weights.stored import damaged

_BLOCK = 512
_PARTS = ("storages", "tensors", "pickle")
_MOST_MEMBERS = 64
_NUMBER = struct.Struct("<q")
_AXES = struct.Struct("<i4x")
#: What its pickles name: besides what others do, the types of tensors, and both on a GPU.
_NAMES: Mapping[tuple[str, str], Any] = MappingProxyType(
    {
        **ALLOWED,
        **{
            (module, kind.replace("Storage", what)): StorageType(dtype)
            for kind, dtype in STORAGES.items()
            for module in ("torch", "torch.cuda")
            for what in ("Storage", "Tensor")
        },
    }
)


def is_tar(begin: bytes) -> bool:
    """Whether a file that begins so is a tar archive."""
    return begin[257:262] == b"ustar"


class TarPickles:
    """The object in such an archive.

    Attributes:
        value: It: dicts, lists, tensors, plain values.
        places: Where in the file the numbers of each storage lie.

    Raises:
        SnapshotError: If the archive is damaged.
        RefusedError: If a pickle holds anything but tensors.
        BrokenPickleError: If a pickle is damaged.
    """

    def __init__(self, path: Path, data: memoryview) -> None:
        self._path, self.places = path, dict[str, int]()
        self._found: dict[int, Storage | Tensor] = {}
        members = _members(path, data)
        missing = [name for name in _PARTS if name not in members]
        if missing:
            raise damaged(path, f"is a tar archive without '{missing[0]}': torch.save wrote none")
        first, last = members["storages"]
        self._read_storages(data[:last], first)
        first, last = members["tensors"]
        self._read_tensors(data[:last], first)
        first, last = members["pickle"]
        self.value = PickleReader(data[:last], first, persistent=self._named, names=_NAMES).load()

    def _named(self, key: Any) -> Storage | Tensor:
        """What a key stands for."""
        number = int(key) if isinstance(key, str) and key.isdecimal() else key
        if type(number) is not int or number not in self._found:
            raise RefusedError("a reference that is no tensor's and no storage's")
        return self._found[number]

    def _read_storages(self, data: memoryview, at: int) -> None:
        reader = PickleReader(data, at, names=_NAMES)
        for _ in range(_count(reader.load())):
            key, _place, kind = _three(reader.load())
            (count,) = _NUMBER.unpack(_taken(reader, data, _NUMBER.size))
            if type(key) is not int or not isinstance(kind, StorageType) or not is_count(count):
                raise RefusedError("a storage whose key, type or length is none")
            storage = Storage(str(key), kind.dtype, count, 0, count)
            self.places[storage.key] = reader.at
            _taken(reader, data, count * storage.itemsize)
            self._found[key] = storage
        views = reader.load()
        if not isinstance(views, list):
            raise RefusedError("a list of parts of storages that is none")
        for view in views:
            self._add_view(view)

    def _add_view(self, view: Any) -> None:
        """A storage that is a part of another."""
        if not isinstance(view, tuple) or len(view) != 4 or not all(map(is_count, view[2:])):  # noqa: PLR2004
            raise RefusedError("a part of a storage that is none")
        key, root, first, count = view
        whole = self._named(root)
        if type(key) is not int or not isinstance(whole, Storage) or first + count > whole.count:
            raise RefusedError("a part of a storage that ends beyond it")
        at = whole.first + first
        self._found[key] = Storage(whole.key, whole.dtype, whole.n_all, at, count)

    def _read_tensors(self, data: memoryview, at: int) -> None:
        reader = PickleReader(data, at, names=_NAMES)
        for _ in range(_count(reader.load())):
            key, of, _kind = _three(reader.load())
            (n_axes,) = _AXES.unpack(_taken(reader, data, _AXES.size))
            if type(key) is not int or not 0 <= n_axes <= MOST_AXES:
                raise RefusedError("a tensor whose key or number of axes is none")
            form = struct.Struct(f"<{2 * n_axes + 1}q")
            *sides, first = form.unpack(_taken(reader, data, form.size))
            shape, strides = tuple(sides[:n_axes]), tuple(sides[n_axes:])
            self._found[key] = rebuilt((self._named(of), first, shape, strides))


def _members(path: Path, data: memoryview) -> dict[str, tuple[int, int]]:
    """Where the files in an archive begin and end."""
    found: dict[str, tuple[int, int]] = {}
    at = 0
    for _ in range(_MOST_MEMBERS):
        header = bytes(data[at : at + _BLOCK])
        if len(header) < _BLOCK or not header.strip(b"\0"):
            return found
        digits = header[124:136].strip(b" \0")
        if not digits or digits.strip(b"01234567"):
            raise damaged(path, f"its tar archive is damaged at byte {at:,}")
        size, begin = int(digits, 8), at + _BLOCK
        if begin + size > len(data):
            raise damaged(path, "its tar archive ends in the middle")
        if header[156:157] in (b"0", b"\0"):  # a file, and neither a folder nor more of a header
            name = header[:100].rstrip(b"\0").decode("utf-8", "replace").removeprefix("./")
            found[name] = (begin, begin + size)
        at = begin + -(-size // _BLOCK) * _BLOCK
    raise damaged(path, f"its tar archive has more than {_MOST_MEMBERS} files")


def _taken(reader: PickleReader, data: memoryview, n: int) -> memoryview:
    """The bytes behind a pickle."""
    if n > len(data) - reader.at:
        raise BrokenPickleError("what lies behind it ends in the middle")
    reader.at += n
    return data[reader.at - n : reader.at]


def _count(value: Any) -> int:
    if not is_count(value):
        raise RefusedError("a number of storages or tensors that is none")
    return int(value)


def _three(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, tuple) or len(value) != 3:  # noqa: PLR2004
        raise RefusedError("a storage or tensor that is not told by key, place and type")
    return value
