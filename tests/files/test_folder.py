"""Folders that are held."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from graphnet.files.folder import Folder


@pytest.fixture(params=["by descriptor", "by path"])
def _way(request, monkeypatch):
    """As POSIX does it, and as Windows must."""
    if request.param == "by path":
        monkeypatch.setattr("graphnet.files.folder._BY_DESCRIPTOR", False)
        monkeypatch.setattr("graphnet.files.folder._NO_FOLLOW", 0)


def put(folder, name, text):
    descriptor = folder.open(name, os.O_WRONLY | os.O_CREAT)
    os.write(descriptor, text.encode())
    os.close(descriptor)


@pytest.mark.usefixtures("_way")
def test_what_is_in_it(tmp_path):
    """Names in order, files, what is read of them; what is not there is None."""
    with Folder(tmp_path) as folder:
        put(folder, "b", "text")
        folder.mkdir("a")
        assert folder.names() == ["a", "b"]
        assert (folder.has_file("a"), folder.has_file("b"), folder.has_file("c")) == (0, 1, 0)
        assert folder.status("c") is None
        assert (folder.read("b"), folder.read("b", 2)) == (b"text", b"te")
        folder.rename("b", "c")
        folder.sync()
        folder.unlink("c")
        assert folder.names() == ["a"]


@pytest.mark.usefixtures("_way")
def test_from_one_to_another(tmp_path):
    """A file moves from a folder to one within it."""
    with Folder(tmp_path) as folder:
        put(folder, "a", "text")
        folder.mkdir("inner")
        with Folder(tmp_path / "inner", within=folder) as inner:
            folder.rename("a", "b", inner)
            assert inner.read("b") == b"text"


@pytest.mark.usefixtures("_way")
def test_no_link_in_it_is_followed(tmp_path):
    """Neither to a file, there or not, nor to a folder; its own path may be one."""
    (tmp_path / "real").mkdir()
    (tmp_path / "way").symlink_to("real")
    (tmp_path / "file").write_text("mine")
    for name, target in (("link", "../file"), ("new", "../none"), ("inner", "..")):
        (tmp_path / "real" / name).symlink_to(target)
    with Folder(tmp_path / "way") as folder:
        for name in ("link", "new"):
            with pytest.raises(OSError, match="symbolic link") as caught:
                put(folder, name, "x")
            assert caught.value.errno == errno.ELOOP
        with pytest.raises(OSError, match="symbolic link"):
            Folder(tmp_path / "way" / "inner", within=folder)
    assert (tmp_path / "file").read_text() == "mine"
    assert not (tmp_path / "none").exists()


def test_a_folder_that_moves(tmp_path):
    """What is done in it is done there, and it is known to have gone."""
    (tmp_path / "here").mkdir()
    with Folder(tmp_path / "here") as folder:
        assert folder.is_there
        (tmp_path / "here").rename(tmp_path / "there")
        assert not folder.is_there
        (tmp_path / "here").mkdir()
        assert not folder.is_there
        put(folder, "a", "text")
    assert (tmp_path / "there" / "a").read_text() == "text"
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.usefixtures("_way")
def test_a_folder_that_goes(tmp_path):
    """It is noticed, also where nothing stands in its place."""
    (tmp_path / "here").mkdir()
    with Folder(tmp_path / "here") as folder:
        shutil.rmtree(tmp_path / "here")
        assert not folder.is_there


@pytest.mark.usefixtures("_way")
def test_the_working_directory_does_not_matter(tmp_path, monkeypatch):
    """A relative path is taken from where one was when the folder was taken hold of."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    (tmp_path / "other" / "here").mkdir(parents=True)
    with Folder(Path("here")) as folder:
        os.chdir("other")
        put(folder, "a", "text")
    assert (tmp_path / "here" / "a").exists()


@pytest.mark.usefixtures("_way")
def test_what_is_no_folder(tmp_path):
    """It is said at once."""
    (tmp_path / "file").write_text("")
    for name in ("file", "none"):
        with pytest.raises(OSError, match=name):
            Folder(tmp_path / name)
