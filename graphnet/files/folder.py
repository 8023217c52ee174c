"""A folder that is held open: its files are found in it even if its path now leads elsewhere.

Where the system has descriptors of folders (POSIX), names are looked up in the folder itself, so
it does no harm to move the folder, to put another in its place, or to change the working directory.
Elsewhere (Windows) absolute paths are used. Symbolic links in the folder are never followed; the
folder's own path may be one.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from graphnet.files.bounds import check_read, check_write

_BY_DESCRIPTOR = {os.open, os.stat, os.unlink, os.rename, os.mkdir} <= os.supports_dir_fd
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_BINARY = getattr(os, "O_BINARY", 0)
#: What fsync answers for a folder on systems and file systems that cannot sync one.
_NO_SYNC = (errno.EINVAL, errno.EBADF, errno.ENOTSUP)

#: How the names of files end that are not finished; see :mod:`graphnet.files.writing`.
_IN_THE_MAKING = re.compile(r"\.[0-9a-f]{8}\.unfinished$")


class Folder:
    """An existing folder, held until :meth:`close`.

    Attributes:
        path: Its path when it was opened, absolute.

    Args:
        path: Its path; symbolic links on the way are followed.
        within: The held folder that it lies in; then it must not be a symbolic link itself.

    Raises:
        OSError: If there is no such folder.
    """

    def __init__(self, path: Path, within: Folder | None = None) -> None:
        self.path = path.absolute()
        self._descriptor: int | None = None
        if _BY_DESCRIPTOR and within is not None:
            self._descriptor = within.open(self.path.name, _FOLDER)
        elif _BY_DESCRIPTOR:
            self._descriptor = _open_folder(self.path)
        elif within is not None:
            within.refuse_link(self.path.name)
        self._identity = _identity(os.stat(self._place))
        if not self.path.is_dir():
            self.close()
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(self.path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Release it."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    @property
    def is_there(self) -> bool:
        """Whether its path still leads to it."""
        try:
            return _identity(os.stat(self.path)) == self._identity
        except OSError:
            return False

    # --- what is in it ------------------------------------------------------------------

    def names(self) -> list[str]:
        """The names of all that is in it, sorted."""
        return sorted(os.listdir(self._place))

    def status(self, name: str) -> os.stat_result | None:
        """The status of what has the name, a link not followed; None if nothing has it."""
        with suppress(FileNotFoundError):
            return os.stat(self._at(name), follow_symlinks=False, **self._within())
        return None

    def has_file(self, name: str) -> bool:
        """Whether there is an ordinary file of the name."""
        found = self.status(name)
        return found is not None and stat.S_ISREG(found.st_mode)

    def read(self, name: str, n_bytes: int = -1) -> bytes:
        """The beginning of a file, or all of it.

        Raises:
            OSError: If it cannot be read or is a symbolic link.
        """
        with os.fdopen(self.open(name, os.O_RDONLY), "rb") as file:
            return file.read(n_bytes)

    def refuse_link(self, name: str) -> None:
        """Check that a name is not a symbolic link.

        Raises:
            OSError: ELOOP, if it is.
        """
        found = self.status(name)
        if found is not None and stat.S_ISLNK(found.st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(self.path / name))

    # --- what is done in it -------------------------------------------------------------

    def open(self, name: str, flags: int) -> int:
        """A descriptor of a file in it, as ``os.open`` gives it.

        Raises:
            OSError: If it cannot be opened; ELOOP if it is a symbolic link.
        """
        target = self.path / _IN_THE_MAKING.sub("", name)
        (check_write if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) else check_read)(target)
        if not _NO_FOLLOW:
            self.refuse_link(name)
        try:
            return os.open(self._at(name), flags | _NO_FOLLOW | _BINARY, 0o666, **self._within())
        except NotADirectoryError:  # how some systems refuse to open a link as a folder
            self.refuse_link(name)
            raise

    def rename(self, name: str, target: str, to: Folder | None = None) -> None:
        """Rename a file, replacing what has the new name; ``to``: into another folder.

        Raises:
            OSError: If it cannot be renamed.
        """
        to = to or self
        check_write(to.path / target)
        ends: dict[str, Any] = {}
        if self._descriptor is not None and to._descriptor is not None:
            ends = {"src_dir_fd": self._descriptor, "dst_dir_fd": to._descriptor}
        os.replace(self._at(name), to._at(target), **ends)

    def unlink(self, name: str) -> None:
        """Remove a file.

        Raises:
            OSError: If it cannot be removed.
        """
        check_write(self.path / _IN_THE_MAKING.sub("", name))
        os.unlink(self._at(name), **self._within())  # by descriptor

    def mkdir(self, name: str) -> None:
        """Make a folder in it.

        Raises:
            OSError: If it cannot be made, or something has the name.
        """
        check_write(self.path / name)
        os.mkdir(self._at(name), **self._within())

    def sync(self) -> None:
        """Put its list of names on the disk, where the system can do that.

        Raises:
            OSError: If the disk reports a fault.
        """
        if self._descriptor is None:
            return
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            if error.errno not in _NO_SYNC:
                raise

    # --- by descriptor or by path -------------------------------------------------------

    @property
    def _place(self) -> int | Path:
        return self.path if self._descriptor is None else self._descriptor

    def _at(self, name: str) -> str:
        return name if self._descriptor is not None else str(self.path / name)

    def _within(self) -> dict[str, Any]:
        return {} if self._descriptor is None else {"dir_fd": self._descriptor}


def _open_folder(path: Path) -> int:
    try:
        return os.open(path, _FOLDER)
    except PermissionError:  # a folder that may be written to but not read
        return os.open(path, _FOLDER | getattr(os, "O_PATH", 0))


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
