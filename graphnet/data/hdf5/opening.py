"""Opening HDF5 files, and saying in words why one cannot be opened or read."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from graphnet.data.file_kind import SIGNATURE, what_else
from graphnet.data.regular_file import first_bytes
from graphnet.errors import DataError, GraphnetError
from graphnet.files.bounds import check_read

# How much HDF5 keeps of each open data set: by default, 8 MiB of unpacked chunks since HDF5 2.0,
# beside the caller's buffer. Rows are read by whole chunks: only narrow columns' are read again.
_CACHE_BYTES = 1 << 20
#: The smallest block of another program's own that an HDF5 file may begin with; MATLAB writes one.
_USER_BLOCK = 512

_DAMAGED = "the file may be damaged or incomplete: make or copy it again"
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


def is_hdf5(path: Path) -> bool:
    """Whether a file has HDF5's signature: at its beginning, or behind a user block."""
    check_read(path)
    try:
        return path.is_file() and _has_signature(path)
    except OSError:
        return False


def _has_signature(path: Path) -> bool:
    """Whether it is at 0, 512, 1024, 2048 and so on, where HDF5 looks for it too."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        place = 0
        while place < size:
            file.seek(place)
            if file.read(len(SIGNATURE)) == SIGNATURE:
                return True
            place = 2 * place or _USER_BLOCK
    return False


def open_file(path: Path) -> h5py.File:
    """An HDF5 file, to be read; of another file it is said what it is instead."""
    if not is_hdf5(path):
        raise DataError(what_else(path, first_bytes(path)))
    return h5py.File(path, "r", rdcc_nbytes=_CACHE_BYTES)


def subject(path: Path, name: str) -> str:
    """How a message about one data set begins."""
    return f"{path}: data set '{name}'"


@contextmanager
def explained(subject: str, rows: str = "") -> Iterator[None]:
    """Whatever HDF5 raises about a file, as a DataError in plain words."""
    try:
        yield
    except (GraphnetError, MemoryError):
        raise
    except Exception as error:  # a damaged file makes HDF5 raise nearly anything
        raise DataError(_in_words(subject, rows, error)) from error


def _in_words(subject: str, rows: str, error: Exception) -> str:
    text = str(error.args[-1] if error.args else "")  # before it there may be a number
    if text.startswith(("Unable to", "Can't")) and "(" in text:
        text = text[text.find("(") + 1 : text.rfind(")")]
    number = getattr(error, "errno", None)
    if "lock file" in text and number in _NO_LOCKS:
        return (
            f"{subject} cannot be locked: its file system has no locks\n"
            "  to read it without: HDF5_USE_FILE_LOCKING=FALSE graphnet …"
        )
    if "lock file" in text:
        return (
            f"{subject} is locked: another program has it open for writing\n"
            "  close it there (a notebook may still hold it), or wait until it is written"
        )
    if "already open for write" in text:
        return (
            f"{subject} is being written, or was not closed by the program that wrote it\n"
            "  close it there; if no program has it open any more: h5clear -s FILE"
        )
    return f"{subject} cannot be read{rows}: {text or type(error).__name__}\n  {_DAMAGED}"
