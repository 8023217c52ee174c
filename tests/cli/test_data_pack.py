"""``graphnet data pack``: files that a net can be trained on."""

from __future__ import annotations

import h5py
import numpy as np
import pytest


def test_a_table(folder, run):
    """It says what the classes are and where the files went."""
    (folder / "a.csv").write_text("".join(f"{i},{'yn'[i % 2]}\n" for i in range(10)), "utf-8")
    found = run("data pack a.csv --to out --split 0.2 --mean --seed 3 --compress")
    assert (found.code, found.err) == (0, "")
    assert found.lines[0] == "classes: 0 n, 1 y"
    assert found.lines[1].startswith("train  8 samples in out/train.h5 (")
    assert found.lines[2].startswith("test   2 samples in out/test.h5 (")
    assert found.lines[3:] == ["mean   in out/mean.h5"]
    assert run("data pack a.csv --to out").code == 1
    assert run("data pack a.csv --to out --force --keep-order --label 1").code == 0
    with h5py.File(folder / "out" / "train.h5") as file:
        assert file["data"][:, 0].tolist() == list(range(10))


def test_what_is_packed_can_be_trained_on(folder, run):
    """Arrays by name become the data of a net."""
    with h5py.File(folder / "train.h5") as file:
        np.save(folder / "x.npy", file["data"])
        np.save(folder / "y.npy", file["label"])
    assert run("data pack data=x.npy label=y.npy --to .").code == 1  # train.h5 is there
    assert run("data pack data=x.npy label=y.npy --to . --force").code == 0
    assert run("solve net.yaml --quiet").code == 0


def test_pictures(folder, run):
    """A folder of folders."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    for name in ("cat", "dog"):
        (folder / "pictures" / name).mkdir(parents=True)
        image.new("RGB", (5, 4)).save(folder / "pictures" / name / "1.png")
    found = run("data pack pictures --to out --size 8x6 --grey")
    assert found.lines[0] == "classes: 0 cat, 1 dog"
    with h5py.File(folder / "out" / "train.h5") as file:
        assert file["data"].shape == (2, 1, 8, 6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("a.txt", "cannot tell what to pack: a.txt\n  expected a folder"),
        ("a.csv b.csv", "cannot tell what to pack: a.csv b.csv\n"),
        ("x=a.npy x=b.npy", "two arrays have the same name"),
        ("a.csv --size 3", "--size 3: expected HEIGHTxWIDTH, such as 32x32"),
    ],
)
def test_wrong_use(run, arguments, message):
    """What was expected is said."""
    found = run(f"data pack {arguments} --to out")
    assert (found.code, found.out) == (1, "")
    assert found.err.startswith(message)
