"""Opening HDF5 files: which are recognised, and what is said of those that cannot be opened."""

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import h5py
import pytest
from support.data_layers import numbered

from graphnet.data.hdf5.opening import explained, is_hdf5
from graphnet.data.hdf5.reader import HDF5File, contents, read_array
from graphnet.errors import DataError

BOTH = ["data", "label"]


@pytest.mark.parametrize("size", [0, 512, 1024, 4096])
def test_user_block(tmp_path, size):
    """HDF5 files may begin with a block of another program's own, as MATLAB's do."""
    path = tmp_path / "a.mat"
    with h5py.File(path, "w", userblock_size=size) as f:
        f["data"] = [[1.0], [2.0]]
        f["label"] = [0, 1]
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64"[:size])
    assert is_hdf5(path)
    assert HDF5File(path, BOTH).n_rows == 2


def test_not_an_hdf5_file(tmp_path):
    """A missing, an empty and a foreign file are told apart."""
    path = tmp_path / "a.h5"
    with pytest.raises(DataError, match=r"cannot read .*a\.h5: No such file"):
        HDF5File(path, BOTH)
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"a\.h5 is empty \(0 bytes\)\n  expected an HDF5 file"):
        HDF5File(path, BOTH)
    path.write_bytes(b"PK\3\4")
    assert not is_hdf5(path)
    with pytest.raises(DataError, match=r"a\.h5 is a zip archive\n"):
        HDF5File(path, BOTH)


@pytest.mark.parametrize(
    "reader", [lambda p: HDF5File(p, BOTH), lambda p: read_array(p, "x"), contents]
)
def test_what_is_no_file(tmp_path, reader):
    """Folders, pipes, sockets and devices are refused without being opened."""
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "socket"))
        for path, said in (
            (tmp_path, "is a folder"),
            (tmp_path / "pipe", "is a named pipe"),
            (tmp_path / "socket", "is a socket"),
            (Path("/dev/null"), "is a device"),
        ):
            assert not is_hdf5(path)
            with pytest.raises(DataError, match=f"^{path} {said}.*\n  .+"):
                reader(path)


def test_without_permission(tmp_path, monkeypatch):
    """It says so; the file is not taken for another kind."""
    path = numbered(tmp_path / "a.h5", 0, 3)

    def refuse(*_args, **_kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr("graphnet.files.reading._open_at_once", refuse)
    with pytest.raises(DataError, match=r"^cannot read .*a\.h5: Permission denied\n  change its"):
        HDF5File(path, BOTH)


def said_elsewhere(path):
    """What another process says of the file."""
    code = (
        "from pathlib import Path\n"
        "from graphnet.data.hdf5.reader import HDF5File\n"
        f"HDF5File(Path({str(path)!r}), ['data'])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    return found.stderr


def test_a_file_that_is_locked(tmp_path):
    """By a program that has it open for writing."""
    path = numbered(tmp_path / "a.h5", 0, 3)
    with h5py.File(path, "r+"):
        assert "a.h5 is locked: another program has it open for writing\n" in said_elsewhere(path)


def test_a_file_that_is_being_written(tmp_path):
    """While others may read it (SWMR), or after its writer was killed."""
    path = numbered(tmp_path / "a.h5", 0, 3)
    path.unlink()
    code = (
        "import h5py, os\n"
        f"f = h5py.File({str(path)!r}, 'w', libver='latest')\n"
        "f['data'] = [1.0]\nf.swmr_mode = True\nos._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(
        DataError, match=r"a\.h5 is being written, or was not closed by .*\n.*h5clear"
    ):
        HDF5File(path, BOTH)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS])
def test_a_file_system_without_locks(number):
    """How to do without is said."""
    text = f"Unable to open file (unable to lock file, errno = {number}, error message = '…')"
    match = r"f\.h5 cannot be locked.*\n .*USE_FILE_LOCKING=FALSE"
    with pytest.raises(DataError, match=match), explained("f.h5"):
        raise OSError(number, text)
