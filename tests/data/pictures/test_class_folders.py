"""Folders of pictures: classes, order, what is left out, what is refused."""

import os
import re

import numpy as np
import pytest

from graphnet.data.pictures.class_folders import PictureFolder
from graphnet.data.pictures.reader import PictureOptions
from graphnet.errors import DataError

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
VALUES = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)


def put(path, values=VALUES):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)


def everything(samples):
    return samples.rows(np.arange(samples.n_rows))


@pytest.fixture
def folder(tmp_path):
    """Two dogs, one of them deeper down, and a cat, 3 wide and 2 high; and what is no picture."""
    for name, shift in {"dog/1.png": 0, "dog/more/2.PNG": 50, "cat/a.png": 100}.items():
        put(tmp_path / name, VALUES + np.uint8(shift))
    (tmp_path / "dog" / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    return tmp_path


def test_pictures(folder):
    """Channels first; classes are the folders in alphabetical order."""
    found = PictureFolder(folder, PictureOptions())
    assert found.data_sets == {"data": (np.dtype("u1"), (3, 2, 3)), "label": (np.dtype("i4"), ())}
    assert found.classes == ["cat", "dog"]
    rows = everything(found)
    assert rows["label"].tolist() == [0, 1, 1]
    assert np.array_equal(rows["data"][1], VALUES.transpose(2, 0, 1))
    assert np.array_equal(rows["data"][2], VALUES.transpose(2, 0, 1) + 50)
    assert found.where(2) == str(folder / "dog" / "more" / "2.PNG")


def test_options(folder):
    """They are brought to one size, and to grey."""
    found = PictureFolder(folder, PictureOptions(size=(4, 5), grey=True))
    assert everything(found)["data"].shape == (3, 1, 4, 5)
    assert found.notes[0] == ("data", "1×4×5 uint8: grey")


def test_what_is_left_out_is_said(folder):
    """Other files, hidden ones, links to folders, pictures in no class, folders without any."""
    put(folder / "loose.png")
    put(folder / "dog" / ".ipynb_checkpoints" / "1.png")
    put(folder / ".git" / "1.png")
    (folder / "dog" / "._1.png").write_bytes(b"not a picture")
    (folder / "dog" / "a.heic").touch()
    (folder / "dog" / "link").symlink_to(folder / "cat")
    found = PictureFolder(folder, PictureOptions())
    assert found.n_rows == 3
    assert set(found.notes[1:]) == {
        ("left out", "1 pictures in no class's folder"),
        ("left out", "2 hidden files or folders"),
        ("left out", "1 links to folders"),
        ("left out", "1 files of the kind .txt"),
        ("left out", "1 files of the kind .heic"),
        ("left out", "1 folders without pictures"),
    }


def test_classes_called_by_numbers(tmp_path):
    """In the order of the numbers, so that 10 is behind 9."""
    for i in range(12):
        put(tmp_path / str(i) / "a.png")
    found = PictureFolder(tmp_path, PictureOptions())
    assert found.classes == [str(i) for i in range(12)]


def test_odd_names(tmp_path):
    """Whatever a file system takes."""
    for name in ("größe", "a\nb", os.fsdecode(b"\xff")):
        put(tmp_path / name / f"{name}.png")
    found = PictureFolder(tmp_path, PictureOptions())
    assert sorted(found.classes) == sorted(["größe", "a\nb", os.fsdecode(b"\xff")])
    assert everything(found)["data"].shape == (3, 3, 2, 3)


def test_one_class(tmp_path):
    """It is packed, and said."""
    put(tmp_path / "cat" / "a.png")
    found = PictureFolder(tmp_path, PictureOptions())
    assert ("note", "there is one class: every label is 0") in found.notes


def test_of_more_bits(tmp_path):
    """Nothing is lost, and the type is said; a folder has pictures of one type."""
    for name in ("a/1.png", "b/1.png"):
        put(tmp_path / name, np.array([[0, 1000, 65535]], np.uint16))
    found = PictureFolder(tmp_path, PictureOptions())
    assert found.data_sets["data"] == (np.dtype("u2"), (3, 1, 3))
    assert everything(found)["data"][1].tolist() == [[[0, 1000, 65535]]] * 3
    said = "3×1×3 uint16: grey in each of three channels; --grey: in one"
    assert found.notes[0] == ("data", said)
    put(tmp_path / "b" / "2.png", np.array([[0, 10, 255]], np.uint8))
    with pytest.raises(
        DataError,
        match=r"2\.png has numbers of type uint8, while .*1\.png has uint16\n .*one scale",
    ):
        PictureFolder(tmp_path, PictureOptions())


def test_pictures_that_cannot_be_packed(folder):
    """Of another size, or damaged: the file is named."""
    Image.new("RGB", (2, 2)).save(folder / "dog" / "3.png")
    found = PictureFolder(folder, PictureOptions())
    with pytest.raises(
        DataError, match=r"3\.png is 3×2×2, while .*a\.png is 3×2×3\n  bring them to one size"
    ):
        everything(found)
    (folder / "dog" / "3.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"cannot read the picture .*3\.png"):
        PictureFolder(folder, PictureOptions())
    (folder / "dog" / "3.png").unlink()
    (folder / "dog" / "3.png").symlink_to("gone.png")
    with pytest.raises(DataError, match=r"cannot read the picture .*3\.png: .*No such file"):
        PictureFolder(folder, PictureOptions())
    (folder / "dog" / "3.png").unlink()
    os.mkfifo(folder / "dog" / "3.png")
    assert ("left out", "1 files of the kind .png") in PictureFolder(folder, PictureOptions()).notes


def test_folders_that_are_not_of_classes(tmp_path):
    """Nothing in it, pictures without folders, or the parts of a data set."""
    with pytest.raises(DataError, match=r"holds no folders with pictures\n  expected one folder"):
        PictureFolder(tmp_path, PictureOptions())
    put(tmp_path / "a.png")
    with pytest.raises(DataError, match="holds no folders with pictures, but 1 picture\n"):
        PictureFolder(tmp_path, PictureOptions())
    put(tmp_path / "train" / "cat" / "a.png")
    put(tmp_path / "Test" / "cat" / "a.png")
    said = re.escape(f"pack each by itself: graphnet data pack {tmp_path / 'Test'} --to")
    with pytest.raises(
        DataError, match=rf"holds Test and train, which look like parts.*\n  {said}"
    ):
        PictureFolder(tmp_path, PictureOptions())
    with pytest.raises(DataError, match=r"cannot read .*nowhere: No such file"):
        PictureFolder(tmp_path / "nowhere", PictureOptions())
