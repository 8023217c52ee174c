"""What tells a data file from another one of its name."""

import pytest

from graphnet.data.fingerprint import BLOCK_BYTES, N_BLOCKS, fingerprint
from graphnet.errors import DataError


def flip(path, place):
    """Change one byte in place."""
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1]))


@pytest.mark.parametrize("size", [1, 100, BLOCK_BYTES, 3 * BLOCK_BYTES + 7])
def test_every_byte_counts(tmp_path, size):
    """Of files that are not too large: the first, the last, one in between."""
    path = tmp_path / "a"
    path.write_bytes(bytes(size))
    before = fingerprint([path])
    for place in {0, size // 2, size - 1}:
        flip(path, place)
        assert fingerprint([path]) != before
        flip(path, place)
        assert fingerprint([path]) == before


def test_large_files(tmp_path):
    """Their sizes, both ends and blocks in between count."""
    path = tmp_path / "a"
    size = (N_BLOCKS + 5) * BLOCK_BYTES + 3
    with path.open("wb") as file:
        file.truncate(size)  # takes no room on the disk
    before = fingerprint([path])
    for place in (0, BLOCK_BYTES - 1, size // 9, size - BLOCK_BYTES, size - 1):
        flip(path, place)
        assert fingerprint([path]) != before, place
        flip(path, place)
    with path.open("r+b") as file:
        file.truncate(size + 1)
    assert fingerprint([path]) != before


def test_names_do_not_count(tmp_path):
    """A copy is the same data; the order of files is not."""
    first, second, copy = (tmp_path / name for name in "abc")
    for path, content in ((first, b"1"), (second, b"2"), (copy, b"1")):
        path.write_bytes(content)
    assert fingerprint([first, second]) == fingerprint([copy, second])
    assert fingerprint([first, second]) != fingerprint([second, first])
    assert fingerprint([first]) != fingerprint([first, first])


def test_where_one_file_ends_counts(tmp_path):
    """The same bytes cut elsewhere are other files."""
    for name, content in (("a", b"1"), ("b", b"23"), ("c", b"12"), ("d", b"3")):
        (tmp_path / name).write_bytes(content)
    a, b, c, d = (tmp_path / name for name in "abcd")
    assert fingerprint([a, b]) != fingerprint([c, d])


def test_a_missing_file(tmp_path):
    """It is named."""
    with pytest.raises(DataError, match=r"cannot read .*nothing.h5: No such file"):
        fingerprint([tmp_path / "nothing.h5"])
