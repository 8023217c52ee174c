"""What tells a data file from another one of its name."""

from pathlib import Path

import pytest

from graphnet.data import fingerprint
from graphnet.data.fingerprint import BLOCK_BYTES, N_BLOCKS, fingerprints
from graphnet.errors import DataError


def of(path):
    """A single file's."""
    (found,) = fingerprints([path]).values()
    return found


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
    before = of(path)
    for place in {0, size // 2, size - 1}:
        flip(path, place)
        assert of(path) != before
        flip(path, place)
        assert of(path) == before


def test_large_files(tmp_path):
    """Their sizes, both ends and blocks in between count."""
    path = tmp_path / "a"
    size = (N_BLOCKS + 5) * BLOCK_BYTES + 3
    with path.open("wb") as file:
        file.truncate(size)  # takes no room on the disk
    before = of(path)
    for place in (0, BLOCK_BYTES - 1, size // 9, size - BLOCK_BYTES, size - 1):
        flip(path, place)
        assert of(path) != before, place
        flip(path, place)
    with path.open("r+b") as file:
        file.truncate(size + 1)
    assert of(path) != before


@pytest.mark.parametrize(
    ("n_files", "unread"), [(1, []), (2, [4, 9, 14, 15]), (3, range(4, 16)), (100, range(4, 16))]
)
def test_several_files_share_the_blocks(tmp_path, monkeypatch, n_files, unread):
    """Blocks lie evenly from the first byte to the last; each file has two, however many are."""
    monkeypatch.setattr(fingerprint, "BLOCK_BYTES", 4)
    monkeypatch.setattr(fingerprint, "N_BLOCKS", 8)
    paths = [tmp_path / str(i) for i in range(n_files)]
    for path in paths:
        path.write_bytes(bytes(20))
    before = fingerprints(paths)[str(paths[-1])]
    passed_over = []
    for place in range(20):
        flip(paths[-1], place)
        if fingerprints(paths)[str(paths[-1])] == before:
            passed_over.append(place)
        flip(paths[-1], place)
    assert passed_over == list(unread)


def test_names_do_not_count(tmp_path):
    """A copy is the same data."""
    for name, content in (("a", b"1"), ("b", b"2"), ("c", b"1")):
        (tmp_path / name).write_bytes(content)
    found = fingerprints([tmp_path / name for name in "abc"])
    assert [Path(path).name for path in found] == ["a", "b", "c"]
    a, b, c = found.values()
    assert a == c != b


def test_a_missing_file(tmp_path):
    """It is named."""
    with pytest.raises(DataError, match=r"cannot read .*nothing.h5: No such file"):
        fingerprints([tmp_path / "nothing.h5"])
