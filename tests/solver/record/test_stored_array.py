"""Arrays that are read from a snapshot when they are asked for."""

import os
import tracemalloc

import numpy as np
import pytest

from graphnet.errors import SnapshotError
from graphnet.net.load_net import load_net
from graphnet.params import filling
from graphnet.solver.record import stored_array
from graphnet.solver.record.snapshot_file import Contents, Meta, read, to_bytes, versions
from graphnet.solver.record.stored_array import ArrayInFile
from graphnet.solver.record.weights import load_weights, save_model

RNG = np.random.default_rng(0)
ARRAYS = {
    "a/f4": RNG.normal(size=(3, 4, 5)).astype("<f4"),
    "a/f8": RNG.normal(size=7),
    "b/big-endian": RNG.normal(size=(2, 3)).astype(">f4"),
    "b/half": RNG.normal(size=(5, 1)).astype("<f2"),
    "c/scalar": np.full((), 3, "f4"),
    "c/empty": np.zeros((0, 3), "f4"),
}


@pytest.fixture
def file(tmp_path):
    """A model of many kinds of arrays."""
    path = tmp_path / "m.h5"
    meta = Meta(kind="model", versions=versions(), backend="numpy", dtype="float32", seed=0)
    path.write_bytes(to_bytes(Contents(meta, ARRAYS)))
    return path


def test_arrays_are_what_was_written(file):
    """Every type of numbers, in its byte order; whole and in parts, any number of times."""
    found = read(file).params
    assert [n for n, a in found.items() if not isinstance(a, ArrayInFile)] == ["c/empty"]
    for name, array in ARRAYS.items():
        for _ in range(2):
            there = np.asarray(found[name])
            assert (there.dtype, there.shape) == (array.dtype, array.shape)
            assert there.tobytes() == array.tobytes()
        parts = [part.copy() for part in filling.parts_of(found[name])]
        joined = np.concatenate([np.empty(0, array.dtype), *parts])
        assert joined.astype(array.dtype).tobytes() == array.tobytes()
        assert (found[name].size, found[name].nbytes) == (array.size, array.nbytes)
    assert np.asarray(found["a/f8"], np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="is in a file"):
        np.asarray(found["a/f4"], copy=False)


def test_parts_are_no_larger_than_asked_for(file, monkeypatch):
    """Whatever the array's size."""
    monkeypatch.setattr(stored_array, "PART", 8)
    array = read(file).params["a/f4"]
    sizes = [part.size for part in array.parts()]
    assert sizes == [8] * 7 + [4]


def test_the_opened_file_counts(file):
    """One that gets its name later is another file; a file that is removed is still there."""
    found = read(file)
    other = file.with_name("other")
    other.write_bytes(b"x" * 10)
    other.replace(file)
    file.unlink()
    assert np.asarray(found.params["a/f4"]).tobytes() == ARRAYS["a/f4"].tobytes()


@pytest.mark.parametrize("how", ["cut", "changed"])
def test_a_file_that_is_written_to_is_refused(file, how):
    """Its checksum holds no longer."""
    found = read(file)
    was = file.stat()
    with file.open("r+b") as stream:
        if how == "cut":
            stream.truncate(600)
        else:
            stream.seek(-1, os.SEEK_END)
            stream.write(b"x")
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns + 1))
    with pytest.raises(SnapshotError, match=r"m\.h5: was written to while it was read"):
        np.asarray(found.params["a/f8"])


def test_weights_are_in_memory_once(tmp_path):
    """Loading a net and its weights, and writing them, takes little more than the params."""
    net = [
        {"name": "in", "type": "Input", "batch_size": 1, "shapes": {"x": [2048]}, "tops": ["x"]},
        {"name": "ip", "type": "InnerProduct", "output_dim": 4096, "bottoms": ["x"], "tops": ["y"]},
    ]
    n_bytes = 4 * 2048 * 4096
    first = load_net(net, "test", seed=1)
    load_net(net, "test")  # imports what is imported late
    tracemalloc.start()
    try:
        save_model(first, tmp_path / "m.h5")
        while_saving = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        # what is not written to, such as the diffs of params, the system never hands out
        before = tracemalloc.get_traced_memory()[0]
        second = load_net(net, "test", seed=2)
        planned = tracemalloc.get_traced_memory()[0] - before
        load_weights(second, tmp_path / "m.h5")
        while_loading = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    weight = second.params["ip"]["weight"].data
    assert np.array_equal(weight, first.params["ip"]["weight"].data)
    assert while_saving < 0.3 * n_bytes
    assert planned > n_bytes
    assert while_loading - planned < 0.3 * n_bytes + 8 * filling.PART
