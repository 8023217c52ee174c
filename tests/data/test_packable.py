"""What can be packed: arrays, tables, pictures."""

import gzip
import re
import sys

import numpy as np
import pytest

from graphnet.data.packable import ArrayFiles, CsvTable, PictureFolder, PictureOptions
from graphnet.errors import DataError
from graphnet.installation import pip_install


def csv_table(tmp_path, text, label=None):
    path = tmp_path / "a.csv"
    path.write_text(text, "utf-8")
    return CsvTable(path, label)


def everything(samples):
    return samples.rows(np.arange(samples.n_rows))


def test_arrays(tmp_path):
    """NumPy and IDX files, each a data set; rows come in the order asked for."""
    x = np.arange(12, dtype=">f4").reshape(4, 3)
    np.save(tmp_path / "x.npy", x)
    idx = bytes([0, 0, 8, 1, 0, 0, 0, 4, 3, 1, 2, 0])
    (tmp_path / "y.gz").write_bytes(gzip.compress(idx))
    found = ArrayFiles({"data": tmp_path / "x.npy", "label": tmp_path / "y.gz"})
    assert found.columns == {"data": (np.dtype("f4"), (3,)), "label": (np.dtype("u1"), ())}
    rows = found.rows(np.array([2, 0]))
    assert rows["data"].tolist() == [[6, 7, 8], [0, 1, 2]]
    assert rows["label"].tolist() == [2, 3]
    assert (found.n_rows, found.labels.tolist(), found.classes) == (4, [3, 1, 2, 0], ())


def test_arrays_that_do_not_fit(tmp_path):
    """Unequal rows, text and files that are no arrays are refused; nothing is unpickled."""
    for name, values in {"a": [1, 2], "b": [1], "c": ["x"], "e": 3}.items():
        np.save(tmp_path / f"{name}.npy", values)
    np.save(tmp_path / "d.npy", np.array([{}], object))
    files = {name: tmp_path / f"{name}.npy" for name in "abcdef"}
    with pytest.raises(DataError, match=r"unequal numbers of rows:\n  .*a\.npy has 2\n  .*b\.npy"):
        ArrayFiles({"a": files["a"], "b": files["b"]})
    for name in "ce":
        with pytest.raises(DataError, match=r"holds an array of .*\n  expected numbers"):
            ArrayFiles({"x": files[name]})
    with pytest.raises(DataError, match=r"d\.npy: cannot be read: .*Python objects"):
        ArrayFiles({"x": files["d"]})
    with pytest.raises(DataError, match=r"f\.npy: cannot be read: No such file"):
        ArrayFiles({"x": files["f"]})


def test_table(tmp_path):
    """Headings are seen; the label's column is found by heading, number, or is the last."""
    text = "a,label,b\n1,2,3.5\n\n4, 0,6\n"
    found = everything(csv_table(tmp_path, text))
    assert found["data"].tolist() == [[1, 3.5], [4, 6]]
    assert (found["data"].dtype, found["label"].dtype) == (np.float32, np.int32)
    assert found["label"].tolist() == [2, 0]
    assert everything(csv_table(tmp_path, text, "b"))["label"].tolist() == [3.5, 6]
    assert everything(csv_table(tmp_path, text, "0"))["label"].tolist() == [1, 4]
    bare = csv_table(tmp_path, "1,2,3\n4,5,6\n")
    assert everything(bare)["label"].tolist() == [3, 6]
    assert everything(csv_table(tmp_path, "1,2,3\n4,5,6\n", "-2"))["label"].tolist() == [2, 5]


def test_table_with_words(tmp_path):
    """Words are classes, numbered in alphabetical order."""
    found = csv_table(tmp_path, "\ufeff1,dog\n2,cat\n3, dog\n")
    assert found.classes == ["cat", "dog"]
    assert found.labels.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("text", "label", "message"),
    [
        ("", None, "has no rows"),
        ("a,b\n", None, "has no rows"),
        ("1,2\n1,2,3\n", None, r"a\.csv:2: 3 values, expected 2"),
        ("1,2\n,2\n", None, r"a\.csv:2: '' is not a number\n  only the label's column may"),
        ("a,b\n1,2\n", "c", r"has no column 'c'\n  it has: a, b|has no column 'c'.*\n.*\n.*a, b"),
        ("1,2\n", "c", r"has no column 'c'\n  it has: 2 columns without headings"),
        ("1,2\n", "2", r"has 2 columns\n  expected the label's and at least one more"),
        ("1\n", None, "has 1 columns"),
    ],
)
def test_table_that_cannot_be_read(tmp_path, text, label, message):
    """The line and the reason are named."""
    with pytest.raises(DataError, match=message):
        csv_table(tmp_path, text, label)


def test_table_that_is_not_there(tmp_path):
    """Nor text of another encoding."""
    with pytest.raises(DataError, match=r"cannot read .*b\.csv: No such file"):
        CsvTable(tmp_path / "b.csv")
    (tmp_path / "c.csv").write_bytes(b"\xff\xfe1")
    with pytest.raises(DataError, match=r"cannot read .*c\.csv: 'utf-8' codec"):
        CsvTable(tmp_path / "c.csv")


@pytest.fixture
def pictures(tmp_path):
    """Two dogs, one of them deeper down, and a cat, 3 wide and 2 high; and a file that is none."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    values = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    for name, shift in {"dog/1.png": 0, "dog/more/2.PNG": 50, "cat/a.png": 100}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image.fromarray(values + np.uint8(shift)).save(path)
    (tmp_path / "dog" / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    return values


def test_pictures(tmp_path, pictures):
    """Channels first; classes are the folders in alphabetical order."""
    found = PictureFolder(tmp_path, PictureOptions())
    assert found.columns == {"data": (np.dtype("u1"), (3, 2, 3)), "label": (np.dtype("i4"), ())}
    assert found.classes == ["cat", "dog"]
    rows = everything(found)
    assert rows["label"].tolist() == [0, 1, 1]
    assert np.array_equal(rows["data"][1], pictures.transpose(2, 0, 1))
    assert np.array_equal(rows["data"][2], pictures.transpose(2, 0, 1) + 50)


@pytest.mark.usefixtures("pictures")
def test_picture_options(tmp_path):
    """They are brought to one size, and to grey."""
    found = PictureFolder(tmp_path, PictureOptions(size=(4, 5), grey=True))
    assert everything(found)["data"].shape == (3, 1, 4, 5)


@pytest.mark.usefixtures("pictures")
def test_pictures_that_cannot_be_packed(tmp_path):
    """Of another size, or damaged: the file is named."""
    from PIL import Image

    Image.new("RGB", (2, 2)).save(tmp_path / "dog" / "3.png")
    found = PictureFolder(tmp_path, PictureOptions())
    with pytest.raises(
        DataError, match=r"3\.png is 3×2×2, while .*a\.png is 3×2×3\n  bring them to one size"
    ):
        everything(found)
    (tmp_path / "cat" / "a.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"cannot read the picture .*a\.png"):
        PictureFolder(tmp_path, PictureOptions())
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match=r"none holds no folders with pictures\n  expected one"):
        PictureFolder(tmp_path / "none", PictureOptions())


def test_without_pillow(tmp_path, monkeypatch):
    """It says what to install."""
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DataError, match=re.escape(pip_install("images"))):
        PictureFolder(tmp_path, PictureOptions())
