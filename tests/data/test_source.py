"""What a source may name."""

import re

import h5py
import numpy as np
import pytest
from support.data_layers import numbered

from graphnet.data import source
from graphnet.errors import DataError

BOTH = ["data", "label"]


def names(entry):
    """The files an entry leads to."""
    return [part.where(0).rpartition("/")[2].partition(",")[0] for part in opened(entry)]


def opened(entry):
    return source.open_parts(entry, BOTH)


@pytest.fixture
def folder(tmp_path):
    """A folder with part-0.h5 to part-2.h5 of 2 rows each, and sub/deep.h5."""
    for i in range(3):
        numbered(tmp_path / f"part-{i}.h5", 2 * i, 2)
    (tmp_path / "sub").mkdir()
    numbered(tmp_path / "sub" / "deep.h5", 6, 2)
    return tmp_path


def test_one_file(folder):
    """A path to an HDF5 file, whatever its suffix."""
    assert names(f"{folder}/part-1.h5") == ["part-1.h5"]
    (folder / "part-1.h5").rename(folder / "part-1.data")
    assert names(f"{folder}/part-1.data") == ["part-1.data"]


def test_glob(folder):
    """A glob is its matches in the order of their names; ** goes into sub-folders."""
    assert names(f"{folder}/part-*.h5") == ["part-0.h5", "part-1.h5", "part-2.h5"]
    assert names(f"{folder}/part-[02].h5") == ["part-0.h5", "part-2.h5"]
    assert names(f"{folder}/**/*.h5") == ["part-0.h5", "part-1.h5", "part-2.h5", "deep.h5"]


def test_file_whose_name_looks_like_a_glob(folder):
    """A file that is there is meant by its name, even with brackets in it."""
    numbered(folder / "a[1].h5", 0, 2)
    assert names(f"{folder}/a[1].h5") == ["a[1].h5"]


def test_text_file(folder, monkeypatch):
    """A text file names files, relative to its own folder or else to the working directory."""
    (folder / "sub" / "list.txt").write_text(f"deep.h5\n\n  part-1.h5  \n{folder}/part-0.h5\n")
    monkeypatch.chdir(folder)
    assert names(f"{folder}/sub/list.txt") == ["deep.h5", "part-1.h5", "part-0.h5"]


def test_list(folder):
    """A list is its entries one after the other, of any kinds."""
    (folder / "list.txt").write_text("part-2.h5\n")
    entries = (f"{folder}/sub/*.h5", "dataset:digits/test", f"{folder}/list.txt")
    parts = opened(entries)
    assert [p.n_rows for p in parts] == [2, 360, 2]
    assert parts[1].where(7) == "dataset:digits/test, row 7"


@pytest.mark.parametrize(
    ("entry", "match"),
    [
        ("{}/nope.h5", r"there is no file .*nope\.h5\n  expected an HDF5 file, a glob such as"),
        ("{}/nope-*.h5", r"no file matches the source .*nope-\*\.h5"),
        ("{}/sub", r"the source .*sub is a folder\n  to read all files in it: .*sub/\*\.h5"),
        ("{}/" + "x" * 3000, r"there is no file .*xxx\n  expected an HDF5 file"),
        (
            "{}/~nobody/x.h5",
            r"there is no file .*~nobody/x\.h5\n  there is no folder .*~nobody either",
        ),
        ("{}/odd.txt", r"odd\.txt:1: there is no file ~nosuchuser/a\.h5\n  looked for .*~nosuch"),
        ("{}/long.txt", r"long\.txt:1: there is no file xxx"),
        ("{}/empty.txt", r"empty\.txt names no files\n  expected the name of an HDF5 file on each"),
        (
            "{}/list.txt",
            r"list\.txt:2: there is no file gone\.h5\n  looked for .*gone\.h5 or .*gone",
        ),
        ("{}/binary.bin", "binary.bin is not an HDF5 file\n  expected an HDF5"),
        ("{}/empty.h5", r"empty\.h5 is empty \(0 bytes\)"),
        ("dataset:mnist/train", "the data set 'mnist' is not on this machine"),
    ],
)
def test_what_is_not_there(folder, monkeypatch, entry, match):
    """What cannot be had is named, with what was expected."""
    monkeypatch.setenv("GRAPHNET_DATA", str(folder))
    (folder / "empty.txt").write_text("\n")
    (folder / "list.txt").write_text("part-0.h5\ngone.h5\n")
    (folder / "odd.txt").write_text("~nosuchuser/a.h5\n")
    (folder / "long.txt").write_text("x" * 3000 + ".h5")
    (folder / "binary.bin").write_bytes(b"\xff\xfd\x00")
    (folder / "empty.h5").write_bytes(b"")
    with pytest.raises(DataError, match=match):
        opened(entry.format(folder))


def test_missing(folder, monkeypatch):
    """A source is missing if any part of it is; whether it can be read is not asked."""
    monkeypatch.setenv("GRAPHNET_DATA", str(folder))
    (folder / "bad.h5").write_bytes(b"")
    assert source.missing(f"{folder}/part-*.h5") == ""
    assert source.missing(("dataset:iris/train", f"{folder}/bad.h5")) == ""
    assert "no file matches" in source.missing((f"{folder}/part-0.h5", f"{folder}/x*"))
    assert "graphnet data mnist" in source.missing("dataset:mnist/test")


