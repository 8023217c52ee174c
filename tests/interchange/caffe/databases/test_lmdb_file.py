"""LMDB files: small ones put together by hand, real ones where they are."""

import struct

import pytest
from support.caffe_golden import GOLDEN, needs_golden

from graphnet.errors import DataError
from graphnet.interchange.caffe.databases.lmdb_file import LMDBFile, is_lmdb

PAGE = 512


def page(number, flags, nodes, n_pages=None):
    """A page of nodes, given as bytes."""
    at, pointers, body = PAGE, [], b""
    for node in nodes:
        at -= len(node)
        pointers.append(at)
        body = node + body
    lower = 16 + 2 * len(nodes)
    tail = struct.pack("<I", n_pages) if n_pages else struct.pack("<HH", lower, at)
    head = struct.pack("<QHH", number, 0, flags) + tail
    head += b"".join(struct.pack("<H", p) for p in pointers)
    return head + bytes(PAGE - len(head) - len(body)) + body


def node(key, value, *, big=False):
    """A node of a leaf."""
    size = big or len(value)
    return struct.pack("<4H", size & 0xFFFF, size >> 16, bool(big), len(key)) + key + value


def below(number):
    """A node of a branch."""
    return struct.pack("<4H", number & 0xFFFF, number >> 16, 0, 1) + b"k"


def meta(number, root, entries, transaction):
    content = struct.pack("<II16x", 0xBEEFC0DE, 1) + struct.pack("<I44x", PAGE)
    content += struct.pack("<I2H5Q", 0, 0, 1, 0, 0, 0, entries, root)
    content += struct.pack("<QQ", 5, transaction)
    head = struct.pack("<QHHHH", number, 0, 8, 0, 0)
    return (head + content).ljust(PAGE, b"\0")


@pytest.fixture
def lmdb(tmp_path):
    """Three values, one of which is large, in two leaves."""
    large = b"x" * 700
    over = (struct.pack("<QHHI", 5, 0, 4, 2) + large).ljust(2 * PAGE, b"\0")
    pages = [
        meta(0, 2**64 - 1, 0, 1),
        meta(1, 2, 3, 2),
        page(2, 1, [below(3), below(4)]),
        page(3, 2, [node(b"a", b"one"), node(b"b", struct.pack("<Q", 5), big=700)]),
        page(4, 2, [node(b"c", b"three")]),
        over,
    ]
    (tmp_path / "data.mdb").write_bytes(b"".join(pages))
    return tmp_path


def test_values(lmdb):
    """In the order of the keys; the newer meta page counts."""
    file = LMDBFile(lmdb)
    assert file.n_entries == 3
    found = [(key, bytes(value)) for key, value in file]
    assert found == [(b"a", b"one"), (b"b", b"x" * 700), (b"c", b"three")]
    assert is_lmdb(lmdb)


@pytest.mark.parametrize(
    ("at", "content", "said"),
    [
        (2 * PAGE + 16, b"\xff\xff", "points beyond its end"),
        (3 * PAGE - 9, struct.pack("<4H", 2, 0, 0, 1), "is met twice"),
        (3 * PAGE - 9, struct.pack("<4H", 9, 9, 0, 1), "there is no page"),
        (3 * PAGE + 10, b"\0\0", "is neither a branch nor a leaf"),
        (5 * PAGE + 10, b"\0\0", "holds no large value"),
        (5 * PAGE + 12, b"\1\0", "ends beyond the file"),
    ],
)
def test_damaged(lmdb, at, content, said):
    """In words."""
    path = lmdb / "data.mdb"
    data = bytearray(path.read_bytes())
    data[at : at + len(content)] = content
    path.write_bytes(data)
    with pytest.raises(DataError, match=said):
        list(LMDBFile(lmdb))


def test_no_lmdb(tmp_path):
    """Another file, an empty one, none."""
    for content in (b"", b"x" * 2000):
        (tmp_path / "data.mdb").write_bytes(content)
        assert not is_lmdb(tmp_path)
        with pytest.raises(DataError, match=r"cannot be read|does not begin as one"):
            LMDBFile(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        LMDBFile(tmp_path / "none")


@needs_golden
def test_real_ones():
    """As many values as they say."""
    for path in sorted((GOLDEN / "formats").glob("*_lmdb")):
        file = LMDBFile(path)
        assert sum(1 for _ in file) == file.n_entries == 20
