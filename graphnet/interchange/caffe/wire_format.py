"""Caffe's wire format (.caffemodel, .solverstate, .binaryproto): protobuf's, read in place.

A field is a key, ``number · 8 + wire type``, and its value. Numbers of blobs are not copied: they
stay where they are in the file's memory until somebody asks for the array. Nothing is allocated
by a length before that many bytes are seen to be there.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.errors import SnapshotError, did_you_mean_file
from graphnet.files.paths import shown
from graphnet.interchange.caffe.message import Message, float32
from graphnet.interchange.caffe.schema import ENUMS, KINDS, Field

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT = 10  # bytes

#: The wire type of one value of each scalar.
_WIRE = {"i32": _VARINT, "i64": _VARINT, "u32": _VARINT, "b": _VARINT, "f": _FIXED32}
_WIRE |= {"d": _FIXED64, "s": _BYTES, "y": _BYTES}


class BrokenError(Exception):
    """The bytes are not what the format allows."""


@dataclass
class Numbers:
    """The numbers of a repeated field, in the runs in which they lie in the file.

    Attributes:
        dtype: As they are stored.
        runs: Views of the file, each of whole numbers.
    """

    dtype: np.dtype
    runs: list[np.ndarray] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many there are."""
        return sum(run.size for run in self.runs)

    def array(self) -> np.ndarray:
        """All of them; a view of the file where they lie in one run."""
        if len(self.runs) == 1:
            return self.runs[0]
        return np.concatenate(self.runs) if self.runs else np.empty(0, self.dtype)


#: Files that are text by their name, and what they are given as.
_TEXTS = {
    ".prototxt": "a .prototxt is given as the net, or as its solver",
    **dict.fromkeys((".yaml", ".yml"), "graphnet's own files need no import"),
}


def read_wire(path: Path, kind: str) -> Message:
    """Read a file as a message of a kind; the numbers in it are read when they are asked for.

    Raises:
        SnapshotError: If it cannot be read, or is cut short or damaged.
    """
    if path.suffix in _TEXTS:
        raise SnapshotError(
            f"{shown(path)}: is text, expected a binary {kind}\n  {_TEXTS[path.suffix]}"
        )
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
    except FileNotFoundError:
        hint = did_you_mean_file(path)
        raise SnapshotError(f"{shown(path)}: there is no such file{hint}") from None
    except OSError as error:
        raise SnapshotError(f"{shown(path)}: cannot be read: {error.strerror}") from None
    return parse_wire(data, str(shown(path)), kind)


def parse_wire(data: Any, file: str, kind: str) -> Message:
    """Parse bytes as a message of a kind; ``file`` is the name used in messages.

    Raises:
        SnapshotError: If they are cut short or damaged.
    """
    try:
        return _parse(memoryview(data), 0, len(data), kind)
    except BrokenError as error:
        raise SnapshotError(
            f"{file}: is no whole file of Caffe's: {error}\n  expected a binary {kind};"
            " was it cut short on its way here?"
        ) from None


def _varint(data: memoryview, at: int, end: int) -> tuple[int, int]:
    """A number, and where the next byte is."""
    value = shift = 0
    for i in range(at, min(at + _MAX_VARINT, end)):
        byte = data[i]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004  # the last one
            return value & (2**64 - 1), i + 1
        shift += 7
    raise BrokenError(f"at byte {at:,} a number has no end")


def _parse(data: memoryview, at: int, end: int, kind: str) -> Message:
    """The message of a part of the data."""
    message = Message(KINDS[kind])
    fields = message.kind.by_number
    while at < end:
        begin = at
        key, at = _varint(data, at, end)
        number, wire = key >> 3, key & 7
        if not number:
            raise BrokenError(f"at byte {begin:,} a field has the number 0")
        start, stop = _extent(data, at, end, wire)
        at = stop
        known = fields.get(number)
        if known is None:
            continue
        if known.is_message:
            if wire == _BYTES:
                _put_message(message, known, _parse(data, start, stop, known.type))
        elif kind in ("BlobProto", "Datum") and known.repeated:
            at = _put_numbers(message, known, data, begin, (start, stop, end), wire)
        else:
            for value in _values(known, data, start, stop, wire):
                message.add(known.name, value)
    return message


