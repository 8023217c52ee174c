"""Tables that name pictures: files, labels, what is left out, what is refused."""

import numpy as np
import pytest

from graphnet.data.csv.column_roles import TableOptions
from graphnet.data.pictures.picture_table import PictureTable, names_pictures
from graphnet.data.pictures.reader import PictureOptions
from graphnet.errors import DataError

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A function that reads a table beside three pictures of one colour each."""
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name, value in (("in/1.png", 10), ("in/deep/2.PNG", 20), ("in/3.jpg.png", 30)):
        Image.new("L", (3, 2), value).save(tmp_path / name)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    def read(text, reading=PictureOptions(grey=True), **options):  # noqa: B008  # frozen
        path = tmp_path / "in" / "list.csv"
        path.write_text(text, "utf-8")
        assert names_pictures(path, TableOptions(**options))
        return PictureTable(path, TableOptions(**options), reading)

    return read


TEXT = "id;file;kind\n7;1.png;dog\n8;deep/2.PNG;cat\n9;3.jpg.png;dog\n"


def test_files_and_labels(table, tmp_path):
    """In the order of the rows; words are classes; other columns are left out, which is said."""
    found = table(TEXT, label="kind")
    rows = found.rows(np.array([2, 0, 1]))
    assert rows["data"][:, 0, 0, 0].tolist() == [30, 10, 20]
    assert (rows["label"].tolist(), found.classes) == ([1, 1, 0], ["cat", "dog"])
    assert found.data_sets == {"data": (np.dtype("u1"), (1, 2, 3)), "label": (np.dtype("i4"), ())}
    assert found.where(1) == f"{tmp_path}/in/deep/2.PNG ({tmp_path}/in/list.csv:3)"
    assert found.notes[:4] == [
        ("read as", "UTF-8, columns separated by semicolons"),
        ("pictures", "column 'file'"),
        ("left out", "column 'id'"),
        ("label", "column 'kind'"),
    ]
    assert found.recipe.shape == (1, 2, 3)


def test_without_headings_or_labels(table):
    """Numbers are labels as they are; a list of files alone has none."""
    found = table("1.png,5\ndeep/2.PNG,-1\n")
    assert found.rows(np.arange(2))["label"].tolist() == [5, -1]
    found = table("1.png\n3.jpg.png\n")
    assert set(found.rows(np.arange(2))) == {"data"}
    assert ("label", "none") in found.notes
    found = table("1.png,5\ndeep/2.PNG,-1\n", no_label=True)
    assert set(found.data_sets) == {"data"}


def test_several_labels(table):
    """Such as a place in the picture."""
    found = table("file,x,y\n1.png,0.5,2\n3.jpg.png,1.5,3\n", label=("x", "y"))
    assert found.rows(np.arange(2))["label"].tolist() == [[0.5, 2], [1.5, 3]]


def test_relative_to_the_working_directory(table, tmp_path):
    """Where there is no such file beside the table."""
    (tmp_path / "elsewhere" / "4.png").write_bytes((tmp_path / "in" / "1.png").read_bytes())
    assert table("4.png,0\n1.png,1\n").n_rows == 2


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("file,kind\n5.png,a\n", {}, r"list\.csv:2, column 'file': there is no file '5.png'"),
        ("file,kind\n1.png,a\n,b\n", {}, r"list\.csv:3, column 'file': there is no file ''"),
        ("file,kind\n1.png,a\n1.png\n", {}, r"list\.csv:3: 1 values, expected 2"),
        ("file,kind\n1.png,\n", {}, "column 'kind': the label is missing"),
        ("a,b,kind\n1.png,1.png,x\n", {}, "column 'a' or column 'b'\n  name it: --pictures"),
        ("a,b,c\n1.png,1,x\n", {"label": "a"}, "column 'a' is the label and holds the files"),
        ("a,b,c\n1.png,1,2\n", {}, "no heading says which column is the label"),
        ("a,b\n1.png,2\n", {"label": "b", "no_label": True}, "exclude each other"),
        ("x,y\n", {"pictures": "x"}, "has no rows below its headings"),
    ],
)
def test_refused(table, text, options, message):
    """With the line and what to do."""
    with pytest.raises(DataError, match=message):
        table(text, **options)


def test_other_tables(tmp_path):
    """Numbers and words name no pictures."""
    (tmp_path / "a.csv").write_text("x,kind\n1,png\n2,jpg\n", "utf-8")
    assert not names_pictures(tmp_path / "a.csv", TableOptions())
