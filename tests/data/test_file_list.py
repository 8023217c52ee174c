"""Lists of files, as editors and other programs write them."""

import os
import re

import pytest

from graphnet.data.file_list import listed
from graphnet.errors import DataError


@pytest.fixture
def folder(tmp_path):
    for name in ("a.h5", "b.h5", "größe.h5"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_as_written(folder, encoding, end):
    """Marks, ends of lines, blanks around names, blank lines and comments are as they come."""
    text = f"# two files{end}{end}a.h5{end}  größe.h5 \t{end} # the end"
    (folder / "list.txt").write_bytes(text.encode(encoding))
    assert [p.name for p in listed(folder / "list.txt")] == ["a.h5", "größe.h5"]


def test_names_that_are_bytes(folder):
    """A file whose name is not UTF-8 is found by its bytes."""
    name = os.fsdecode(b"gr\xf6\xdfe.h5")
    (folder / name).touch()
    (folder / "list.txt").write_bytes(b"gr\xf6\xdfe.h5\n")
    assert [p.name for p in listed(folder / "list.txt")] == [name]


def test_home(folder, monkeypatch):
    """``~`` is the home folder."""
    monkeypatch.setenv("HOME", str(folder))
    (folder / "sub").mkdir()
    (folder / "sub" / "list.txt").write_text("~/a.h5\n")
    assert listed(folder / "sub" / "list.txt") == [folder / "a.h5"]


def test_where_a_name_leads(folder, monkeypatch):
    """Beside the list, or else in the working directory; what is not there says both places."""
    lists = folder / "lists"
    lists.mkdir()
    (lists / "a.h5").touch()
    (lists / "list.txt").write_text("a.h5\nb.h5\n")
    monkeypatch.chdir(folder)
    assert listed(lists / "list.txt") == [lists / "a.h5", folder / "b.h5"]
    for name, looked in (
        ("c.h5", f"{lists}/c.h5 or {folder}/c.h5"),
        ("~/c.h5", f"{folder}/home/c.h5"),
        (f"{folder}/c.h5", f"{folder}/c.h5"),
    ):
        monkeypatch.setenv("HOME", f"{folder}/home")
        (lists / "list.txt").write_text(name)
        message = f"{lists}/list.txt:1: there is no file {name}\n  looked for {looked}"
        with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
            listed(lists / "list.txt")


def test_no_working_directory(folder, monkeypatch):
    """One that has been removed is not looked in."""
    gone = folder / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    (folder / "list.txt").write_text("a.h5\n")
    assert listed(folder / "list.txt") == [folder / "a.h5"]
    (folder / "list.txt").write_text("c.h5\n")
    with pytest.raises(DataError, match=r"there is no file c\.h5\n  looked for \S+/c\.h5$"):
        listed(folder / "list.txt")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"a.h5\ngone.h5\n", r":2: there is no file gone\.h5\n  looked for .*gone\.h5"),
        (b"a.h5\nb.h5\na.h5", r":3: a\.h5 is named twice, first on line 1\n"),
        (
            "größe2.h5".encode("latin-1"),
            r":1: there is no file gr\\xf6\\xdfe2\.h5\n.*\n .*in UTF-8",
        ),
        (b"# nothing\n", r" names no files\n  expected the name of an HDF5 file on each line"),
        (b"\xff\xfea", r" is not text in UTF-16, as its first bytes say"),
        (b"\0\1\2", r" is not an HDF5 file\n  expected"),
        (b"x,label\n1,2\n", r" is a table of text\n  .*graphnet data pack"),
        (b".\n", r":1: this line names no file\n  expected the name of an HDF5 file"),
        (b"d.h5\n", r":1: there is no file d\.h5\n.*\n  which is a folder"),
    ],
)
def test_what_is_wrong(folder, content, match):
    """The line is named, and what was looked for."""
    (folder / "d.h5").mkdir()
    (folder / "list.txt").write_bytes(content)
    with pytest.raises(DataError, match=re.escape(str(folder / "list.txt")) + match):
        listed(folder / "list.txt")
