"""The wire format of protobuf, which .caffemodel and .onnx files have in common.

A field is a key, ``number · 8 + wire type``, and its value: a number, or so many bytes.
"""

from __future__ import annotations

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_MAX_VARINT = 10  # bytes


class BrokenError(Exception):
    """The bytes are not what the format allows."""


def read_varint(data: memoryview, at: int, end: int) -> tuple[int, int]:
    """A number, and where the next byte is.

    Raises:
        BrokenError: If it has no end.
    """
    value = shift = 0
    for i in range(at, min(at + _MAX_VARINT, end)):
        byte = data[i]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004  # the last one
            return value & (2**64 - 1), i + 1
        shift += 7
    raise BrokenError(f"at byte {at:,} a number has no end")


def read_key(data: memoryview, at: int, end: int) -> tuple[int, int, int]:
    """The number and the wire type of a field, and where its value is.

    Raises:
        BrokenError: If it is none.
    """
    key, behind = read_varint(data, at, end)
    if not key >> 3:
        raise BrokenError(f"at byte {at:,} a field has the number 0")
    return key >> 3, key & 7, behind


def extent(data: memoryview, at: int, end: int, wire: int) -> tuple[int, int]:
    """Where a value begins and ends.

    Raises:
        BrokenError: If that is behind the end, or its wire type is unknown.
    """
    if wire == VARINT:
        return at, read_varint(data, at, end)[1]
    if wire == BYTES:
        length, start = read_varint(data, at, end)
    elif wire in (FIXED32, FIXED64):
        length, start = (4, at) if wire == FIXED32 else (8, at)
    else:
        raise BrokenError(f"at byte {at:,} a value is of the unknown kind {wire}")
    if length > end - start:
        raise BrokenError(
            f"at byte {at:,} a value of {length:,} bytes begins, but {end - start:,} are left"
        )
    return start, start + length


def varint(value: int) -> bytes:
    """A number."""
    value &= 2**64 - 1
    out = bytearray()
    while value >= 0x80:  # noqa: PLR2004  # more groups of seven bits
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field_key(number: int, wire: int) -> bytes:
    """What a field begins with."""
    return varint(number << 3 | wire)


def framed(content: bytes) -> bytes:
    """Bytes, and how many there are before them."""
    return varint(len(content)) + content
