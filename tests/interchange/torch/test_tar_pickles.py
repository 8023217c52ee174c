"""PyTorch's tar archives, made by the rules by which it reads them."""

import re
import tarfile

import numpy as np
import pytest
from support import weight_files as made

from graphnet.errors import SnapshotError
from graphnet.interchange.torch.reading import read_torch
from graphnet.interchange.torch.tar_pickles import is_tar

ROW = np.arange(6, dtype="<f4")
STORAGES = [(11, "FloatStorage", 6, ROW.tobytes()), (12, "LongStorage", 2, bytes(7) + b"\1" * 9)]
TENSORS = [(21, 11, (2, 3), (3, 1), 0), (22, 11, (3, 2), (1, 3), 0), (23, 12, (1,), (1,), 1)]
DICT = made.state_dict(
    **{"0.weight": made.persistent(21), "turned": made.persistent(22), "n": made.persistent(23)}
)
GOOD = made.torch_tar(DICT, STORAGES, TENSORS)


def written(tmp_path, data):
    path = tmp_path / "m.pt"
    path.write_bytes(data)
    return path


def test_tensors(tmp_path):
    """In their order, with their strides; two of one storage; numbers of other types."""
    assert is_tar(GOOD)
    for data in (GOOD, made.torch_tar(DICT, STORAGES, TENSORS, folder="./")):
        found = read_torch(written(tmp_path, data)).arrays
        assert list(found) == ["0.weight", "turned", "n"]
        assert found["0.weight"].read().tolist() == [[0, 1, 2], [3, 4, 5]]
        assert found["turned"].read().tolist() == [[0, 3], [1, 4], [2, 5]]
        assert found["n"].read().tolist() == [0x0101010101010101]


def test_parts_of_storages(tmp_path):
    """A storage that is a part of another, and a tensor in it."""
    views = b"](" + made.numbers([31, 11, 2, 3]) + b"e"
    tensors = [(21, 31, (2,), (1,), 1)]
    value = made.state_dict(w=made.persistent(21))
    found = read_torch(written(tmp_path, made.torch_tar(value, STORAGES, tensors, views))).arrays
    assert found["w"].read().tolist() == [3, 4]


def without(part):
    """The archive without one of its files."""
    return GOOD.replace(part.encode(), b"another_"[: len(part)].ljust(len(part), b"_"))


def one(tensor, views=b"]", storages=STORAGES):
    return made.torch_tar(made.state_dict(w=made.persistent(21)), storages, [tensor], views)


LIES = {
    "no tensors": (without("tensors"), "is a tar archive without 'tensors'"),
    "cut short": (GOOD[: GOOD.index(b"storages\0") + 600], "its tar archive ends in the middle"),
    "another key": (
        made.torch_tar(made.state_dict(w=made.persistent(99)), STORAGES, TENSORS),
        "a reference that is no tensor's and no storage's",
    ),
    "a key that is a text": (
        made.torch_tar(made.state_dict(w=made.text("w") + b"Q"), STORAGES, TENSORS),
        "a reference that is no tensor's and no storage's",
    ),
    "a tensor that ends beyond": (one((21, 11, (7,), (1,), 0)), "ends at number 7 of storage '11'"),
    "a tensor of a tensor": (
        made.torch_tar(made.state_dict(w=made.persistent(22)), STORAGES,
                       [TENSORS[0], (22, 21, (1,), (1,), 0)]),
        "a tensor without a storage",
    ),
    "many axes": (one((21, 11, (1,) * 33, (1,) * 33, 0)), "whose key or number of axes is none"),
    "a negative size": (one((21, 11, (-1,), (1,), 0)), "whose place, shape or strides are none"),
    "a part that ends beyond": (
        one((21, 31, (1,), (1,), 0), b"](" + made.numbers([31, 11, 5, 2]) + b"e"),
        "a part of a storage that ends beyond it",
    ),
    "a storage longer than the file": (
        one((21, 11, (1,), (1,), 0), storages=[(11, "FloatStorage", 1 << 40, b"")]),
        "what lies behind it ends in the middle",
    ),
    "a negative storage": (
        one((21, 11, (1,), (1,), 0), storages=[(11, "FloatStorage", -1, b"")]),
        "a storage whose key, type or length is none",
    ),
    "a module": (
        made.torch_tar(made.name("torch.nn", "Linear") + b")R", STORAGES, TENSORS),
        "holds 'torch.nn.Linear', and nothing but tensors",
    ),
    "a call": (
        made.torch_tar(made.name("os", "system") + b"(" + made.text("true") + b"tR", [], []),
        "holds 'os.system'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", LIES)
def test_what_is_wrong_is_said(what, tmp_path):
    """With the file and what it is."""
    data, said = LIES[what]
    with pytest.raises(SnapshotError, match=re.escape(said)) as found:
        read_torch(written(tmp_path, data))
    assert str(found.value).startswith(str(tmp_path / "m.pt"))


def test_damaged_headers(tmp_path):
    """A size that is no number, and more files than torch.save writes."""
    at = GOOD.index(b"tensors\0") + 124
    data = GOOD[:at] + b"what's this?" + GOOD[at + 12 :]
    with pytest.raises(SnapshotError, match="its tar archive is damaged at byte"):
        read_torch(written(tmp_path, data))
    path = tmp_path / "many.pt"
    with tarfile.open(path, "w") as archive:
        for i in range(70):
            archive.addfile(tarfile.TarInfo(f"file{i}"))
    with pytest.raises(SnapshotError, match="has more than 64 files"):
        read_torch(path)


def test_changed_and_cut_files(tmp_path):
    """300 of them: an error in words, or tensors."""
    made.check_changed(GOOD, tmp_path / "m.pt", read_torch)
