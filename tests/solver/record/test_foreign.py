"""Files of weights of other programs: which format one is."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from support import weight_files as made

from graphnet.errors import SnapshotError
from graphnet.solver.record.foreign import BEGINNING, foreign_format, import_command
from graphnet.solver.record.weights import read_weights


@pytest.fixture
def files(tmp_path):
    """A file of each format, under names that say nothing, except for what has no mark."""
    np.savez(tmp_path / "m.npz", a=np.ones(3))
    (tmp_path / "m.npz").rename(tmp_path / "npz.bin")
    with h5py.File(tmp_path / "mocha.bin", "w") as file:
        file["ip___weight"] = np.ones((2, 3))
    with h5py.File(tmp_path / "jld.bin", "w", userblock_size=512) as file:
        file["params_all"] = np.ones(2)
    with (tmp_path / "jld.bin").open("r+b") as file:
        file.write(b"Julia data file (HDF5), version 0.1.1")
    contents = {
        "safetensors": made.safetensors({}),
        "torch": (made.TORCH_FILES / "plain.pt").read_bytes(),
        "old-torch": (made.TORCH_FILES / "legacy.pt").read_bytes(),
        "text": b"hello",
        "empty": b"",
        "zip": made.zipped({"readme.txt": b""}),
    }
    for name, data in contents.items():
        (tmp_path / f"{name}.bin").write_bytes(data)
    (tmp_path / "net.caffemodel").write_bytes(b"\x0a\x01x")
    (tmp_path / "odd.pt").write_bytes(contents["zip"])
    return tmp_path


FORMATS = {
    "npz.bin": "npz",
    "mocha.bin": "mocha",
    "jld.bin": "mocha",
    "safetensors.bin": "safetensors",
    "torch.bin": "torch",
    "old-torch.bin": "torch",
    "net.caffemodel": "caffe",
    "odd.pt": "torch",
    "text.bin": "",
    "empty.bin": "",
    "zip.bin": "",
}


@pytest.mark.parametrize("name", FORMATS)
def test_formats(files, name):
    """By the first bytes; by the ending where these do not tell."""
    begin = (files / name).read_bytes()[:BEGINNING]
    assert foreign_format(files / name, begin) == FORMATS[name]


@pytest.mark.parametrize("name", FORMATS)
def test_who_gives_one_as_weights_learns_the_command(files, name):
    """Where a snapshot or a model is expected."""
    kind = FORMATS[name]
    with pytest.raises(SnapshotError, match="is not a graphnet snapshot or model") as found:
        read_weights(files / name)
    said = str(found.value)
    if kind == "caffe":
        assert f"it is Caffe's: graphnet import caffe {files / name} -o DIR" in said
    elif kind:
        assert f"graphnet import {kind} NET --weights {files / name} -o DIR" in said
    else:
        assert "expected a file that graphnet has written" in said
        assert import_command(Path(name), (files / name).read_bytes()) == ""
