"""Event files, which TensorBoard reads: checked records of messages in protobuf's wire format.

A record is its length, a checksum of that, the message, and a checksum of the message (TFRecord).
The checksum is CRC-32C (Castagnoli), rotated and with a constant added. The messages are
TensorFlow's Event, Summary, HistogramProto and GraphDef, of which the fields below are written:
https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Sequence
from os.path import samestat
from pathlib import Path
from time import time
from typing import NamedTuple

import numpy as np

from graphnet.files.bounds import check_write
from graphnet.files.image_file import png_of
from graphnet.files.writing import explained
from graphnet.solver.record.statistics_file import ADVICE

_POLYNOMIAL, _MASK = 0x82F63B78, 0xA282EAD8
_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5  # protobuf's wire types
_START = 1  # SessionLog.START
_BINS = 30
#: How the first record of a file begins that such files are known by.
VERSION = b"brain.Event:2"


def _table() -> list[int]:
    found = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        found.append(value)
    return found


_TABLE = _table()


def crc32c(data: bytes) -> int:
    """The CRC-32C of bytes."""
    value, table = 0xFFFFFFFF, _TABLE
    for byte in data:
        value = value >> 8 ^ table[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


def masked(checksum: int) -> int:
    """A checksum as records have it."""
    return ((checksum >> 15 | checksum << 17) + _MASK) & 0xFFFFFFFF


def record(message: bytes) -> bytes:
    """A message as a record."""
    length = struct.pack("<Q", len(message))
    ends = struct.pack("<I", masked(crc32c(length))), struct.pack("<I", masked(crc32c(message)))
    return length + ends[0] + message + ends[1]


# --- protobuf ---------------------------------------------------------------------------


def _varint(value: int) -> bytes:
    value &= 0xFFFFFFFFFFFFFFFF
    found = bytearray()
    while value > 0x7F:  # noqa: PLR2004  # seven bits a byte
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _key(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)


def _int(number: int, value: int) -> bytes:
    return _key(number, _VARINT) + _varint(value)


def _double(number: int, value: float) -> bytes:
    return _key(number, _DOUBLE) + struct.pack("<d", value)


def _float(number: int, value: float) -> bytes:
    with np.errstate(over="ignore"):  # beyond float32's range: infinite
        return _key(number, _FLOAT) + np.array(value, "<f4").tobytes()


def _bytes(number: int, value: bytes) -> bytes:
    return _key(number, _BYTES) + _varint(len(value)) + value


def _text(number: int, value: str) -> bytes:
    return _bytes(number, value.encode())


def _doubles(number: int, values: Sequence[float]) -> bytes:
    return _bytes(number, struct.pack(f"<{len(values)}d", *values))


# --- what a summary holds ---------------------------------------------------------------


def scalar(tag: str, value: float) -> bytes:
    """A number under a tag."""
    return _bytes(1, _text(1, tag) + _float(2, value))


def histogram(tag: str, values: np.ndarray) -> bytes:
    """How the finite values of an array are spread; nothing if there is none."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        return b""
    counts, edges = np.histogram(finite, _BINS)
    message = (
        _double(1, float(finite.min()))
        + _double(2, float(finite.max()))
        + _double(3, float(finite.size))
        + _double(4, float(finite.sum()))
        + _double(5, float(np.square(finite).sum()))
        + _doubles(6, edges[1:].tolist())
        + _doubles(7, counts.astype(float).tolist())
    )
    return _bytes(1, _text(1, tag) + _bytes(5, message))


def image(tag: str, values: np.ndarray) -> bytes:
    """A picture: ``(H, W)`` for grey or ``(H, W, 3)`` for colours, uint8."""
    height, width = values.shape[:2]
    channels = 1 if values.ndim == 2 else 3  # noqa: PLR2004
    message = _int(1, height) + _int(2, width) + _int(3, channels) + _bytes(4, png_of(values))
    return _bytes(1, _text(1, tag) + _bytes(4, message))


class GraphNode(NamedTuple):
    """A node of the graph: its name, what it does, and the names of those that it reads."""

    name: str
    op: str
    inputs: tuple[str, ...] = ()


def graph(nodes: Iterable[GraphNode]) -> bytes:
    """A GraphDef of nodes."""
    return b"".join(
        _bytes(
            1,
            _text(1, node.name) + _text(2, node.op) + b"".join(_text(3, n) for n in node.inputs),
        )
        for node in nodes
    )


class EventFile:
    """A new event file in a folder, in order behind those that are there.

    Args:
        folder: Made if it is not there.
        step: From which on this file replaces what earlier ones hold.

    Raises:
        SnapshotError: If it cannot be written.
    """

    def __init__(self, folder: Path, step: int) -> None:
        with explained(folder, ADVICE):
            check_write(folder)
            folder.mkdir(parents=True, exist_ok=True)
            number = len(list(folder.glob("events.out.tfevents.*")))
            seconds = max([int(time()), *(_seconds(p) for p in folder.glob("events.out.*"))])
            self.path = folder / f"events.out.tfevents.{seconds:010d}.graphnet.{number:06d}"
            self._place = self.path.absolute()
            check_write(self.path)
            self._file = self.path.open("xb")
            self._flushed = 0
        self._add(0, _bytes(3, VERSION))
        self._add(step, _bytes(7, _int(1, _START)))

    def add_graph(self, nodes: Iterable[GraphNode]) -> None:
        """Add the graph."""
        self._add(0, _bytes(4, graph(nodes)))

    def add(self, step: int, values: Iterable[bytes]) -> None:
        """Add scalars, histograms, images of a step."""
        message = b"".join(values)
        if message:
            self._add(step, _bytes(5, message))

    def _add(self, step: int, content: bytes) -> None:
        with explained(self.path, ADVICE):
            self._file.write(record(_double(1, time()) + _int(2, step) + content))

    def flush(self) -> None:
        """Hand what was added to the system."""
        with explained(self.path, ADVICE):
            self._file.flush()
            self._flushed = self._file.tell()

    @property
    def is_whole(self) -> bool:
        """Whether its path leads to it, and all is in it that was handed to the system."""
        with explained(self.path, ADVICE):
            held = os.fstat(self._file.fileno())
            try:
                there = self._place.stat()
            except FileNotFoundError:
                return False
        return samestat(held, there) and held.st_size >= self._flushed

    def close(self) -> None:
        """Close it."""
        with explained(self.path, ADVICE):
            self._file.close()


def _seconds(path: Path) -> int:
    """The time in a file's name."""
    text = path.name.split(".")[3]
    return int(text) if text.isdecimal() else 0
