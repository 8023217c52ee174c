"""IDX files."""

import gzip
import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphnet.data.sets import idx
from graphnet.errors import DataError


def encode(array, code):
    """The array as the content of an IDX file."""
    head = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.mark.parametrize(
    ("code", "dtype"), [(8, "u1"), (9, "i1"), (11, "i2"), (12, "i4"), (13, "f4"), (14, "f8")]
)
@pytest.mark.parametrize("shape", [(7,), (2, 3), (2, 3, 4)])
def test_round_trip(code, dtype, shape):
    """Every type of value and number of axes comes back, in the machine's byte order."""
    array = (np.arange(np.prod(shape)) * 3 - 4).astype(dtype).reshape(shape)
    found = idx.parse(encode(array, code), "file")
    assert found.dtype == np.dtype(dtype)
    assert found.dtype.isnative
    assert np.array_equal(found, array)


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
def test_read_gzipped_or_plain(tmp_path, pack):
    """A file is recognised by its content, not by its name."""
    (tmp_path / "x").write_bytes(pack(encode(np.arange(5, dtype=np.uint8), 8)))
    assert idx.read(tmp_path / "x").tolist() == [0, 1, 2, 3, 4]


GOOD = encode(np.zeros((4, 5), np.uint8), 8)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "is not an IDX file: it begins with nothing"),
        (
            b"PK\3\4 zip",
            r"is not an IDX file: it begins with 50 4b 03 04\n  expected 00 00, a type code",
        ),
        (b"\0\0\7\1" + bytes(8), "is not an IDX file: it begins with 00 00 07 01"),
        (b"\0\0\10\0", "is not an IDX file: it begins with 00 00 08 00"),
        (GOOD[:9], r"has 9 bytes, but its header asks for 12 or more\n  the file is damaged"),
        (GOOD[:-1], r"has 31 bytes, but its header asks for 32\n  the file is damaged"),
        (GOOD + b"x", "has 33 bytes, but its header asks for 32"),
        (
            b"\0\0\10\3" + b"\xff" * 12,
            f"has 16 bytes, but its header asks for {16 + (2**32 - 1) ** 3}",
        ),
    ],
)
def test_refuses(content, match):
    """What is no IDX file, or has another length than it says, is refused."""
    with pytest.raises(DataError, match=f"^file {match}"):
        idx.parse(content, "file")


def test_refuses_damaged_gzip(tmp_path):
    """A gzip file that was cut off is named."""
    (tmp_path / "x.gz").write_bytes(gzip.compress(GOOD)[:-9])
    with pytest.raises(DataError, match=r"x\.gz is a damaged gzip file: .*\n  get it again"):
        idx.read(tmp_path / "x.gz")


def test_refuses_more_than_the_limit():
    """A small file that unpacks into a huge one is not unpacked."""
    with pytest.raises(DataError, match="bomb holds more than the 1000 bytes it should"):
        idx.unpack(gzip.compress(bytes(10**6)), "bomb", limit=1000)


def test_missing_file(tmp_path):
    """A file that is not there is named."""
    with pytest.raises(DataError, match=r"cannot read .*nowhere: No such file"):
        idx.read(tmp_path / "nowhere")


@given(
    st.binary(max_size=60),
    st.sampled_from([b"", b"\0\0\x08\1", b"\0\0\x08\2\0\0\0\2", b"\x1f\x8b"]),
)
def test_any_bytes(content, start):
    """Any content is either an array or refused with a message; nothing else happens."""
    with suppress(DataError):
        idx.parse(idx.unpack(start + content, "file", limit=1000), "file")
