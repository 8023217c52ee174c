"""Where paths lead, and which must not be written to."""

import os
from pathlib import Path

import pytest

from graphnet.errors import SpecError
from graphnet.files.paths import (
    is_same_file,
    is_there,
    placed,
    refuse_to_replace,
    refuse_to_write_over,
    shown,
    user_path,
)


def test_paths_with_a_tilde(monkeypatch):
    """The home folder; a name where there is no such user."""
    monkeypatch.setenv("HOME", "/home/me")
    assert str(user_path("~/a.h5")) == "/home/me/a.h5"
    assert str(user_path("~nobody-at-all/a.h5")) == "~nobody-at-all/a.h5"
    assert str(user_path("~a\0b")) == "~a\0b"


def test_what_is_there(tmp_path):
    """Folders and files; nothing under a name that no system takes."""
    (tmp_path / "a").touch()
    assert is_there(tmp_path)
    assert is_there(tmp_path / "a")
    assert not is_there(tmp_path / "b")
    assert not is_there(tmp_path / ("x" * 3000))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a.h5", "/y/a.h5"),
        ("../runs/a", "/runs/a"),
        ("/a/../b", "/b"),
        (".", "/y"),
        ("~/a", "/h/a"),
    ],
)
def test_where_a_path_in_a_file_leads(text, found, monkeypatch):
    """From its folder, in a form that can be compared."""
    monkeypatch.setenv("HOME", "/h")
    assert placed(text, Path("/y")) == Path(found)


def test_paths_are_shown_relative_where_they_lie_below(tmp_path, monkeypatch):
    """Shorter, and what the user has typed; also where there is no working directory any more."""
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "a" / "b") == Path("a/b")
    assert shown(tmp_path.parent) == tmp_path.parent
    assert shown(tmp_path) == tmp_path
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert shown(tmp_path) == tmp_path


def test_one_file_by_other_names(tmp_path, monkeypatch):
    """By another spelling, by a link, by a hard link; also one that is not there."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "a"
    file.write_text("")
    (tmp_path / "inner").mkdir()
    (tmp_path / "link").symlink_to("a")
    os.link(file, tmp_path / "hard")
    for other in ("a", "./a", "inner/../a", "link", "hard", str(file)):
        assert is_same_file(file, Path(other)), other
        with pytest.raises(SpecError, match=r"this is the input, which would be lost\n  choose"):
            refuse_to_write_over(Path(other), {"the input": file})
    assert is_same_file(Path("none"), tmp_path / "none")
    assert not is_same_file(file, Path("none"))
    assert not is_same_file(file, Path("a\0"))
    refuse_to_write_over(Path("none"), {"the input": file})


def test_what_is_there_is_not_replaced(tmp_path, monkeypatch):
    """All of it is named, a link that leads nowhere too."""
    monkeypatch.chdir(tmp_path)
    refuse_to_replace([Path("a"), Path("b")])
    Path("a").touch()
    Path("b").symlink_to("nowhere")
    with pytest.raises(SpecError, match=r"^a, b: there already\n  choose another place; to repl"):
        refuse_to_replace([Path("a"), tmp_path / "b", Path("c")])


def test_files_alone_are_replaced(tmp_path, monkeypatch):
    """Told before the first of several is written, so that none is written alone."""
    monkeypatch.chdir(tmp_path)
    Path("a").touch()
    refuse_to_replace([Path("a"), Path("new")], force=True)
    Path("folder").mkdir()
    with pytest.raises(SpecError, match=r"^folder: is a folder\n  remove it, or choose another"):
        refuse_to_replace([Path("a"), Path("folder")], force=True)
    Path("link").symlink_to("a")
    with pytest.raises(SpecError, match=r"^link: is a symbolic link, and none is followed\n"):
        refuse_to_replace([Path("a"), Path("link")], force=True)
