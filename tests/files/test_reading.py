"""Reading files: regular ones, of a sensible size."""

import os
import socket

import pytest

from graphnet.errors import DataError, SpecError
from graphnet.files.bounds import confined
from graphnet.files.reading import open_regular, read_regular

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")


def test_a_file(tmp_path):
    """All its bytes, if there are no more than may be."""
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert read_regular(path) == read_regular(path, 5) == b"12345"
    with pytest.raises(DataError, match="a: is too large: it has more than 4 bytes"):
        read_regular(path, 4, DataError)
    with open_regular(path) as file:
        assert file.read(2) == b"12"


@posix
def test_no_pipe_is_waited_for(tmp_path, monkeypatch):
    """Nor a socket or a device read: they have no end."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SpecError, match="pipe: is a named pipe, not a file"):
        read_regular(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    with pytest.raises(SpecError, match="zero: is a device, not a file"):
        read_regular(tmp_path / "zero")
    with socket.socket(socket.AF_UNIX) as made:
        monkeypatch.chdir(tmp_path)
        made.bind("s")
        with pytest.raises((SpecError, OSError)):
            read_regular(tmp_path / "s")


def test_a_folder(tmp_path):
    """As the system says it."""
    with pytest.raises(OSError):  # noqa: PT011  # systems differ in which
        read_regular(tmp_path)


def test_bounds_hold(tmp_path):
    """Before it is looked whether the file is there."""
    with confined([tmp_path / "in"]), pytest.raises(SpecError, match="is not read: --untrusted"):
        read_regular(tmp_path / "out")
