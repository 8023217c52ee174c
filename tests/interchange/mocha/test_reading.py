"""Mocha's models: exchange files, and snapshots as JLD writes them."""

from __future__ import annotations

import re

import h5py
import numpy as np
import pytest

from graphnet.errors import SnapshotError
from graphnet.interchange.mocha.reading import read_mocha

RNG = np.random.default_rng(0)
FILTER = RNG.random((4, 2, 3, 3)).astype("f4")
WEIGHT = RNG.random((5, 6))


def test_an_exchange_model(tmp_path):
    """Each data set whose name has the mark; groups, others and links do not count."""
    path = tmp_path / "m.h5"
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = np.ones(3)
    with h5py.File(path, "w") as file:
        file["conv1___filter"] = FILTER
        file["my_conv___1___bias"] = np.ones((1, 4), "f4")
        file["ip1___weight"] = WEIGHT
        file["note"] = "text"
        file.create_group("g___x")
        file["link___bias"] = h5py.SoftLink("/note")
        file["far___bias"] = h5py.ExternalLink("other.h5", "x")
    file = read_mocha(path)
    assert sorted(file.arrays) == ["conv1___filter", "ip1___weight", "my_conv___1___bias"]
    assert not file.may_be_turned
    found = file.arrays["conv1___filter"]
    assert (found.shape, found.dtype) == ((4, 2, 3, 3), "float32")
    assert np.array_equal(found.read(), FILTER)
    assert np.array_equal(file.arrays["ip1___weight"].read(), WEIGHT)


def write_jld(path, layers, *, compound=True, keys=None):
    """A snapshot: ``params_all`` as JLD writes a Dict, beside other things.

    A Dict is a scalar of two references, to its keys and to its values; before JLD 0.2, an array
    of two.
    """
    with h5py.File(path, "w", userblock_size=512) as file:
        refs = file.create_group("_refs")
        count = iter(range(1, 1000))

        def put(value, **how):
            name = f"{next(count):08d}"
            return refs.create_dataset(name, data=value, **how).ref

        def row(references):
            found = refs.create_dataset(f"{next(count):08d}", (len(references),), h5py.ref_dtype)
            for i, reference in enumerate(references):
                found[i] = reference
            found.attrs["julia eltype"] = "Core.Array"
            return found.ref

        names = put(list(keys or layers), dtype=h5py.string_dtype())
        values = row([row([put(array) for array in arrays]) for arrays in layers.values()])
        if compound:
            kind = np.dtype([("keys_", h5py.ref_dtype), ("values_", h5py.ref_dtype)])
            whole = file.create_dataset("params_all", (), kind)
            whole[()] = np.array((names, values), kind)
        else:
            whole = file.create_dataset("params_all", (2,), h5py.ref_dtype)
            whole[0], whole[1] = names, values
        file["solver_state"] = np.ones(3)
        file.create_group("_types")
    with path.open("r+b") as file:
        file.write(b"Julia data file (HDF5), version 0.1.1")


@pytest.mark.parametrize("compound", [True, False])
def test_a_snapshot(tmp_path, compound):
    """The params of each layer, in Mocha's order."""
    layers = {"conv/1": [FILTER, np.ones(4, "f4")], "ip1": [WEIGHT, np.ones((1, 5))]}
    write_jld(tmp_path / "s.jld", layers, compound=compound)
    found = read_mocha(tmp_path / "s.jld").arrays
    assert list(found) == ["conv/1[1]", "conv/1[2]", "ip1[1]", "ip1[2]"]
    assert np.array_equal(found["conv/1[1]"].read(), FILTER)
    assert np.array_equal(found["ip1[1]"].read(), WEIGHT)
    assert found["ip1[2]"].dtype == "float64"


def test_what_is_wrong_is_said(tmp_path):
    """What is no HDF5, has no params, or a dict that is none."""
    (tmp_path / "text").write_text("hello")
    with h5py.File(tmp_path / "plain.h5", "w") as file:
        file["data"] = np.ones(3)
    with h5py.File(tmp_path / "numbers.jld", "w") as file:
        file["params_all"] = np.ones(2)
    with h5py.File(tmp_path / "null.jld", "w") as file:
        file.create_dataset("params_all", (2,), h5py.ref_dtype)
    with h5py.File(tmp_path / "group.jld", "w") as file:
        file.create_dataset("params_all", (2,), h5py.ref_dtype)[:] = [
            file.create_group("g").ref
        ] * 2
    write_jld(tmp_path / "names.jld", {"a": [WEIGHT]}, keys=["a", "b"])
    (tmp_path / "cut.h5").write_bytes((tmp_path / "plain.h5").read_bytes()[:700])
    for name, said in {
        "no": "there is no such file",
        ".": "is a folder",
        "text": "is no HDF5 file",
        "plain.h5": "holds no params of Mocha's\n  expected data sets such as 'conv1___filter'",
        "numbers.jld": "'params_all' is no dict of Julia's",
        "null.jld": "a reference in it leads to no array",
        "group.jld": "a reference in it leads to no array",
        "names.jld": "'params_all' has 2 names and 1 layers",
        "cut.h5": "cannot be read",
    }.items():
        with pytest.raises(SnapshotError, match=re.escape(said)):
            read_mocha(tmp_path / name)


def test_data_that_lies_elsewhere(tmp_path):
    """In another file, or nowhere: refused."""
    path = tmp_path / "m.h5"
    np.ones(3, "f4").tofile(tmp_path / "raw")
    with h5py.File(path, "w") as file:
        file.create_dataset("a___w", (3,), "f4", external=[(tmp_path / "raw", 0, 12)])
    with pytest.raises(SnapshotError, match="'a___w' is not stored in the file"):
        read_mocha(path)
    with h5py.File(path, "w") as file:
        layout = h5py.VirtualLayout((3,), "f4")
        layout[:] = h5py.VirtualSource("other.h5", "x", (3,))
        file.create_virtual_dataset("a___w", layout)
    with pytest.raises(SnapshotError, match="'a___w' is not stored in the file"):
        read_mocha(path)
