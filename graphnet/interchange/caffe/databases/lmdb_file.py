"""Reading LMDB files: the keys and values of one database, in the order of the keys.

    page 0, 1   meta: the size of pages and the root of the tree; the newer one counts
    branch      keys and the pages below
    leaf        keys and values; a large value lies in overflow pages of its own

The file is mapped, and values are views of it. Nothing in it is trusted: every offset is looked at
before it is followed, and no page is visited twice.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from graphnet.errors import DataError
from graphnet.files.mapping import FileMapping, check_whole
from graphnet.files.paths import shown
from graphnet.files.reading import open_regular

_MAGIC, _VERSION = 0xBEEFC0DE, 1
_HEAD = 16  # bytes before the contents of a page
_META = struct.Struct("<II16x I44x I2H5Q QQ")
_NODE = struct.Struct("<4H")
_BRANCH, _LEAF, _OVERFLOW = 1, 2, 4
_BIG = 1  # of a node: its value lies in pages of its own
_NO_PAGE = 2**64 - 1
_MAX_DEPTH = 64


def is_lmdb(path: Path) -> bool:
    """Whether there is a file or folder that begins as an LMDB."""
    file = path / "data.mdb" if path.is_dir() else path
    try:
        with open_regular(file, DataError) as stream:
            return stream.read(_HEAD + 4)[_HEAD:] == struct.pack("<I", _MAGIC)
    except OSError:
        return False


class LMDBFile:
    """The unnamed database of a file.

    Attributes:
        n_entries: How many values it says it has.

    Args:
        path: The file, or the folder in which it is ``data.mdb``.

    Raises:
        DataError: If it cannot be read or is no LMDB file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path / "data.mdb" if path.is_dir() else path
        try:
            with open_regular(self.path, DataError) as file:
                self._data = memoryview(FileMapping.of(file, self.path, DataError))
        except (OSError, ValueError) as error:
            raise DataError(f"{shown(self.path)}: cannot be read: {error}") from None
        first = self._meta(0)
        if first is None:
            raise self._broken("it does not begin as one")
        self._page_size = first[2]
        found = [first, self._meta(self._page_size) or first]
        _, self._root, _, self.n_entries = max(found)

    def _broken(self, why: str) -> DataError:
        return DataError(f"{shown(self.path)}: is no sound LMDB file: {why}")

    def _meta(self, at: int) -> tuple[int, int, int, int] | None:
        """Transaction, root, page size and entries of a meta page."""
        if at + _HEAD + _META.size > len(self._data):
            return None
        magic, version, size, _, _, _, _, _, _, entries, root, _, transaction = _META.unpack_from(
            self._data, at + _HEAD
        )
        sound = magic == _MAGIC and version == _VERSION
        if not sound or not 256 <= size <= 2**16 or size & (size - 1):  # noqa: PLR2004  # of pages
            return None
        return transaction, root, size, entries

    def __iter__(self) -> Iterator[tuple[bytes, memoryview]]:
        """Keys and values; a value holds as long as the file object."""
        if self._root != _NO_PAGE:
            yield from self._below(self._root, set(), 0)

    def _below(
        self, number: int, visited: set[int], depth: int
    ) -> Iterator[tuple[bytes, memoryview]]:
        """What lies in a page and those below it."""
        page = self._page(number)
        if number in visited or depth > _MAX_DEPTH:
            raise self._broken(f"page {number:,} is met twice")
        visited.add(number)
        _, _, flags, lower, _ = struct.unpack_from("<QHHHH", page)
        if not flags & (_BRANCH | _LEAF) or not _HEAD <= lower <= len(page):
            raise self._broken(f"page {number:,} is neither a branch nor a leaf")
        for (at,) in struct.iter_unpack("<H", page[_HEAD : lower - lower % 2]):
            if at + _NODE.size > len(page):
                raise self._broken(f"page {number:,} points beyond its end")
            low, high, node_flags, key_size = _NODE.unpack_from(page, at)
            begin = at + _NODE.size
            if flags & _BRANCH:
                below = low | high << 16 | node_flags << 32
                yield from self._below(below, visited, depth + 1)
                continue
            size = low | high << 16
            value = page[begin + key_size :]
            if node_flags & _BIG:
                if len(value) < 8:  # noqa: PLR2004  # the number of a page
                    raise self._broken(f"page {number:,} ends within a value")
                value = self._overflow(struct.unpack_from("<Q", value)[0])
            if size > len(value):
                raise self._broken(f"a value of page {number:,} ends beyond the file")
            yield bytes(page[begin : begin + key_size]), value[:size]

    def _page(self, number: int) -> memoryview:
        start = number * self._page_size
        if start + self._page_size > len(self._data):
            raise self._broken(f"there is no page {number:,}")
        check_whole(self._data)
        return self._data[start : start + self._page_size]

    def _overflow(self, number: int) -> memoryview:
        """From a large value to the end of its pages."""
        _, _, flags, n_pages = struct.unpack_from("<QHHI", self._page(number))
        if not flags & _OVERFLOW:
            raise self._broken(f"page {number:,} holds no large value")
        start = number * self._page_size
        return self._data[start + _HEAD : start + n_pages * self._page_size]
