"""Zip archives: what NumPy and PyTorch write, and what somebody has made of it."""

from __future__ import annotations

import re
import struct
import zipfile

import numpy as np
import pytest
from support import weight_files as made

from graphnet.errors import SnapshotError
from graphnet.interchange.weights.zip_archive import ZipArchive

FILES = {"a": b"hello", "b/é": bytes(3000), "empty": b""}


def written(tmp_path, data):
    path = tmp_path / "m.zip"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("comment", [b"", b"x" * 3000])
def test_contents(method, comment, tmp_path):
    """Each entry as zipfile has written it, whole and its beginning; with a comment behind."""
    path = written(tmp_path, made.zipped(FILES, method))
    if comment:
        with zipfile.ZipFile(path, "a") as file:
            file.comment = comment
    archive = ZipArchive(path)
    assert list(archive.entries) == list(FILES)
    for name, data in FILES.items():
        entry = archive.entries[name]
        assert (entry.size, bytes(archive.content(entry))) == (len(data), data)
        assert archive.beginning(entry, 4) == data[:4]


def test_64_bit_sizes(tmp_path):
    """As writers have them that do not know the size before, and beyond 4 GiB."""
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w") as file, file.open("a", "w", force_zip64=True) as entry:
        entry.write(b"hello")
    data = path.read_bytes()
    # the list names sizes of 64 bits, too, and so does its end
    at = data.index(b"PK\x01\x02")
    entry = bytearray(data[at : data.index(b"PK\x05\x06")])
    entry[20:28], entry[30:32] = b"\xff" * 8, struct.pack("<H", 20)
    entry += struct.pack("<HHQQ", 1, 16, 5, 5)
    end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(entry), at)
    place = struct.pack("<4sLQL", b"PK\x06\x07", 0, at + len(entry), 1)
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)
    archive = ZipArchive(written(tmp_path, data[:at] + bytes(entry) + end + place + last))
    assert bytes(archive.content(archive.entries["a"])) == b"hello"


def end(count, size, start):
    return struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, size, start, 0)


PLAIN = made.zipped({"a": b"hello", "b": b"world"})
PACKED = made.zipped({"a": bytes(3000)}, 8)
LIST = PLAIN.index(b"PK\x01\x02")


def listed(place, value, data=PLAIN):
    """The archive with other bytes in the first entry of its list."""
    at = data.index(b"PK\x01\x02") + place
    return data[:at] + value + data[at + len(value) :]


LIES = {
    "no end": (PLAIN[:-22], "its end is missing"),
    "a list beyond": (PLAIN[:-22] + end(2, 94, 10**6), "the list of the archive ends beyond"),
    "more entries than are listed": (PLAIN[:-22] + end(3, 94, LIST), "is shorter than it says"),
    "a million entries": (
        PLAIN[:-22]
        + struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 10**7, 10**7, 94, LIST)
        + struct.pack("<4sLQL", b"PK\x06\x07", 0, len(PLAIN) - 22, 1)
        + end(2, 94, LIST),
        "has 10,000,000 entries",
    ),
    "another list": (PLAIN[:-22] + end(2, 94, LIST - 1), "the list of the archive is damaged"),
    "a 64-bit end elsewhere": (
        PLAIN[:-22] + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1) + end(2, 94, LIST),
        "the end of the archive is not where it is said to be",
    ),
    "several disks": (PLAIN[:-18] + b"\1\0" + PLAIN[-16:], "one part of an archive"),
    "a name twice": (PLAIN.replace(b"b", b"a"), "'a' is twice in the archive"),
    "encrypted": (listed(8, b"\1\0"), "'a' is encrypted"),
    "packed in another way": (listed(10, b"\x0c\0"), "'a' is packed by method 12"),
    "two lengths": (listed(24, b"\4\0\0\0"), "'a' has two lengths: 5 and 4"),
    "an entry beyond the file": (listed(42, b"\0\0\0\x40"), "'a' ends beyond the list"),
    "entries on the same bytes": (listed(42, b"\x09\0\0\0"), "lie on the same bytes"),
    "an entry over its list": (
        listed(20, b"\xff\0\0\0\xff\0\0\0", made.zipped({"a": b"hello"})),
        "'a' ends beyond the list of the archive",
    ),
}


@pytest.mark.parametrize("what", LIES)
def test_lists_that_lie(what, tmp_path):
    """With the file, what is wrong, and what to do."""
    data, said = LIES[what]
    with pytest.raises(SnapshotError, match=re.escape(said)) as found:
        ZipArchive(written(tmp_path, data))
    assert str(found.value).startswith(str(tmp_path / "m.zip"))
    assert "\n  " in str(found.value)


BROKEN = {
    "a changed byte": (PLAIN.replace(b"hello", b"hallo"), "its checksum is wrong"),
    "a header elsewhere": (b"PK\x03\x05" + PLAIN[4:], "'a' is not where it is said to be"),
    "longer than it says": (listed(24, b"\x08\0\0\0", PACKED), "'a' is longer than it says"),
    "shorter than it says": (listed(24, b"\0\x0f\0\0", PACKED), "'a' is shorter than it says"),
    "a bomb": (listed(24, b"\xff\xff\xff\xfe", PACKED), "'a' cannot be as long as it says"),
    "damaged": (PACKED[:35] + b"\xff" * 8 + PACKED[43:], "'a' cannot be unpacked"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_entries_that_lie(what, tmp_path):
    """They are found out when they are read."""
    data, said = BROKEN[what]
    archive = ZipArchive(written(tmp_path, data))
    with pytest.raises(SnapshotError, match=re.escape(said)):
        archive.content(archive.entries["a"])


def test_a_packed_beginning_that_is_damaged(tmp_path):
    """In words, too."""
    archive = ZipArchive(written(tmp_path, BROKEN["damaged"][0]))
    with pytest.raises(SnapshotError, match="cannot be unpacked"):
        archive.beginning(archive.entries["a"], 10)


def test_a_large_entry_in_blocks(tmp_path):
    """Several megabytes, packed."""
    data = np.random.default_rng(0).integers(0, 4, 3 << 20, np.uint8).tobytes()
    archive = ZipArchive(written(tmp_path, made.zipped({"a": data}, 8)))
    assert bytes(archive.content(archive.entries["a"])) == data