def test_check_names():
    """A named set that does not exist is refused with the name that was meant."""
    source.check_names(("dataset:mnist/train", "any/path"))
    message = "there is no data set 'dataset:mnits/train'\n  did you mean 'dataset:mnist/train'?"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        source.check_names("dataset:mnits/train")
    message = (
        "there is no data set 'dataset:mnist'\n"
        "  did you mean 'dataset:mnist/train' or 'dataset:mnist/test'?"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        source.check_names("dataset:mnist")
    with pytest.raises(DataError, match="the source is an empty list"):
        source.check_names(())
    with pytest.raises(DataError, match="the source is blank"):
        source.check_names(("a.h5", " "))


def test_absolute_source(folder, monkeypatch):
    """Relative paths are taken from the folder; absolute ones, ~ and named sets stay."""
    monkeypatch.setenv("HOME", "/home/me")
    assert source.absolute_source("a.h5", folder) == f"{folder}/a.h5"
    assert source.absolute_source("../b/*.h5", folder) == f"{folder}/../b/*.h5"
    kept = ("/x/a.h5", "dataset:iris/test")
    assert source.absolute_source(kept, folder) == kept
    assert source.absolute_source("~/a.h5", folder) == "/home/me/a.h5"


def test_absolute_glob_in_a_folder_with_brackets(tmp_path):
    """A folder's own brackets are not taken for a pattern."""
    folder = tmp_path / "run [1]"
    folder.mkdir()
    numbered(folder / "a.h5", 0, 1)
    for entry in ("*.h5", "a.h5"):
        assert names(source.absolute_source(entry, folder)) == ["a.h5"]


def test_known_shapes():
    """A named set has built-in shapes; a file has none."""
    assert source.known_shapes("dataset:mnist/train") == {"data": (1, 28, 28), "label": ()}
    assert source.known_shapes(("dataset:iris/train", "a.h5"))["data"] == (4,)
    assert source.known_shapes("a.h5") is None


def test_fetch_of_a_file(folder, monkeypatch):
    """A file cannot be fetched, only be there."""
    monkeypatch.setenv("GRAPHNET_DATA", str(folder))
    source.fetch(f"{folder}/part-0.h5")
    source.fetch("dataset:iris/train", offline=True)
    with pytest.raises(DataError, match="there is no file"):
        source.fetch(f"{folder}/nope.h5", offline=True)
    with pytest.raises(DataError, match="'mnist' is not on this machine, and downloads are off"):
        source.fetch("dataset:mnist/train", offline=True)


def test_first_part_alone_is_opened(folder):
    """For shapes, the first file is enough."""
    (folder / "part-1.h5").write_bytes(b"broken")
    part = source.open_first(f"{folder}/part-*.h5", BOTH)
    assert [c.shape for c in part.columns] == [(2,), ()]


def test_named_set_from_the_data_folder(tmp_path, monkeypatch):
    """A fetched set is read from the data folder."""
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path))
    (tmp_path / "mnist").mkdir()
    with h5py.File(tmp_path / "mnist" / "test.h5", "w") as f:
        f["data"], f["label"] = np.zeros((3, 1, 28, 28), np.uint8), np.zeros(3, np.uint8)
    assert opened("dataset:mnist/test")[0].n_rows == 3


def test_near_names(folder):
    """A mistyped file is told the one it is near to; a named set, that it needs its prefix."""
    near = {
        f"{folder}/prat-1.h5": r"did you mean 'part-1\.h5'\?$",
        f"{folder}/mnist/train": r"did you mean 'dataset:mnist/train'\?$",
        f"{folder}/digts": r"did you mean 'dataset:digits/test'\?$",
        f"{folder}/nowhere/part-1.h5": "there is no folder .*nowhere either$",
    }
    for entry, match in near.items():
        with pytest.raises(DataError, match=f"there is no file {re.escape(entry)}\n  {match}"):
            opened(entry)


def test_files_of_another_kind(folder):
    """What is no HDF5 file leads to the command that makes one of it."""
    (folder / "a table.csv").write_text("x,label\n1,2\n")
    made = f"{folder}/a table"
    said = (
        f"{made}.csv is a table of text\n"
        f"  make an HDF5 file of it: graphnet data pack '{made}.csv' --to '{made}'\n"
        f"  then: source: '{made}'/train.h5"
    )
    for entry in (f"{made}.csv", f"{folder}/*.csv"):
        with pytest.raises(DataError, match=re.escape(said)):
            opened(entry)
    (folder / "pictures" / "cat").mkdir(parents=True)
    with pytest.raises(DataError, match=r"is a folder\n .*: graphnet data pack .*pictures --to "):
        opened(f"{folder}/pictures")
    with pytest.raises(DataError, match="/dev/null is a device, not a file"):
        opened("/dev/null")


def test_rows_that_would_be_there_twice(folder):
    """Two entries that name one file are a mistake; the same entry twice is meant."""
    entry = f"{folder}/part-1.h5"
    assert names((entry, entry)) == ["part-1.h5"] * 2
    (folder / "list.txt").write_text("part-1.h5\n")
    for other in (f"{folder}/part-*.h5", f"{folder}/list.txt", f"{folder}/sub/../part-1.h5"):
        with pytest.raises(DataError, match=r"part-1\.h5 is named twice: by .* and by "):
            opened((other, entry))


def test_the_entry_it_is_about(folder):
    """Of a list, an error knows which one."""
    with pytest.raises(DataError, match="there is no file") as caught:
        opened((f"{folder}/part-1.h5", f"{folder}/gone.h5"))
    assert caught.value.about == (1,)
