"""NumPy's .npz: stored and packed, of C and Fortran order; no pickle is opened."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from support import weight_files as made

from graphnet.errors import SnapshotError
from graphnet.interchange.npz.reading import read_npz


def npy(array, *, pickles=False):
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=pickles)
    return stream.getvalue()


def written(tmp_path, data):
    path = tmp_path / "m.npz"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_files_of_numpy(save, tmp_path):
    """Every array as NumPy reads it, in its order."""
    rng = np.random.default_rng(0)
    arrays = {
        "b/w": rng.random((300, 20)).astype("f4"),
        "a": np.asfortranarray(rng.random((2, 3, 4))),
        "half": np.float16(2.5),
        "empty": np.zeros((0, 3), "f4"),
        "big": rng.random(3).astype(">f8"),
        "counts": np.arange(3),
    }
    save(tmp_path / "m.npz", **arrays)
    found = read_npz(tmp_path / "m.npz").arrays
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert (found[name].shape, found[name].is_float) == (array.shape, name != "counts")
        assert np.array_equal(found[name].read(), array)


ONE = npy(np.ones((2, 3), "f4"))
LIES = {
    "no arrays": (made.zipped({"a.txt": b""}), "is a zip archive without arrays"),
    "no zip": (b"hello" * 9, "is no zip archive"),
    "pickled objects": (
        made.zipped({"a.npy": npy(np.array([{}]), pickles=True)}),
        "array 'a' holds Python objects, which are pickled: they are never made",
    ),
    "objects in a record": (
        made.zipped({"a.npy": npy(np.zeros(1, [("x", object)]), pickles=True)}),
        "holds Python objects",
    ),
    "texts": (made.zipped({"a.npy": npy(np.array("abc"))}), "array 'a' holds <U3"),
    "complex numbers": (made.zipped({"a.npy": npy(np.ones(1, complex))}), "holds complex128"),
    "dates": (made.zipped({"a.npy": npy(np.zeros(1, "M8[s]"))}), "holds datetime64[s]"),
    "no array": (made.zipped({"a.npy": b"hello"}), "'a' is no array in NumPy's format"),
    "no header": (made.zipped({"a.npy": ONE[:40]}), "the header of array 'a' cannot be read"),
    "code in the header": (
        made.zipped({"a.npy": ONE.replace(b"(2, 3), ", b"exit(), ")}),
        "the header of array 'a' cannot be read",
    ),
    "a version of the future": (
        made.zipped({"a.npy": ONE[:6] + b"\x09" + ONE[7:]}),
        "the header of array 'a' cannot be read",
    ),
    "cut short": (made.zipped({"a.npy": ONE[:-1]}), "takes 24 bytes, and 23 are there"),
    "too long": (made.zipped({"a.npy": ONE + b"x"}), "takes 24 bytes, and 25 are there"),
    "a huge shape": (
        made.zipped({"a.npy": ONE.replace(b"(2, 3), ", b"(9**9,),")}),
        "the header of array 'a' cannot be read",
    ),
    "another huge shape": (
        made.zipped({"a.npy": ONE.replace(b"(2, 3), ", b"(2222,3)")}),
        "which takes 26,664 bytes",
    ),
    "a negative shape": (
        made.zipped({"a.npy": ONE.replace(b"(2, 3), ", b"(-2,-3),")}),
        "has a negative axis",
    ),
}


@pytest.mark.parametrize("what", LIES)
def test_what_is_wrong_is_said(what, tmp_path):
    """With the file, what is wrong, and what to do."""
    data, said = LIES[what]
    with pytest.raises(SnapshotError, match=re.escape(said)) as found:
        read_npz(written(tmp_path, data))
    assert str(found.value).startswith(str(tmp_path / "m.npz"))
    assert "\n  " in str(found.value)


@pytest.mark.parametrize("method", [0, 8])
def test_changed_and_cut_files(method, tmp_path):
    """300 of each: an error in words, or arrays."""
    data = made.zipped({"a.npy": ONE, "b.npy": npy(np.arange(4))}, method)
    made.check_changed(data, tmp_path / "m.npz", read_npz)
