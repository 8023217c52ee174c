"""Files that are none, that claim more than they hold, or whose content a message would repeat."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from math import prod
from pathlib import Path

import h5py
import numpy as np
import pytest

from graphnet.data.hdf5 import walking
from graphnet.data.hdf5.reader import HDF5File, read_array
from graphnet.errors import DataError
from graphnet.files.mapping import FileMapping

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


def bomb(path, name, shape, chunks):
    """A file whose one stored chunk is zeros, packed a thousandfold."""
    packed = zlib.compress(bytes(prod(chunks) * 4), 9)
    with h5py.File(path, "a") as file:
        made = file.create_dataset(name, shape, "f4", chunks=chunks, compression="gzip")
        made.id.write_direct_chunk((0,) * len(shape), packed)


@posix
@pytest.mark.parametrize(
    "command",
    [
        "check {0}",
        "solve theirs/net.yaml --solver {0}",
        "check theirs/net.yaml --set layers.data.source={0}",
        "predict {0} theirs/train.h5",
        "snapshot info {0}",
        "data info {0}",
        "data pack data={0} --to packed",
        "import caffe {0} --to made",
        "import onnx {0} --to made",
        "import mocha {0} theirs/net.yaml --to made",
        "import torch {0} theirs/net.yaml --to made",
        "import safetensors {0} theirs/net.yaml --to made",
        "draw {0}",
        "test {0}",
        "predict theirs/net.yaml {0} --weights {0}",
    ],
)
@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.usefixtures("theirs")
def test_pipes_and_devices(run, command, kind):
    """They are told from files: a pipe without a writer is not waited for, no device is read."""
    if kind == "pipe":
        os.mkfifo("odd.yaml")
    else:
        Path("odd.yaml").symlink_to("/dev/zero")
    result = run(command.format("odd.yaml"))
    assert result.code in {1, 2}


@pytest.mark.usefixtures("theirs")
def test_no_message_quotes_a_file_that_is_no_list(run):
    """``source:`` may name any file, whose lines would be names of files."""
    result = run("check theirs/net.yaml --set layers.data.source=secret.txt")
    assert result.code == 1
    assert "secret.txt:1: this line names no file" in result.err
    assert "the-password" not in result.text


@pytest.mark.parametrize("name", ["solver", "layers.data.source"])
def test_yaml_of_another_file(theirs, run, name):
    """Nor is what is no YAML of a net or solver repeated."""
    text = (theirs / "net.yaml").read_text()
    if name == "solver":
        (theirs / "net.yaml").write_text(text.replace("solver.yaml", "../secret.txt"))
        result = run("check theirs/net.yaml")
    else:
        result = run(f"check theirs/net.yaml --set {name}=secret.txt")
    assert result.code == 1
    assert "the-password" not in result.text


def test_hdf5_that_unpacks_to_much_at_once(tmp_path, run, monkeypatch):
    """A chunk of 512 MiB in 3 MB, as `data info`, training and `predict` would read it."""
    monkeypatch.chdir(tmp_path)
    with h5py.File("a.h5", "w") as file:
        made = file.create_dataset("data", (1024, 1 << 17), "f4", chunks=(1024, 1 << 17),
                                   compression="gzip")  # fmt: skip
        made.id.write_direct_chunk((0, 0), b"no gzip, which nobody notices")
        file["pad"] = np.ones(500_000, "f4")
        file["label"] = np.zeros(1024, "f4")
    with pytest.raises(DataError, match=r"a\.h5: claims to hold 536,.* bytes that must be read at"):
        HDF5File(tmp_path / "a.h5", ["data", "label"])
    result = run("data info a.h5")
    assert "claims to hold" in result.text


def test_a_sum_of_claims_counts(tmp_path):
    """Each data set is small enough by itself."""
    names = [f"d{i}" for i in range(5)]
    for name in names:
        bomb(tmp_path / "a.h5", name, (256, 1 << 15), (256, 1 << 15))
    for name in names:
        HDF5File(tmp_path / "a.h5", [name])
    with pytest.raises(DataError, match="claims to hold 167,772,160 bytes"):
        HDF5File(tmp_path / "a.h5", names)


def test_a_mean_that_unpacks_to_much(tmp_path):
    """What is read whole is held against the file."""
    with h5py.File(tmp_path / "mean.h5", "w") as file:
        file.create_dataset("mean", (1 << 16, 1 << 10), "f4", chunks=(64, 1 << 10),
                            compression="gzip")  # fmt: skip
        file["pad"] = np.ones(100_000, "f4")
    with pytest.raises(DataError, match=r"mean\.h5: claims to hold 268,435,456 bytes that must be"):
        read_array(tmp_path / "mean.h5", "mean")


def test_what_data_layers_keep_counts(theirs, run):
    """Beside the net, against the limit on memory."""
    text = (theirs / "net.yaml").read_text()
    (theirs / "net.yaml").write_text(
        text.replace("batch_size: 4", "batch_size: 4, shapes: {data: [4], label: []}")
    )
    with h5py.File(theirs / "train.h5", "w") as file:
        file.create_dataset("data", (1_000_000, 4), "f4", chunks=(1000, 4), compression="gzip")
        file["label"] = np.zeros(1_000_000, "u1")
    result = run("solve theirs/net.yaml --memory-limit 20M")
    assert result.code == 1
    assert "31.5 MiB of them are kept beside a net of" in result.err
    assert "a smaller buffer_bytes keeps less" in result.err
    assert run("check theirs/net.yaml --memory-limit 20M").code == 1
    assert run("check theirs/net.yaml --memory-limit 40M").code == 0


def test_groups_that_are_nested_without_end(tmp_path, run):
    """HDF5's own walk takes the square of the depth; a ring of hard links has no end."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file
        for _ in range(200):
            group = group.create_group("a")
    result = run(f"data info {tmp_path / 'a.h5'}")
    assert result.code == 1
    assert "nested more than 64 deep" in result.err
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["x/data"] = np.zeros((2, 2))
        file["x/again"] = file["x"]
        assert [name for name, _ in walking.walk(file)] == ["x", "x/data"]


