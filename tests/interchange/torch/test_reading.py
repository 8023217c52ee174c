"""PyTorch's files: those that it has written, and those that somebody has changed."""

from __future__ import annotations

import io
import re
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
from support import weight_files as made

from graphnet.errors import SnapshotError
from graphnet.interchange.torch.reading import read_torch

FILES = made.TORCH_FILES
VALUES = dict(np.load(FILES / "values.npz"))


def expected(name):
    """What PyTorch has for the tensors of a file."""
    return {k.split("/")[1]: v for k, v in VALUES.items() if k.startswith(f"{name}/")}


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("plain.pt", "plain"),
        ("legacy.pt", "plain"),
        ("protocol4.pt", "plain"),
        ("strided.pt", "strided"),
        ("strided-legacy.pt", "strided"),
        ("no-checksum.pt", "strided"),
    ],
)
def test_files_of_pytorch(file, name):
    """Every tensor is PyTorch's, bit for bit: strides, shared storages, all types; in its order."""
    found, wanted = read_torch(FILES / file).arrays, expected(name)
    assert list(found) == list(wanted)
    for key, values in wanted.items():
        array = found[key].read()
        assert found[key].shape == values.shape
        assert array.dtype == values.dtype
        assert array.flags.c_contiguous
        assert array.tobytes() == values.tobytes(), key
    assert not found["0.weight" if name == "plain" else "half"].name.startswith("m.")


def test_types_are_told():
    """bfloat16 by its own name, though its values come in float32; counts are no floats."""
    found = read_torch(FILES / "strided.pt").arrays
    assert found["brain"].dtype == "bfloat16"
    assert found["brain"].is_float
    assert not found["counts"].is_float


@pytest.mark.parametrize(
    ("file", "what"),
    [
        ("whole.pt", "holds 'torch.nn.modules.container.Sequential', and nothing but tensors"),
        ("sparse.pt", "holds 'torch._utils._rebuild_sparse_tensor'"),
    ],
)
def test_what_is_no_state_dict(file, what):
    """A whole module, or another kind of tensor: named, with what to save instead."""
    with pytest.raises(SnapshotError, match=re.escape(what)) as found:
        read_torch(FILES / file)
    assert "torch.save(model.state_dict(), FILE)" in str(found.value)


def written(tmp_path, data):
    path = tmp_path / "m.pt"
    path.write_bytes(data)
    return path


def test_where_checkpoints_have_tensors(tmp_path):
    """In one of the usual places, else wherever they are, with the names of the way there."""
    part = made.state_dict(w=made.tensor())
    rest = made.state_dict(w=made.tensor(), m=made.tensor())
    data = {"0": np.arange(4, dtype="<f4").tobytes()}
    path = written(tmp_path, made.torch_zip(
        made.pickled(made.state_dict(optimizer=rest, model=part)), data))  # fmt: skip
    assert list(read_torch(path).arrays) == ["w"]
    path = written(tmp_path, made.torch_zip(
        made.pickled(made.state_dict(encoder=part, decoder=rest)), data))  # fmt: skip
    assert list(read_torch(path).arrays) == ["encoder.w", "decoder.w", "decoder.m"]
    assert read_torch(path).arrays["decoder.m"].read().tolist() == [0, 1, 2, 3]


def test_other_byte_order(tmp_path):
    """As a machine with the other one has written it."""
    data = {"0": np.arange(4, dtype=">f4").tobytes()}
    whole = made.torch_zip(made.pickled(made.state_dict(w=made.tensor())), data)
    path = written(tmp_path, whole)
    assert read_torch(path).arrays["w"].read().tolist() != [0, 1, 2, 3]
    files = {"m/data.pkl": made.pickled(made.state_dict(w=made.tensor())), "m/byteorder": b"big",
             "m/data/0": data["0"]}  # fmt: skip
    path = written(tmp_path, made.zipped(files))
    assert read_torch(path).arrays["w"].read().tolist() == [0, 1, 2, 3]


def tar_file():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("storages"))
    return stream.getvalue()


