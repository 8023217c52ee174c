"""Reading files whole: regular ones only, no larger than is sensible, and within the bounds.

A pipe would be waited for without end, and a device would fill the memory. What a file is, is asked
of the opened file, which nobody can exchange any more.
"""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

from graphnet.errors import GraphnetError, SpecError
from graphnet.files.bounds import check_read

#: Opening a pipe waits for a writer, unless this flag is set.
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)
_KINDS = (
    (stat.S_ISFIFO, "is a named pipe"),
    (stat.S_ISSOCK, "is a socket"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
)


def open_regular(path: Path, error: type[GraphnetError] = SpecError) -> io.BufferedReader:
    """A regular file, opened to be read.

    Args:
        path: Its path; links are followed.
        error: The type of the error that says it is something else.

    Raises:
        GraphnetError: If it is no regular file, or lies outside the bounds.
        OSError: If it cannot be opened; IsADirectoryError for a folder.
    """
    check_read(path)
    # pathlib's takes no opener, and the caller closes it
    file = open(path, "rb", opener=_open_at_once)  # noqa: SIM115
    mode = os.fstat(file.fileno()).st_mode
    for is_kind, what in _KINDS:
        if is_kind(mode):
            file.close()
            raise error(f"{path}: {what}, not a file\n  write it to a file first, and name that")
    return file


def read_regular(
    path: Path, most: int | None = None, error: type[GraphnetError] = SpecError
) -> bytes:
    """All bytes of a regular file.

    Args:
        path: Its path.
        most: How many bytes it may have; None: any number.
        error: The type of the error that says it is something else, or too large.

    Raises:
        GraphnetError: If it is no regular file, is larger, or lies outside the bounds.
        OSError: If it cannot be read.
    """
    with open_regular(path, error) as file:
        if most is None:
            return file.read()
        found = file.read(most + 1)
        if len(found) > most:
            raise error(f"{path}: is too large: it has more than {most:,} bytes")
        return found


def _open_at_once(name: str, flags: int) -> int:
    return os.open(name, flags | _AT_ONCE)
