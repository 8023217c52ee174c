"""Reading zip archives of arrays, as NumPy and PyTorch write them: stored or deflated.

    local header, name, data        for each entry
    central directory               the list of entries, which alone counts
    its end                         where the directory is and how many entries it has

Nothing in it is trusted: sizes are those of the bytes that are there, and entries do not overlap.
An entry is unpacked when it is read, and no further than is asked for.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from graphnet.interchange.weights.mapped import MappedFile
from graphnet.interchange.weights.stored import damaged
from graphnet.params.filling import parts_of

SIGNATURE = b"PK\x03\x04"
_STORED, _DEFLATED = 0, 8
_END = struct.Struct("<4s4H2LH")
_END64_PLACE = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_LONGEST_COMMENT = 0xFFFF
_MOST_ENTRIES = 100_000
_64_BIT = 0xFFFFFFFF
_ENCRYPTED, _UTF8 = 1, 1 << 11
_BLOCK = 1 << 20


@dataclass(frozen=True)
class ZipEntry:
    """A file in an archive.

    Attributes:
        name: Its name.
        is_deflated: Whether it is packed.
        checksum: Its CRC-32; 0 where the writer has not found it.
        packed: The bytes it takes in the archive.
        size: Its length in bytes.
        header: Where its local header is.
    """

    name: str
    is_deflated: bool
    checksum: int
    packed: int
    size: int
    header: int


class ZipArchive:
    """A zip archive.

    Attributes:
        path: The file.
        entries: By name.

    Args:
        path: The file.

    Raises:
        SnapshotError: If it cannot be read, is no zip archive, or is damaged.
    """

    entries: Mapping[str, ZipEntry]

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = MappedFile(path)
        self._sound: set[str] = set()
        if self._file.part(0, min(2, self._file.size), "").tobytes() != SIGNATURE[:2]:
            raise damaged(path, "is no zip archive", "expected what NumPy or PyTorch has written")
        count, start, size = self._directory()
        if count > _MOST_ENTRIES:
            raise damaged(path, f"the archive has {count:,} entries, more than {_MOST_ENTRIES:,}")
        directory = self._file.part(start, size, "the list of the archive")
        entries: dict[str, ZipEntry] = {}
        at = 0
        for _ in range(count):
            entry, at = self._entry(directory, at)
            if entry.name in entries:
                raise damaged(path, f"'{entry.name[:80]}' is twice in the archive")
            entries[entry.name] = entry
        self.entries = entries
        spans = sorted((e.header, e.header + _LOCAL.size + e.packed, e.name) for e in
                       entries.values())  # fmt: skip
        for (_, end, name), (begin, _, other) in pairwise(spans):
            if begin < end:
                raise damaged(path, f"'{name[:80]}' and '{other[:80]}' lie on the same bytes")
        if spans and spans[-1][1] > start:
            raise damaged(path, f"'{spans[-1][2][:80]}' ends beyond the list of the archive")

    def _directory(self) -> tuple[int, int, int]:
        """How many entries, and where their list begins and how long it is."""
        longest = min(self._file.size, _END.size + _LONGEST_COMMENT)
        tail = self._file.part(self._file.size - longest, longest, "").tobytes()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or at + _END.size > len(tail):
            raise damaged(self.path, "is no whole zip archive: its end is missing",
                          "the file is cut short: copy it again")  # fmt: skip
        _, disk, first, _, count, size, start, _ = _END.unpack_from(tail, at)
        place = self._file.size - longest + at - _END64_PLACE.size
        if place >= 0:
            mark, _, end64, _ = _END64_PLACE.unpack(self._file.part(place, _END64_PLACE.size, ""))
            if mark == b"PK\x06\x07":
                end = _END64.unpack(self._file.part(end64, _END64.size, "the end of the archive"))
                if end[0] != b"PK\x06\x06":
                    raise damaged(self.path, "the end of the archive is not where it is said to be")
                disk, first, count, size, start = end[4], end[5], *end[7:10]
        if disk or first:
            raise damaged(self.path, "is one part of an archive in several files")
        return count, start, size

    def _entry(self, directory: memoryview, at: int) -> tuple[ZipEntry, int]:
        """The entry of the list that begins at ``at``, and where it ends."""
        if at + _ENTRY.size > len(directory):
            raise damaged(self.path, "the list of the archive is shorter than it says")
        fields = _ENTRY.unpack_from(directory, at)
        mark, flags, method, checksum = fields[0], fields[3], fields[4], fields[7]
        packed, size, n_name, n_extra, n_comment = fields[8:13]
        header = fields[16]
        begin = at + _ENTRY.size
        end = begin + n_name + n_extra + n_comment
        if mark != b"PK\x01\x02" or end > len(directory):
            raise damaged(self.path, "the list of the archive is damaged")
        raw = bytes(directory[begin : begin + n_name])
        name = raw.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
        large = self._large(bytes(directory[begin + n_name : begin + n_name + n_extra]))
        values = [
            large.pop(0) if value == _64_BIT and large else value
            for value in (size, packed, header)
        ]
        size, packed, header = values
        if flags & _ENCRYPTED or method not in (_STORED, _DEFLATED):
            what = "is encrypted" if flags & _ENCRYPTED else f"is packed by method {method}"
            raise damaged(self.path, f"'{name[:80]}' {what}",
                          "expected an archive that NumPy or PyTorch has written")  # fmt: skip
        if method == _STORED and packed != size:
            raise damaged(self.path, f"'{name[:80]}' has two lengths: {packed:,} and {size:,}")
        return ZipEntry(name, method == _DEFLATED, checksum, packed, size, header), end

    @staticmethod
    def _large(extra: bytes) -> list[int]:
        """The numbers of an entry that 32 bits do not hold."""
        at = 0
        while at + 4 <= len(extra):
            kind, length = struct.unpack_from("<HH", extra, at)
            if kind == 1:
                part = extra[at + 4 : at + 4 + length]
                return list(struct.unpack_from(f"<{len(part) // 8}Q", part))
            at += 4 + length
        return []

    def packed(self, entry: ZipEntry) -> tuple[int, memoryview]:
        """Where the bytes of an entry are, and they as they lie in the archive."""
        local = self._file.part(entry.header, _LOCAL.size, f"'{entry.name[:80]}'")
        mark, *_, n_name, n_extra = _LOCAL.unpack(local)
        if mark != SIGNATURE:
            raise damaged(self.path, f"'{entry.name[:80]}' is not where it is said to be")
        start = entry.header + _LOCAL.size + n_name + n_extra
        return start, self._file.part(start, entry.packed, f"'{entry.name[:80]}'")

    def beginning(self, entry: ZipEntry, most: int) -> bytes:
        """Its first bytes, ``most`` of them or fewer.

        Raises:
            SnapshotError: If it cannot be unpacked.
        """
        _, data = self.packed(entry)
        if not entry.is_deflated:
            return bytes(data[:most])
        with _unpacking(self.path, entry):
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, most)

    def content(self, entry: ZipEntry) -> memoryview:
        """All of it: a view of the file, or what it is unpacked to.

        Raises:
            SnapshotError: If it is damaged.
        """
        _, data = self.packed(entry)
        if entry.is_deflated:
            data = self._unpacked(entry, data)
        if entry.checksum and entry.name not in self._sound:
            checksum = 0
            for part in parts_of(np.frombuffer(data, np.uint8)):
                checksum = zlib.crc32(part.data, checksum)
            if checksum != entry.checksum:
                raise damaged(self.path, f"'{entry.name[:80]}' is damaged: its checksum is wrong")
            self._sound.add(entry.name)
        return data

    def _unpacked(self, entry: ZipEntry, data: memoryview) -> memoryview:
        """What it is unpacked to, block by block, and no more than it should be."""
        made = np.empty(entry.size, np.uint8) if entry.size <= _ratio(entry.packed) else None
        if made is None:
            raise damaged(self.path, f"'{entry.name[:80]}' cannot be as long as it says")
        at, unpacker, left = 0, zlib.decompressobj(-zlib.MAX_WBITS), data
        with _unpacking(self.path, entry):
            while at < entry.size:
                block, left = left[:_BLOCK], left[_BLOCK:]
                found = unpacker.decompress(unpacker.unconsumed_tail + bytes(block), _BLOCK)
                if not found and not block and not unpacker.unconsumed_tail:
                    break
                if at + len(found) > entry.size:
                    raise damaged(self.path, f"'{entry.name[:80]}' is longer than it says")
                made[at : at + len(found)] = np.frombuffer(found, np.uint8)
                at += len(found)
        if at != entry.size:
            raise damaged(self.path, f"'{entry.name[:80]}' is shorter than it says")
        return made.data


def _ratio(packed: int) -> int:
    """The most bytes that so many can be unpacked to."""
    return 1032 * packed + 64


@contextmanager
def _unpacking(path: Path, entry: ZipEntry) -> Iterator[None]:
    """Errors of zlib in words."""
    try:
        yield
    except zlib.error as error:
        raise damaged(path, f"'{entry.name[:80]}' cannot be unpacked: {error}") from None