def test_more_objects_than_any_file_of_samples(tmp_path, monkeypatch):
    """Walking gives up."""
    monkeypatch.setattr(walking, "MOST_OBJECTS", 10)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for i in range(11):
            file[f"d{i}"] = 1.0
        with pytest.raises(ValueError, match="more than 10 objects"):
            list(walking.walk(file))


def test_a_picture_that_is_a_program(theirs, run):
    """EPS, whatever its name: Ghostscript is not started."""
    pytest.importorskip("PIL", reason="pictures need the extra images")
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\nshowpage\n%%EOF\n"
    for name in ("a", "b"):
        (theirs / "pictures" / name).mkdir(parents=True)
        (theirs / "pictures" / name / "1.png").write_bytes(eps)
    result = run("data pack theirs/pictures --to packed")
    assert result.code == 1
    assert "cannot identify image file" in result.err


@pytest.mark.filterwarnings("ignore:Image size")
def test_a_picture_that_is_a_bomb(theirs, run):
    """By its header, before it is unpacked: Pillow only warns."""
    pytest.importorskip("PIL", reason="pictures need the extra images")

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(
            ">I", zlib.crc32(kind + content)
        )  # fmt: skip

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0))
    image = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    (theirs / "pictures" / "a").mkdir(parents=True)
    (theirs / "pictures" / "a" / "1.png").write_bytes(image)
    result = run("data pack theirs/pictures --to packed --size 4x4")
    assert result.code == 1
    assert "is too large: it has 10000×10000 pixels" in result.err


def test_an_idx_file_of_255_axes(theirs, run):
    """NumPy has 64."""
    axes = struct.pack(">255I", *[1] * 255)
    (theirs / "idx").write_bytes(bytes([0, 0, 8, 255]) + axes + b"\0")
    result = run("data pack data=theirs/idx --to packed")
    assert result.code == 1
    assert "has 255 axes, expected 32 at most" in result.err