def _extent(data: memoryview, at: int, end: int, wire: int) -> tuple[int, int]:
    """Where a value begins and ends."""
    if wire == _VARINT:
        return at, _varint(data, at, end)[1]
    if wire == _BYTES:
        length, start = _varint(data, at, end)
    elif wire in (_FIXED32, _FIXED64):
        length, start = (4, at) if wire == _FIXED32 else (8, at)
    else:
        raise BrokenError(f"at byte {at:,} a value is of the unknown kind {wire}")
    if length > end - start:
        raise BrokenError(
            f"at byte {at:,} a value of {length:,} bytes begins, but {end - start:,} are left"
        )
    return start, start + length


def _put_message(message: Message, known: Field, inner: Message) -> None:
    """Add a message; a single one that comes twice is merged, as protobuf does."""
    if known.repeated or not message.has(known.name):
        message.add(known.name, inner)
        return
    first = message.values[known.name]
    for name, value in inner.values.items():
        for each in value if isinstance(value, list) else [value]:
            first.add(name, each)


def _put_numbers(
    message: Message,
    known: Field,
    data: memoryview,
    begin: int,
    extent: tuple[int, int, int],
    wire: int,
) -> int:
    """Add numbers to a repeated field, packed or one by one; where the next field begins."""
    start, stop, end = extent
    dtype = np.dtype("<f4" if known.type == "f" else "<f8")
    if wire not in (_BYTES, _WIRE[known.type]):
        return stop
    numbers = message.values.setdefault(known.name, Numbers(dtype))
    if wire == _BYTES:
        if (stop - start) % dtype.itemsize:
            raise BrokenError(
                f"at byte {begin:,} the {stop - start:,} bytes of '{known.name}' break a number"
            )
        if stop > start:
            numbers.runs.append(np.frombuffer(data[start:stop], dtype))
        return stop
    # one by one: as many as follow with the same key are one strided run
    width = stop - begin
    whole = data[begin : begin + (end - begin) // width * width]
    rows = np.frombuffer(whole, np.uint8).reshape(-1, width)
    key = rows[0, : start - begin]
    n, step = 1, 1024
    while n < len(rows):
        same = (rows[n : n + step, : start - begin] == key).all(axis=1)
        n += int(same.argmin()) if not same.all() else len(same)
        if not same.all():
            break
        step *= 4
    record = np.dtype({"names": ["x"], "formats": [dtype], "offsets": [start - begin],
                       "itemsize": width})  # fmt: skip
    numbers.runs.append(np.frombuffer(data[begin : begin + n * width], record)["x"])
    return begin + n * width


def _values(known: Field, data: memoryview, start: int, stop: int, wire: int) -> Iterator[Any]:
    """The values of a scalar field: one, or of a repeated one those packed together."""
    own = _WIRE.get(known.type, _VARINT)
    if wire == own:
        value = _scalar(known, data, start, stop)
        if value is not None:
            yield value
    elif wire == _BYTES and known.repeated:
        while start < stop:
            begin, start = _extent(data, start, stop, own)
            value = _scalar(known, data, begin, start)
            if value is not None:
                yield value


def _scalar(known: Field, data: memoryview, start: int, stop: int) -> Any:
    """One value; None for a number that its enumeration does not have."""
    match known.type:
        case "s":
            return bytes(data[start:stop]).decode("utf-8", "backslashreplace")
        case "y":
            return bytes(data[start:stop])
        case "f":
            return float32(struct.unpack("<f", data[start:stop])[0])
        case "d":
            return struct.unpack("<d", data[start:stop])[0]
    value, _ = _varint(data, start, stop)
    match known.type:
        case "b":
            return value != 0
        case "u32":
            return value & (2**32 - 1)
        case "i64":
            return value - 2**64 if value >= 2**63 else value
    value &= 2**32 - 1
    value = value - 2**32 if value >= 2**31 else value
    if known.type == "i32":
        return value
    names = {number: name for name, number in ENUMS[known.type].items()}
    return names.get(value)
