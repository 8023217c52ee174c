"""Writing files so that a crash at any instant leaves the old one or the new one, whole.

The new content goes into a file beside, is put on the disk, and takes the old one's place by a
rename; then the folder is put on the disk as well.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from graphnet.errors import SnapshotError

#: How the unfinished files are named; a crash may leave one behind.
UNFINISHED = ".unfinished"

_ADVICE = {
    errno.ENOSPC: "the disk is full: make room, or lower keep_last",
    errno.EDQUOT: "your quota is used up: make room, or lower keep_last",
    errno.EROFS: "the file system is read-only: choose another exp_dir",
    errno.EACCES: "you may not write there: choose another exp_dir",
    errno.EPERM: "you may not write there: choose another exp_dir",
    errno.EIO: "the disk reports a fault: copy the run to another one",
}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn the system's errors on writing ``path`` into one that says what to do.

    Raises:
        SnapshotError: Naming the file, what the system said, and the way out.
    """
    try:
        yield
    except OSError as error:
        said = error.strerror or str(error)
        advice = _ADVICE.get(error.errno or 0, "")
        raise SnapshotError(
            f"{path}: cannot be written: {said}" + (f"\n  {advice}" if advice else "")
        ) from error


def write_durably(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path``; until it is all on the disk, what was there stays.

    Raises:
        SnapshotError: If it cannot; ``path`` is then what it was.
    """
    beside = path.with_name(path.name + UNFINISHED)
    with explained(path):
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
            try:
                _write_all(descriptor, content)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            beside.replace(path)
            sync_folder(path.parent)
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise


def _write_all(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def sync_folder(folder: Path) -> None:
    """Put the folder's list of names on the disk, where the system can do that."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # a folder that may be written but not read
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that does not know it
            raise
    finally:
        os.close(descriptor)


def remove_unfinished(folder: Path) -> None:
    """Remove what a crash left behind."""
    for path in folder.glob(f"*{UNFINISHED}"):
        with suppress(OSError):
            path.unlink()
