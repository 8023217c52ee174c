"""Caffe's wire format (.caffemodel, .solverstate, .binaryproto): protobuf's, read in place.

A field is a key, ``number · 8 + wire type``, and its value. Numbers of blobs are not copied: they
stay where they are in the file's memory until somebody asks for the array. Nothing is allocated
by a length before that many bytes are seen to be there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.errors import SnapshotError, did_you_mean_file
from graphnet.files.mapping import FileMapping
from graphnet.files.paths import shown
from graphnet.files.reading import open_regular
from graphnet.interchange.caffe.files.message import Message, float32
from graphnet.interchange.caffe.files.schema import ENUMS, KINDS, Field
from graphnet.interchange.protobuf import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    BrokenError,
    extent,
    read_key,
    read_varint,
)

#: The wire type of one value of each scalar.
_WIRE = {"i32": VARINT, "i64": VARINT, "u32": VARINT, "b": VARINT, "f": FIXED32}
_WIRE |= {"d": FIXED64, "s": BYTES, "y": BYTES}


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
        with open_regular(path, SnapshotError) as file:
            size = file.seek(0, 2)
            data = FileMapping.of(file, path, SnapshotError) if size else b""
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


def _parse(data: memoryview, at: int, end: int, kind: str) -> Message:
    """The message of a part of the data."""
    message = Message(KINDS[kind])
    fields = message.kind.by_number
    while at < end:
        begin = at
        number, wire, at = read_key(data, at, end)
        start, stop = extent(data, at, end, wire)
        at = stop
        known = fields.get(number)
        if known is None:
            continue
        if known.is_message:
            if wire == BYTES:
                _put_message(message, known, _parse(data, start, stop, known.type))
        elif kind in ("BlobProto", "Datum") and known.repeated:
            at = _put_numbers(message, known, data, begin, (start, stop, end), wire)
        else:
            for value in _values(known, data, start, stop, wire):
                message.add(known.name, value)
    return message


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
    place: tuple[int, int, int],
    wire: int,
) -> int:
    """Add numbers to a repeated field, packed or one by one; where the next field begins."""
    start, stop, end = place
    dtype = np.dtype("<f4" if known.type == "f" else "<f8")
    if wire not in (BYTES, _WIRE[known.type]):
        return stop
    numbers = message.values.setdefault(known.name, Numbers(dtype))
    if wire == BYTES:
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
    own = _WIRE.get(known.type, VARINT)
    if wire == own:
        value = _scalar(known, data, start, stop)
        if value is not None:
            yield value
    elif wire == BYTES and known.repeated:
        while start < stop:
            begin, start = extent(data, start, stop, own)
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
    value, _ = read_varint(data, start, stop)
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
