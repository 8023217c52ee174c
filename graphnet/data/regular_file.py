"""Files that can be read again and again: no folders, pipes or devices, which would never end."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from graphnet.errors import DataError

_OTHERS = (
    (stat.S_ISDIR, "is a folder", "name the files in it: {path}/*"),
    (stat.S_ISFIFO, "is a named pipe, which cannot be read twice", "write it to a file first"),
    (stat.S_ISSOCK, "is a socket, not a file", "name a file"),
    (stat.S_ISCHR, "is a device, not a file", "name a file"),
    (stat.S_ISBLK, "is a device, not a file", "name a file"),
)


def regular_file(path: Path) -> os.stat_result:
    """What the system knows of a regular file; it is not opened.

    Raises:
        DataError: If there is none, or it is something else.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # the latter for names that no system takes
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', error)}") from error
    for test, what, cure in _OTHERS:
        if test(status.st_mode):
            raise DataError(f"{path} {what}\n  {cure.format(path=path)}")
    return status