GOOD = made.pickled(made.state_dict(w=made.tensor()))
ROW = bytes(16)
LIES = {
    "a storage that is too short": (made.torch_zip(GOOD, {"0": ROW[1:]}), "has 15 bytes, and its"),
    "a storage that is too long": (made.torch_zip(GOOD, {"0": ROW + b"x"}), "has 17 bytes"),
    "a storage that is not there": (made.torch_zip(GOOD), "storage '0' is not there"),
    "a storage of another folder": (
        made.torch_zip(
            made.pickled(made.state_dict(w=made.tensor(made.storage("../../0")))), {"0": ROW}
        ),
        "storage '../../0' is not there",
    ),
    "a packed storage": (
        made.zipped({"m/data.pkl": GOOD, "m/data/0": ROW}, method=8),
        "or is packed",
    ),
    "two pickles": (
        made.zipped({"m/data.pkl": GOOD, "n/data.pkl": GOOD, "m/data/0": ROW}),
        "without the data.pkl of torch.save",
    ),
    "TorchScript": (
        made.torch_zip(GOOD, {"0": ROW}, **{"constants.pkl": b""}),
        "is a TorchScript program",
    ),
    "an .npz": (made.zipped({"a.npy": b""}), "graphnet import npz"),
    "one tensor": (made.torch_zip(made.pickled(made.tensor()), {"0": ROW}), "holds one tensor"),
    "a list": (made.torch_zip(made.pickled(b"](" + made.tensor() + b"e"), {"0": ROW}), "a list"),
    "no tensors": (made.torch_zip(made.pickled(b"}")), "holds no tensors"),
    "a long name": (
        made.torch_zip(made.pickled(made.state_dict(**{"x" * 2000: made.tensor()})), {"0": ROW}),
        "a name in it has 2,000 characters",
    ),
    "a broken pickle": (made.torch_zip(GOOD[:-5]), "its pickle is damaged"),
    "a tar archive": (tar_file(), "is a tar archive"),
    "text": (b"hello there", "is no file of PyTorch's"),
    "nothing": (b"", "is empty"),
    "a pickle": (b"\x80\x02}.", "is a pickle that torch.save has not written"),
}


@pytest.mark.parametrize("what", LIES)
def test_what_is_wrong_is_said(what, tmp_path):
    """With the file, what is wrong, and what to do."""
    data, said = LIES[what]
    with pytest.raises(SnapshotError, match=re.escape(said)) as found:
        read_torch(written(tmp_path, data))
    assert str(found.value).startswith(str(tmp_path / "m.pt"))
    assert "\n  " in str(found.value)


def legacy(value, keys, *storages):
    """A file as PyTorch wrote it before 1.6."""
    magic = made.pickled(made.number(0x1950A86A20F9469CFC6C))
    machine = made.pickled(made.state_dict(little_endian=b"\x88"))
    listed = made.pickled(b"](" + b"".join(map(made.text, keys)) + b"e")
    rows = b"".join(struct.pack("<q", count) + data for count, data in storages)
    return magic + made.pickled(made.number(1001)) + machine + value + listed + rows


def test_views_of_old_storages(tmp_path):
    """A part of a storage, as files before 0.4 have it."""
    view = made.storage(more=b"(" + made.text("v") + b"K\x01K\x02t")
    whole = made.pickled(made.state_dict(w=made.tensor(view, shape=(2,)), a=made.tensor()))
    path = written(tmp_path, legacy(whole, ["0"], (4, np.arange(4, dtype="<f4").tobytes())))
    found = read_torch(path).arrays
    assert found["w"].read().tolist() == [1, 2]
    assert found["a"].read().tolist() == [0, 1, 2, 3]


TWO = made.pickled(
    made.state_dict(w=made.tensor(), v=made.tensor(made.storage(count=9), shape=(9,)))
)
OLD_LIES = {
    "another length": (legacy(GOOD, ["0"], (5, bytes(20))), "has two lengths: 5 and 4"),
    "a negative length": (legacy(GOOD, ["0"], (-1, b"")), "has two lengths: -1 and 4"),
    "cut short": (legacy(GOOD, ["0"], (4, bytes(15))), "the last storage ends beyond the file"),
    "no list": (legacy(GOOD, []), "storage '0' is not there"),
    "another key": (legacy(GOOD, ["1"]), "its list of storages is damaged"),
    "the same key twice": (legacy(GOOD, ["0", "0"], (4, ROW), (4, ROW)), "has two lengths"),
    "one key for two storages": (legacy(TWO, ["0"], (4, ROW)), "is said to be two different ones"),
}


@pytest.mark.parametrize("what", OLD_LIES)
def test_what_is_wrong_in_old_files(what, tmp_path):
    """Lengths and keys that lie."""
    data, said = OLD_LIES[what]
    with pytest.raises(SnapshotError, match=re.escape(said)):
        read_torch(written(tmp_path, data))


@pytest.mark.parametrize("file", ["plain.pt", "strided-legacy.pt", "no-checksum.pt"])
def test_changed_and_cut_files(file, tmp_path):
    """300 of each: an error in words, or tensors."""
    made.check_changed((FILES / file).read_bytes(), tmp_path / "m.pt", read_torch)


def test_no_such_file():
    """Or a folder."""
    with pytest.raises(SnapshotError, match="there is no such file"):
        read_torch(Path("nowhere.pt"))
    with pytest.raises(SnapshotError, match="is a folder"):
        read_torch(FILES)
