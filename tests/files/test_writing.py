"""Files that are whole at any instant, and that are nobody else's."""

import errno
import os
import stat
import subprocess
import sys

import numpy as np
import pytest

from graphnet.errors import DataError, SnapshotError
from graphnet.files.folder import Folder
from graphnet.files.writing import (
    UNFINISHED,
    Advice,
    OutputFile,
    being_written,
    output_file,
    unfinished,
    write_durably,
)

resource = pytest.importorskip("resource", reason="limits and masks as POSIX has them")
ADVICE = Advice(SnapshotError, no_room="make room, or lower keep_last")
STEPS = ["open", "write", "fsync", "replace"]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write(path, content):
    write_durably(path, content, ADVICE)


def failing(step, code, monkeypatch, *, after=0, only=lambda *_: True):
    """Make the (after + 1)-th call of one system call fail."""
    calls, original = [], getattr(os, step)

    def function(*args, **kwargs):
        if only(*args):
            calls.append(1)
            if len(calls) > after:
                raise OSError(code, os.strerror(code))
        return original(*args, **kwargs)

    monkeypatch.setattr(os, step, function)


def is_file(place, *_):
    """Whether a call is about a file: by its name in a folder, or open."""
    return isinstance(place, str) or (
        isinstance(place, int) and stat.S_ISREG(os.fstat(place).st_mode)
    )


def test_writes_what_it_is_given(tmp_path):
    """New files and old ones alike, and nothing else is left."""
    path = tmp_path / "a.h5"
    for content in (b"first", b"", b"x" * 100_000):
        write(path, content)
        assert path.read_bytes() == content
    assert names(tmp_path) == ["a.h5"]


def test_short_writes_are_gone_on_with(tmp_path, monkeypatch):
    """The system may take less than all at once."""
    original = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: original(fd, data[:7]))
    write(tmp_path / "a", bytes(range(100)))
    assert (tmp_path / "a").read_bytes() == bytes(range(100))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (errno.ENOSPC, "the disk is full: make room, or lower keep_last"),
        (errno.EIO, "the disk reports a fault"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EFBIG, "files may not be that large here: make room"),
        (errno.EDQUOT, "your quota is used up: make room"),
    ],
)
def test_a_failure_leaves_the_old_file(tmp_path, monkeypatch, step, code, advice):
    """At every step the previous content stays, and the message says what to do."""
    path = tmp_path / "a.h5"
    write(path, b"old")
    with monkeypatch.context() as patch:
        failing(step, code, patch, only=is_file)
        with pytest.raises(SnapshotError, match=rf"a.h5: cannot be written: .*\n  {advice}"):
            write(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.h5"]


def test_advice_belongs_to_what_is_written(tmp_path, monkeypatch):
    """Of predictions nobody keeps the last ones."""
    failing("write", errno.ENOSPC, monkeypatch)
    with pytest.raises(DataError, match=r"No space left on device\n  the disk is full: make room$"):
        write_durably(tmp_path / "a.npy", b"x", Advice(DataError))


def test_failing_to_put_the_folder_on_the_disk_is_an_error(tmp_path, monkeypatch):
    """The new file is there and whole, but it may not survive a power cut."""
    failing("fsync", errno.EIO, monkeypatch, after=1)
    with pytest.raises(SnapshotError, match="cannot be written"):
        write(tmp_path / "a.h5", b"new")
    assert (tmp_path / "a.h5").read_bytes() == b"new"


def test_order_of_the_steps(tmp_path, monkeypatch):
    """All of the content is on the disk before it takes the old one's place, and then the name."""
    log = []
    for name in ("open", "write", "fsync", "replace"):
        original = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *a, _f=original, _n=name, **k: log.append(_n) or _f(*a, **k)
        )
    write(tmp_path / "a", b"x")
    assert log == ["open", "open", "write", "fsync", "replace", "fsync"]


def test_a_block_that_raises_leaves_nothing(tmp_path):
    """Neither a file nor a part of one; what was there stays."""
    (tmp_path / "a").write_text("old")

    def fail():
        with output_file(tmp_path / "a", ADVICE) as file:
            file.write(b"new")
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        fail()
    assert (tmp_path / "a").read_text() == "old"
    assert names(tmp_path) == ["a"]


