"""Messages in the wire format; a model is written array by array."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from io import RawIOBase
from typing import Any

import numpy as np

from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.files.schema import ENUMS, KINDS, Field
from graphnet.interchange.protobuf import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    field_key,
    framed,
    varint,
)

#: The arrays of a layer: their shapes, and what gives their values when they are written.
Blobs = Sequence[tuple[tuple[int, ...], Callable[[], np.ndarray]]]


def write_model(output: RawIOBase, net: Message, layers: Iterable[tuple[Message, Blobs]]) -> None:
    """Write a .caffemodel.

    Args:
        output: Where to.
        net: The net except for its layers.
        layers: Each with its arrays.
    """
    output.write(to_bytes(net))
    number = KINDS["NetParameter"].fields["layer"].number
    blob_number = KINDS["LayerParameter"].fields["blobs"].number
    for layer, blobs in layers:
        head = to_bytes(layer)
        frames = [_blob_frame(shape) for shape, _ in blobs]
        sizes = [_size(frame, shape) for frame, (shape, _) in zip(frames, blobs, strict=True)]
        keys = [field_key(blob_number, BYTES) + varint(size) for size in sizes]
        total = len(head) + sum(map(len, keys)) + sum(sizes)
        output.write(field_key(number, BYTES) + varint(total) + head)
        for key, frame, (_, read) in zip(keys, frames, blobs, strict=True):
            output.write(key + frame)
            values = np.ascontiguousarray(read(), dtype="<f4").reshape(-1)
            output.write(values.data.cast("B") if values.size else b"")


def _blob_frame(shape: tuple[int, ...]) -> bytes:
    """The beginning of a blob: its shape, and how many bytes follow."""
    dims = b"".join(varint(n) for n in shape)
    n = int(np.prod(shape, dtype=np.int64)) * 4
    return (
        field_key(7, BYTES)
        + framed(field_key(1, BYTES) + framed(dims))
        + field_key(5, BYTES)
        + varint(n)
    )


def _size(frame: bytes, shape: tuple[int, ...]) -> int:
    return len(frame) + int(np.prod(shape, dtype=np.int64)) * 4


def to_bytes(message: Message) -> bytes:
    """A message without large arrays."""
    out = bytearray()
    for name, value in message.values.items():
        field = message.kind.fields[name]
        for each in value if field.repeated else [value]:
            out += _field(field, each)
    return bytes(out)


def _field(field: Field, value: Any) -> bytes:
    if isinstance(value, Message):
        return field_key(field.number, BYTES) + framed(to_bytes(value))
    match field.type:
        case "s":
            return field_key(field.number, BYTES) + framed(str(value).encode())
        case "y":
            return field_key(field.number, BYTES) + framed(bytes(value))
        case "f":
            return field_key(field.number, FIXED32) + struct.pack("<f", value)
        case "d":
            return field_key(field.number, FIXED64) + struct.pack("<d", value)
    number = ENUMS[field.type][value] if field.is_enum else int(value)
    return field_key(field.number, VARINT) + varint(number)
