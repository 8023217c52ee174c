"""CIFAR-10 in its binary form: the archive, its files, what is refused."""

import hashlib
import io
import re
import tarfile
from dataclasses import replace

import numpy as np
import pytest
from support.file_server import file_server

from graphnet.data.sets.cifar import CIFAR10
from graphnet.errors import DataError

N = 20  # samples in a file
NAMES = [name for names in CIFAR10.files.values() for name in names]


def file_rows(number):
    """A label and 3,072 values a row; every class twice."""
    rows = np.random.default_rng(number).integers(0, 256, (N, 3073), dtype=np.uint8)
    rows[:, 0] = np.random.default_rng(number).permutation(np.arange(N) % 10)
    return rows


ROWS = {name: file_rows(i) for i, name in enumerate(NAMES)}
CONTENTS = {name: rows.tobytes() for name, rows in ROWS.items()}


def packed(members):
    """A gzipped tar of members ``(name, content)``, or ready-made headers."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            archive.addfile(info, io.BytesIO(member[1]))
    return out.getvalue()


def members():
    return [(f"cifar-10-batches-bin/{name}", content) for name, content in CONTENTS.items()]


def published(content, mirrors=()):
    """The set whose archive has this content."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return replace(CIFAR10, md5=md5, file_rows=N, mirrors=mirrors)


def check(found):
    assert {s: v["data"].shape for s, v in found.items()} == {
        "train": (5 * N, 3, 32, 32),
        "test": (N, 3, 32, 32),
    }
    rows = np.concatenate([ROWS[name] for name in CIFAR10.files["train"]])
    assert np.array_equal(found["train"]["label"], rows[:, 0])
    assert np.array_equal(found["train"]["data"].reshape(-1, 3072), rows[:, 1:])
    # planes of red, green and blue, each row by row
    assert found["test"]["data"][3, 2, 1, 5] == ROWS["test_batch.bin"][3, 1 + 2048 + 32 + 5]


@pytest.mark.parametrize("inside", ["", "cifar-10-batches-bin"])
def test_files_from_a_folder(tmp_path, inside):
    """The unpacked files are found in the folder, or in the archive's own folder within it."""
    place = tmp_path / inside
    place.mkdir(exist_ok=True)
    for name, content in CONTENTS.items():
        (place / name).write_bytes(content)
    check(replace(CIFAR10, file_rows=N).from_folder(tmp_path))


def test_archive_from_a_folder(tmp_path):
    """The archive is read as it is, and nothing is unpacked beside it."""
    content = packed(members())
    (tmp_path / CIFAR10.name).write_bytes(content)
    check(published(content).from_folder(tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == [CIFAR10.name]


def test_members_that_are_none_of_its_files(tmp_path):
    """Paths that lead out of the archive, links and others' files are passed over."""
    link = tarfile.TarInfo("cifar-10-batches-bin/batches.meta.txt")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    strange = [("../../data_batch_1.bin", b"x"), ("/test_batch.bin", b"x"), link]
    content = packed([*strange, *members(), ("other/test_batch.bin", b"x")])
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / CIFAR10.name).write_bytes(content)
    check(published(content).from_folder(tmp_path / "a"))
    assert [p.name for p in tmp_path.rglob("*")] == ["a", CIFAR10.name]


def test_a_link_in_place_of_a_file(tmp_path):
    """A file that is a link is not there."""
    link = tarfile.TarInfo("cifar-10-batches-bin/test_batch.bin")
    link.type, link.linkname = tarfile.LNKTYPE, "cifar-10-batches-bin/data_batch_1.bin"
    content = packed([*members()[:-1], link])
    (tmp_path / CIFAR10.name).write_bytes(content)
    with pytest.raises(DataError, match=r"gz does not hold cifar-10-batches-bin/test_batch\.bin$"):
        published(content).from_folder(tmp_path)


def test_another_archive(tmp_path):
    """An archive with another md5 sum is refused before it is opened."""
    (tmp_path / CIFAR10.name).write_bytes(b"anything")
    with pytest.raises(
        DataError,
        match=r"gz is not the published cifar-10-binary\.tar\.gz: it has the md5 sum\n"
        r"  [0-9a-f]{32}, expected\n  c32a1d4ab5d03f1284b67883e8d87530$",
    ):
        CIFAR10.from_folder(tmp_path)


def test_damaged_archive(tmp_path):
    """One that cannot be unpacked says so."""
    content = packed(members())[:-2000]
    (tmp_path / CIFAR10.name).write_bytes(content)
    with pytest.raises(DataError, match=r"gz is a damaged archive: .*\n  get it again"):
        published(content).from_folder(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (CONTENTS["test_batch.bin"][:-1], r"has 61459 bytes, expected 61460:\n  20 samples of a"),
        (CONTENTS["test_batch.bin"] + b"\0", r"has more than 61460 bytes, expected 61460"),
        (b"\x0a" + CONTENTS["test_batch.bin"][1:], r"has a label 10, expected 0 to 9\n  it may be"),
        (CONTENTS["test_batch.bin"][3073:] + bytes(3073), r"by class are \[.*\]\n  expected as"),
    ],
)
@pytest.mark.parametrize("archived", [False, True])
def test_file_that_is_not_as_published(tmp_path, content, message, archived):
    """A file's size, its labels and the classes' frequencies are checked, packed or not."""
    contents = CONTENTS | {"test_batch.bin": content}
    if content[-1] == 0 and len(content) == 3073 * N:  # one sample of class 0 too many
        contents["test_batch.bin"] = b"\x01" + content[1:]
    archive = packed([(f"cifar-10-batches-bin/{n}", c) for n, c in contents.items()])
    if archived:
        (tmp_path / CIFAR10.name).write_bytes(archive)
    else:
        for name, plain in contents.items():
            (tmp_path / name).write_bytes(plain)
    with pytest.raises(DataError, match=message):
        published(archive).from_folder(tmp_path)


def test_folder_without_it(tmp_path):
    """What is missing is named."""
    with pytest.raises(DataError, match=r"there is no folder .*nope"):
        CIFAR10.from_folder(tmp_path / "nope")
    (tmp_path / "data_batch_1.bin").touch()
    message = (
        f"{tmp_path} holds neither cifar-10-binary.tar.gz nor all of its files\n"
        f"  missing in {tmp_path}: data_batch_2.bin, data_batch_3.bin, data_batch_4.bin, "
        "data_batch_5.bin, test_batch.bin"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        CIFAR10.from_folder(tmp_path)
    (tmp_path / "cifar-10-python.tar.gz").touch()
    with pytest.raises(DataError, match=r"\n  cifar-10-python\.tar\.gz is another version: get"):
        CIFAR10.from_folder(tmp_path)


def test_from_network():
    """A mirror that fails is left for the next; all failures are told when none is left."""
    content = packed(members())
    with file_server({f"/b/{CIFAR10.name}": content, f"/c/{CIFAR10.name}": b"x"}) as url:
        check(published(content, (f"{url}/a/", f"{url}/b/")).from_network(None))
        with pytest.raises(
            DataError, match=r"no mirror could be used:\n.*a/.*HTTP 404\n.*c/.* is not the pub"
        ):
            published(content, (f"{url}/a/", f"{url}/c/")).from_network(None)
