"""Predictions as arrays."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from graphnet.inference.predictions import Predicted
from graphnet.inference.rows.block import Place
from graphnet.inference.sinks.arrays import HDF5Sink, NpySink


def blocks(n, shape):
    """Some blocks of so many rows, and all of them."""
    values = np.random.default_rng(0).random((n, *shape), "f4")
    parts = [slice(i, min(i + 7, n)) for i in range(0, n, 7)]
    return [
        Predicted(p.start, [Place("f", "f")] * (p.stop - p.start), {"y": values[p]}) for p in parts
    ], values


@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 4)])
def test_rows_are_appended(tmp_path, shape):
    """Bit for bit, in order; an array is read by NumPy as any other."""
    some, values = blocks(30, shape)
    with (
        NpySink(tmp_path / "y.npy", "y") as npy,
        HDF5Sink(tmp_path / "y.h5", {"y": shape}, {"classes": "[]"}) as hdf5,
    ):
        for block in some:
            npy.write(block)
            hdf5.write(block)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), values)
    assert np.load(tmp_path / "y.npy", mmap_mode="r").dtype == values.dtype
    with h5py.File(tmp_path / "y.h5") as file:
        np.testing.assert_array_equal(file["y"][()], values)
        assert file.attrs["classes"] == "[]"


def _write_all(sink, some):
    for block in some:
        sink.write(block)
        block.outputs["y"]


def test_nothing_is_left_of_what_is_not_finished(tmp_path):
    """And what was there before stays."""
    some, values = blocks(10, (2,))
    np.save(tmp_path / "y.npy", values[:1])
    for sink in (NpySink(tmp_path / "y.npy", "y"), HDF5Sink(tmp_path / "y.h5", {"y": (2,)}, {})):
        with pytest.raises(KeyError, match="y"), sink:
            _write_all(sink, [some[0], some[0]._replace(outputs={"z": values})])
    assert [path.name for path in tmp_path.iterdir()] == ["y.npy"]
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), values[:1])
