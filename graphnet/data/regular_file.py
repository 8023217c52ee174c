"""Files that can be read again and again: no folders, pipes or devices, which would never end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from graphnet.errors import DataError
from graphnet.files.bounds import check_read
from graphnet.files.reading import open_regular

_OTHERS = (
    (stat.S_ISDIR, "is a folder", "name the files in it: {path}/*"),
    (stat.S_ISFIFO, "is a named pipe, which cannot be read twice", "write it to a file first"),
    (stat.S_ISSOCK, "is a socket, not a file", "name a file"),
    (stat.S_ISCHR, "is a device, not a file", "name a file"),
    (stat.S_ISBLK, "is a device, not a file", "name a file"),
)
_LOOKED_AT = 1 << 12


def regular_file(path: Path) -> os.stat_result:
    """What the system knows of a regular file; it is not opened."""
    check_read(path)
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # the latter for names that no system takes
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', error)}") from error
    for test, what, cure in _OTHERS:
        if test(status.st_mode):
            raise DataError(f"{path} {what}\n  {cure.format(path=path)}")
    return status


def stamp(path: Path) -> tuple[int, int, int]:
    """What changes when a regular file is written or another one takes its name."""
    status = regular_file(path)
    return status.st_size, status.st_mtime_ns, status.st_ino


def first_bytes(path: Path) -> bytes:
    """The beginning of a regular file, which tells what it is."""
    regular_file(path)
    return read_bytes(path, _LOOKED_AT)


def read_bytes(path: Path, most: int = -1) -> bytes:
    """The bytes of a file, no more than so many."""
    try:
        with open_regular(path, DataError) as file:
            return file.read(most)
    except OSError as error:
        cure = "\n  change its permissions, or copy it" if error.errno == errno.EACCES else ""
        raise DataError(f"cannot read {path}: {error.strerror}{cure}") from error