def test_an_array_that_is_cut_short_while_it_is_packed(tmp_path, monkeypatch):
    """A mapped file would end the process (SIGBUS)."""
    from graphnet.data.tools import npy
    from graphnet.data.tools.packable import ArrayFiles
    from graphnet.data.tools.packing import PackOptions, pack

    monkeypatch.setattr(npy, "_SMALL_BYTES", 100)
    np.save(tmp_path / "a.npy", np.zeros((4000, 100), "f4"))
    samples = ArrayFiles({"data": tmp_path / "a.npy"})

    def cut(*_):
        os.truncate(tmp_path / "a.npy", 5000)

    with pytest.raises(DataError, match=r"a\.npy was cut short while it was read"):
        pack(samples, tmp_path / "packed", PackOptions(), cut)
    assert not list((tmp_path / "packed").glob("*.h5"))


@pytest.mark.usefixtures("theirs")
@pytest.mark.parametrize("when", [1, 2, -1])
@pytest.mark.parametrize("kind", ["safetensors", "npz"])
def test_weights_that_are_cut_short_while_they_are_read(run, monkeypatch, kind, when):
    """A look at what is no longer there would end the process (SIGBUS), so it is asked before."""
    assert run("solve theirs/net.yaml").code == 0
    file = f"weights.{kind}"
    assert run(f"export {kind} theirs/net.yaml --weights theirs/run -o {file}").code == 0
    come = f"import {kind} theirs/net.yaml --weights {file} -o"
    check, asked = FileMapping.check, []

    def counted(mapping):
        asked.append(len(mapping))
        check(mapping)

    monkeypatch.setattr(FileMapping, "check", counted)
    assert run(f"{come} whole").code == 0
    n, _ = len(asked), asked.clear()
    assert n >= 4

    def cut(mapping):
        if len(asked) == when % (n + 1) - 1:
            os.truncate(file, 40)
        counted(mapping)

    monkeypatch.setattr(FileMapping, "check", cut)
    result = run(f"{come} back")
    assert result.code == 1
    assert f"{file}: was cut short while it was read, from {asked[0]:,} to 40 bytes" in result.err
    assert not Path("back/model.h5").exists()


def test_an_archive_that_fills_the_disk(theirs, run):
    """What an array is unpacked to is held against what it is packed in."""
    assert run("solve theirs/net.yaml").code == 0
    with zipfile.ZipFile("rows.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            head, {"descr": "<f4", "fortran_order": False, "shape": (1 << 23, 4)}
        )
        with archive.open("data.npy", "w") as member:
            member.write(head.getvalue())
            for _ in range(128):
                member.write(bytes(1 << 20))
    result = run("predict theirs/run rows.npz -o answers.csv")
    assert result.code == 1
    assert "'data.npy' claims 134,217," in result.err
    assert not (theirs.parent / "answers.csv").exists()


def test_an_hdf5_model_of_caffe_that_leads_elsewhere(tmp_path):
    """Neither a link to another file is followed, nor a claim of gigabytes believed."""
    from graphnet.errors import SnapshotError
    from graphnet.interchange.caffe.files.blobs import read_weights

    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data/ip/0"] = np.zeros((2, 2), "f4")
    with h5py.File(tmp_path / "link.caffemodel.h5", "w") as file:
        file["data"] = h5py.ExternalLink("other.h5", "/data")
    with pytest.raises(SnapshotError, match="has no group 'data'"):
        read_weights(tmp_path / "link.caffemodel.h5")
    with h5py.File(tmp_path / "bomb.caffemodel.h5", "w") as file:
        for i in range(8):
            file.create_dataset(f"data/ip{i}/0", (1 << 13, 1 << 10), "f4", chunks=(64, 64),
                                compression="gzip")  # fmt: skip
    with pytest.raises(SnapshotError, match="claims to hold 268,435,456 bytes"):
        read_weights(tmp_path / "bomb.caffemodel.h5")


def test_a_picture_in_the_body_of_a_request():
    """The service opens the same formats."""
    pytest.importorskip("PIL", reason="pictures need the extra images")
    from graphnet.data.pictures.opening import opened_picture

    with (
        pytest.raises(Exception, match="cannot identify"),
        opened_picture(io.BytesIO(b"%!PS-Adobe")),
    ):
        pass
