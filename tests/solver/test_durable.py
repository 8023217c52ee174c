"""Files that are whole at any instant."""

import errno
import os
import pathlib

import pytest

from graphnet.errors import SnapshotError
from graphnet.solver.durable import UNFINISHED, remove_unfinished, write_durably

STEPS = ["open", "write", "fsync", "replace"]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def failing(step, code, monkeypatch, *, after=0):
    """Make the (after + 1)-th call of one system call fail."""
    calls = []

    def fail(original):
        def function(*args, **kwargs):
            calls.append(1)
            if len(calls) > after:
                raise OSError(code, os.strerror(code))
            return original(*args, **kwargs)

        return function

    if step == "replace":
        monkeypatch.setattr(pathlib.Path, "replace", fail(pathlib.Path.replace))
    else:
        monkeypatch.setattr(os, step, fail(getattr(os, step)))


def test_writes_what_it_is_given(tmp_path):
    """New files and old ones alike, and nothing else is left."""
    path = tmp_path / "a.h5"
    for content in (b"first", b"", b"x" * 100_000):
        write_durably(path, content)
        assert path.read_bytes() == content
    assert names(tmp_path) == ["a.h5"]


def test_short_writes_are_gone_on_with(tmp_path, monkeypatch):
    """The system may take less than all at once."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:7]))
    write_durably(tmp_path / "a", bytes(range(100)))
    assert (tmp_path / "a").read_bytes() == bytes(range(100))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (errno.ENOSPC, "the disk is full: make room"),
        (errno.EIO, "the disk reports a fault"),
        (errno.EROFS, "the file system is read-only"),
    ],
)
def test_a_failure_leaves_the_old_file(tmp_path, monkeypatch, step, code, advice):
    """At every step the previous content stays, and the message says what to do."""
    path = tmp_path / "a.h5"
    write_durably(path, b"old")
    with monkeypatch.context() as patch:
        failing(step, code, patch)
        with pytest.raises(SnapshotError, match=rf"a.h5: cannot be written: .*\n  {advice}"):
            write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.h5"]


def test_failing_to_put_the_folder_on_the_disk_is_an_error(tmp_path, monkeypatch):
    """The new file is there and whole, but it may not survive a power cut."""
    failing("fsync", errno.EIO, monkeypatch, after=1)
    with pytest.raises(SnapshotError, match="cannot be written"):
        write_durably(tmp_path / "a.h5", b"new")
    assert (tmp_path / "a.h5").read_bytes() == b"new"


def test_order_of_the_steps(tmp_path, monkeypatch):
    """All of the content is on the disk before it takes the old one's place."""
    log = []
    for name in ("open", "write", "fsync"):
        original = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *a, _f=original, _n=name, **k: log.append(_n) or _f(*a, **k)
        )
    replace = pathlib.Path.replace
    monkeypatch.setattr(pathlib.Path, "replace", lambda *a: log.append("replace") or replace(*a))
    write_durably(tmp_path / "a", b"x")
    assert log == ["open", "write", "fsync", "replace", "open", "fsync"]


def test_leftovers_of_a_crash_are_removed(tmp_path):
    """Only those; whole files stay."""
    (tmp_path / f"a.h5{UNFINISHED}").write_text("half")
    (tmp_path / "a.h5").write_text("whole")
    remove_unfinished(tmp_path)
    assert names(tmp_path) == ["a.h5"]
