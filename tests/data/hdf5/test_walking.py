"""Walking through an HDF5 file."""

import h5py
import numpy as np

from graphnet.data.hdf5.walking import walk


def test_in_order_and_each_once(tmp_path):
    """Groups before what is in them; what has two names under the first; no links are followed."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name in ("b/y", "b/c/z", "a", "d"):
            file[name] = np.zeros(2)
        file["e"] = file["a"]
        file["b/soft"] = h5py.SoftLink("/a")
        file["out"] = h5py.ExternalLink("other.h5", "/x")
        found = dict(walk(file))
        assert list(found) == ["a", "b", "b/c", "b/c/z", "b/y", "d"]
        assert found["b/c"].name == "/b/c"
        assert found["b/y"].shape == (2,)
        assert list(dict(walk(file["b"]))) == ["c", "c/z", "y"]


def test_names_that_are_no_text(tmp_path):
    """They are given as bytes."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file[b"b\xff"] = 1.0
        assert [name for name, _ in walk(file)] == [b"b\xff"]