def test_as_a_file_of_numpy(tmp_path):
    """It can be written anywhere, and read back."""
    with output_file(tmp_path / "a.npy", ADVICE) as file:
        np.save(file, np.arange(10))
        file.seek(0)
        assert file.read(6) == b"\x93NUMPY"
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), np.arange(10))


def test_what_is_no_ordinary_file_stays(tmp_path):
    """Links, wherever they lead, pipes and folders; and nothing is left beside them."""
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "link").symlink_to("precious")
    (tmp_path / "nowhere").symlink_to("new")
    (tmp_path / "folder").mkdir()
    before = names(tmp_path)
    for name, message in [
        ("link", "it is a symbolic link, and none is followed: remove it"),
        ("nowhere", "it is a symbolic link"),
        ("folder", "Is a directory"),
    ]:
        with pytest.raises(SnapshotError, match=message):
            write(tmp_path / name, b"x")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(SnapshotError, match="not an ordinary file"):
            write(tmp_path / "pipe", b"x")
        (tmp_path / "pipe").unlink()
    assert names(tmp_path) == before
    assert precious.read_text() == "mine"


def test_unfinished_files_of_others_stay(tmp_path):
    """The file beside is a new one of its own, whatever lies there."""
    others = [f"a{UNFINISHED}", f"b.01234567{UNFINISHED}"]
    for name in others:
        (tmp_path / name).write_text("mine")
    write(tmp_path / "a", b"x")
    assert [(tmp_path / name).read_text() for name in others] == ["mine", "mine"]
    assert names(tmp_path) == sorted(["a", *others])


def test_who_may_read_it(tmp_path):
    """As the user's mask says, and what was there before."""
    mask = os.umask(0o027)
    try:
        write(tmp_path / "new", b"x")
        (tmp_path / "secret").write_text("")
        (tmp_path / "secret").chmod(0o600)
        write(tmp_path / "secret", b"x")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_the_folder_may_move_meanwhile(tmp_path, monkeypatch):
    """The file is made in the folder it was begun in, not in one that has taken its name."""
    for name in ("here", "elsewhere"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    file = OutputFile(tmp_path / "here" / "a", ADVICE)
    (tmp_path / "here").rename(tmp_path / "there")
    (tmp_path / "here").mkdir()
    os.chdir("elsewhere")
    file.write(b"x")
    file.finish()
    assert (names(tmp_path / "there"), names(tmp_path / "here")) == (["a"], [])


def test_two_writers_of_one_file(tmp_path):
    """Each finds out about the other; what a kill has left is removed."""
    path = tmp_path / "a"
    left = tmp_path / f"a.0123abcd{UNFINISHED}"
    left.write_text("half")
    assert not being_written(path)
    assert names(tmp_path) == []
    file = OutputFile(path, ADVICE)
    assert being_written(path)
    with Folder(tmp_path) as folder:
        assert [target for _, target in unfinished(folder)] == ["a"]
    file.discard()
    assert not being_written(path)


def test_without_descriptors_of_folders(tmp_path, monkeypatch):
    """As on Windows: by absolute paths, links refused all the same."""
    monkeypatch.setattr("graphnet.files.folder._BY_DESCRIPTOR", False)
    monkeypatch.setattr("graphnet.files.folder._NO_FOLLOW", 0)
    path = tmp_path / "a"
    for content in (b"first", b"second"):
        write(path, content)
        assert path.read_bytes() == content
    (tmp_path / "link").symlink_to("a")
    with pytest.raises(SnapshotError, match="symbolic link"):
        write(tmp_path / "link", b"x")
    assert path.read_bytes() == b"second"
    assert names(tmp_path) == ["a", "link"]


def test_a_limit_on_the_size_of_files(tmp_path):
    """As ``ulimit -f`` sets it: nothing is left, and the message says so."""
    code = (
        "import resource, sys\nfrom pathlib import Path\n"
        "from graphnet.errors import DataError\n"
        "from graphnet.files.writing import Advice, write_durably\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "write_durably(Path(sys.argv[1]), bytes(2000), Advice(DataError))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "a"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "files may not be that large here: make room, or see 'ulimit -f'" in done.stderr
    assert names(tmp_path) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1000
