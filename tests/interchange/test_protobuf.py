"""Protobuf's wire format."""

import pytest

from graphnet.interchange.protobuf import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    BrokenError,
    extent,
    field_key,
    framed,
    read_key,
    read_varint,
    varint,
)


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 2**31, 2**63, 2**64 - 1])
def test_numbers_there_and_back(value):
    """With what follows them left alone."""
    data = memoryview(varint(value) + b"x")
    assert read_varint(data, 0, len(data)) == (value, len(data) - 1)


def test_a_negative_number_has_ten_bytes():
    """As protobuf writes it."""
    assert varint(-1) == b"\xff" * 9 + b"\x01"


def test_fields():
    """A key, and where the value is."""
    data = memoryview(field_key(19, BYTES) + framed(b"abc"))
    number, wire, at = read_key(data, 0, len(data))
    start, stop = extent(data, at, len(data), wire)
    assert (number, wire, bytes(data[start:stop])) == (19, BYTES, b"abc")
    assert extent(memoryview(bytes(8)), 0, 8, FIXED32) == (0, 4)
    assert extent(memoryview(bytes(8)), 0, 8, FIXED64) == (0, 8)
    assert extent(memoryview(b"\x80\x01z"), 0, 3, VARINT) == (0, 2)


def whole_field(data):
    """Where the value of the first field is."""
    _, wire, at = read_key(data, 0, len(data))
    return extent(data, at, len(data), wire)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x80" * 10, "at byte 0 a number has no end"),
        (b"\x05", "at byte 0 a field has the number 0"),
        (field_key(1, BYTES) + varint(9) + b"abc", "9 bytes begins, but 3 are left"),
        (field_key(1, FIXED64) + b"abc", "8 bytes begins, but 3 are left"),
        (field_key(1, 3), "unknown kind 3"),
    ],
)
def test_broken(data, said):
    """With the place."""
    with pytest.raises(BrokenError, match=said):
        whole_field(memoryview(data))
