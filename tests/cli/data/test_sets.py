"""``graphnet data``: getting a named set, or the list of them."""

from __future__ import annotations

import h5py


def test_a_set_that_is_part_of_graphnet(folder, run):
    """As HDF5 files, for other programs."""
    found = run("data iris --to made")
    assert (found.code, found.err) == (0, "")
    assert found.lines[0].startswith("Iris: ")
    assert "CC BY 4.0" in found.lines[0]
    assert found.lines[1:] == [
        f"train  120 samples in {folder / 'made/iris/train.h5'}",
        f"test   30 samples in {folder / 'made/iris/test.h5'}",
    ]
    with h5py.File(folder / "made/iris/test.h5") as file:
        assert file["data"].shape == (30, 4)


def test_the_data_folder_is_the_default(folder, run):
    """Where ``dataset:`` looks."""
    assert run("data digits").code == 0
    assert (folder / "data" / "digits" / "train.h5").exists()


def test_without_a_name_the_sets_are_listed(run):
    """What there is, how large, and how to get what is not here."""
    found = run("data")
    rows = {line.split()[0]: line for line in found.lines[1:]}
    assert {"mnist", "fashion-mnist", "cifar10", "iris", "digits", "mnist-pairs"} < set(rows)
    assert rows["mnist"].endswith("not here: graphnet data mnist")
    assert rows["iris"].endswith("part of graphnet")
    assert "60,000" in rows["mnist"]


def test_where_a_set_is_is_listed(folder, run):
    """Relative to here where it lies below."""
    for split in ("train", "test"):
        path = folder / "data" / "mnist" / f"{split}.h5"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (line,) = [line for line in run("data").lines if line.startswith("mnist ")]
    assert line.endswith("data/mnist")


def test_offline_nothing_is_downloaded(run):
    """It says so, and what else can be done."""
    found = run("data mnist --offline")
    assert (found.code, found.out) == (1, "")
    assert "downloads are off" in found.err
    assert "  from a folder with the published files: graphnet data mnist --from DIR\n" in found.err
