"""NumPy's files: read as they are; what is no array of numbers is refused with its file."""

import io

import numpy as np
import pytest

from graphnet.data.tools import npy
from graphnet.errors import DataError


def saved(values):
    """A file's bytes."""
    image = io.BytesIO()
    np.save(image, values)
    return image.getvalue()


def test_array(tmp_path):
    """The array comes back as it was, in either order of its axes."""
    values = np.arange(6, dtype=">f4").reshape(2, 3)
    for order in (values, np.asfortranarray(values), values[0, 0]):
        np.save(tmp_path / "a.npy", order)
        found = npy.read(tmp_path / "a.npy")
        assert found.dtype == order.dtype
        np.testing.assert_array_equal(found, order)


def test_a_large_array_stays_in_its_file(tmp_path, monkeypatch):
    """Rows are read when they are asked for; if the file is cut short meanwhile, it is said."""
    monkeypatch.setattr(npy, "_SMALL_BYTES", 10)
    values = np.arange(12, dtype="i2").reshape(6, 2)
    np.save(tmp_path / "a.npy", values)
    found = npy.read(tmp_path / "a.npy")
    assert isinstance(found, npy.RowFile)
    assert (found.shape, found.ndim, found.size, len(found)) == ((6, 2), 2, 12, 6)
    np.testing.assert_array_equal(found[1:3], values[1:3])
    np.testing.assert_array_equal(found[::2], values[::2])
    np.testing.assert_array_equal(found[np.array([5, 0, 5])], values[[5, 0, 5]])
    with (tmp_path / "a.npy").open("r+b") as file:
        file.truncate(140)
    with pytest.raises(DataError, match=r"a\.npy was cut short while it was read"):
        found[:]


WHOLE = saved(np.zeros((4, 3), "f4"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\3\4 a zip file",
        WHOLE[:-1],
        WHOLE.replace(b"(4, 3)", b"(4000000000000, 3)"),
        WHOLE.replace(b"(4, 3)", b"(" + b"9" * 30 + b",)"),
        WHOLE.replace(b"(4, 3)", b"(-4,)"),
        WHOLE.replace(b"(4, 3)", b"'x'"),
        WHOLE.replace(b"'<f4'", b"'|O8'"),
        WHOLE.replace(b"{", b"("),
    ],
)
def test_damage(tmp_path, content):
    """A header that lies is an error before any memory is asked for."""
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.npy: cannot be read: .+"):
        npy.read(path)


def test_missing(tmp_path):
    """What the system says."""
    with pytest.raises(DataError, match=r"a\.npy: cannot be read: No such file"):
        npy.read(tmp_path / "a.npy")
