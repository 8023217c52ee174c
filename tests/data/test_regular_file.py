"""Files, and what is none."""

import os
import socket
from pathlib import Path

import pytest

from graphnet.data.csv.delimited_text import DelimitedText
from graphnet.data.regular_file import regular_file
from graphnet.errors import DataError


def test_a_file(tmp_path):
    """What the system knows of it, also through a link."""
    (tmp_path / "a").write_bytes(b"123")
    (tmp_path / "b").symlink_to("a")
    assert regular_file(tmp_path / "b").st_size == 3


@pytest.mark.parametrize("reader", [regular_file, lambda path: DelimitedText(path, None, None)])
def test_what_is_none(tmp_path, reader):
    """Folders, pipes, sockets, devices; they are not opened, for a pipe would never end."""
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "socket"))
        for path, said in (
            (tmp_path, "is a folder"),
            (tmp_path / "pipe", "is a named pipe"),
            (tmp_path / "socket", "is a socket"),
            (Path("/dev/null"), "is a device"),
        ):
            with pytest.raises(DataError, match=rf"^{path} {said}.*\n  .+"):
                reader(path)


@pytest.mark.parametrize("name", ["gone", "x" * 5000, "a\0b"])
def test_no_such_file(tmp_path, name):
    """Whatever the name."""
    with pytest.raises(DataError, match=r"^cannot read "):
        regular_file(tmp_path / name)
