"""A new folder: made whole, never over what is there."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
import yaml

from graphnet.errors import SpecError
from graphnet.starters.folder import check_is_new, name_of, schema_uri, write_new, yaml_name


def test_it_is_made_with_its_files(tmp_path):
    """Also below folders that are not there, and in one that is empty."""
    for folder in (tmp_path / "a" / "b", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        write_new(folder, {"x.yaml": "é\n"})
        assert (folder / "x.yaml").read_bytes() == "é\n".encode()


def test_nothing_is_written_over(tmp_path):
    """Neither a folder with something in it nor a file."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").touch()
    with pytest.raises(SpecError, match="mine is there already, and it is not empty\n  choose"):
        write_new(tmp_path / "mine", {"x": "new"})
    assert (tmp_path / "mine" / "x").read_text() == ""
    with pytest.raises(SpecError, match="x is there already\n  choose another name"):
        check_is_new(tmp_path / "mine" / "x")


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_a_link_that_leads_nowhere_is_left(tmp_path):
    """It is a file of the user's."""
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(SpecError, match="link is there already"):
        check_is_new(tmp_path / "link")


@pytest.mark.parametrize("name", ["mine", "my net", "yes", "null", "3", 'a"b', "a: b", "#x", "-"])
def test_a_name_is_read_as_a_text(name):
    """Whatever a folder is called."""
    assert yaml.safe_load(f"name: {yaml_name(name)} # comment") == {"name": name}
    assert yaml.safe_load(f"[{yaml_name(name)}]") == [name]


def test_name_of(tmp_path, monkeypatch):
    """The folder's, also where it is the one we are in."""
    monkeypatch.chdir(tmp_path)
    assert name_of(Path("a/b")) == "b"
    assert name_of(Path()) == tmp_path.name


@pytest.mark.parametrize("which", ["net", "solver"])
def test_the_schema_is_there(which):
    """An editor finds it."""
    uri = schema_uri(which)
    assert Path(url2pathname(urlsplit(uri).path)).is_file()
    assert " " not in uri
