"""Files mapped into memory."""

import numpy as np
import pytest

from graphnet.errors import SnapshotError
from graphnet.interchange.weights.mapped import MappedFile


def test_parts_and_numbers(tmp_path):
    """Views of the file, which cannot be written to."""
    (tmp_path / "m").write_bytes(b"xy" + np.arange(6, dtype="<f4").tobytes())
    file = MappedFile(tmp_path / "m")
    assert (file.size, bytes(file.part(0, 2, "it"))) == (26, b"xy")
    found = file.numbers(2, "<f4", (2, 3))
    assert np.array_equal(found, np.arange(6).reshape(2, 3))
    assert not found.flags.writeable
    assert file.numbers(26, "<f4", (0, 3)).shape == (0, 3)


@pytest.mark.parametrize(("start", "length"), [(0, 4), (3, 1), (-1, 1), (1, -1), (2**70, 1)])
def test_what_is_not_there(tmp_path, start, length):
    """The message says what it would be."""
    (tmp_path / "m").write_bytes(b"abc")
    with pytest.raises(SnapshotError, match="its head ends beyond the file, which has 3 bytes"):
        MappedFile(tmp_path / "m").part(start, length, "its head")


def test_files_that_are_none(tmp_path):
    """Nothing, a folder, an empty file."""
    (tmp_path / "empty").touch()
    for name, said in (("no", "no such file"), (".", "is a folder"), ("empty", "is empty")):
        with pytest.raises(SnapshotError, match=said):
            MappedFile(tmp_path / name)
