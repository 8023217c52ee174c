"""Files of Caffe's, put together byte by byte."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np


def varint(value: int) -> bytes:
    """A number in groups of seven bits."""
    out = bytearray()
    value &= 2**64 - 1
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def number(field: int, value: int) -> bytes:
    """A whole number, a truth value or one of an enumeration."""
    return varint(field << 3) + varint(value)


def data(field: int, content: bytes | str) -> bytes:
    """A text, bytes, packed numbers or a message."""
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def real(field: int, value: float) -> bytes:
    """A float32 by itself."""
    return varint(field << 3 | 5) + struct.pack("<f", value)


def blob(array: np.ndarray, how: str = "packed") -> bytes:
    """A BlobProto: ``packed``, ``unpacked``, ``double``, ``runs`` or ``legacy``."""
    array = np.asarray(array)
    shape = data(7, data(1, b"".join(varint(n) for n in array.shape)))
    flat = array.reshape(-1).astype("<f4")
    match how:
        case "unpacked":
            return shape + b"".join(real(5, x) for x in flat)
        case "double":
            return shape + data(8, flat.astype("<f8").tobytes())
        case "runs":
            return data(5, flat[:2].tobytes()) + shape + data(5, flat[2:].tobytes())
        case "legacy":
            sizes = (1,) * (4 - array.ndim) + array.shape
            head = b"".join(number(i + 1, n) for i, n in enumerate(sizes))
            return head + data(5, flat.tobytes())
    return shape + data(5, flat.tobytes())


def layer(
    name: str,
    kind: str,
    bottoms: Sequence[str] = (),
    tops: Sequence[str] = (),
    blobs: Sequence[bytes] = (),
    rest: bytes = b"",
) -> bytes:
    """A layer of the present form, in a net."""
    inner = data(1, name) + data(2, kind)
    inner += b"".join(data(3, bottom) for bottom in bottoms)
    inner += b"".join(data(4, top) for top in tops)
    inner += b"".join(data(7, each) for each in blobs)
    return data(100, inner + rest)


def model(*layers: bytes, name: str = "net") -> bytes:
    """A .caffemodel."""
    return data(1, name) + b"".join(layers)
