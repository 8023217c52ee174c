"""Writing files so that, whatever happens, either the old or the new one is there, whole.

The new content goes into a file beside it, ``NAME.0123abcd.unfinished``, which is new and therefore
nobody else's; it is put on the disk, and replaces the old one by a rename; then the folder is put
on the disk as well. Everything that graphnet writes is written here, except the lines added to a
run's statistics.
"""

from __future__ import annotations

import errno
import io
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from graphnet.errors import GraphnetError
from graphnet.files.folder import Folder
from graphnet.files.paths import shown

#: How the names of unfinished files end; a kill may leave one behind.
UNFINISHED = ".unfinished"
_UNFINISHED_NAME = re.compile(r"(.+?)(?:\.[0-9a-f]{8})?\.unfinished")


@dataclass(frozen=True)
class Advice:
    """What to do if a file cannot be written, for the error's message.

    Attributes:
        error: The type of the error.
        no_room: What to do if the disk is full.
        forbidden: If writing is not allowed.
        broken: If the disk has a fault.
    """

    error: type[GraphnetError]
    no_room: str = "make room"
    forbidden: str = "choose another place"
    broken: str = "choose another disk"

    def about(self, path: Path, error: OSError) -> GraphnetError:
        """The system's error on writing ``path`` as one that says what to do."""
        said = error.strerror or str(error)
        code = error.errno
        way_out = {
            errno.ENOSPC: f"the disk is full: {self.no_room}",
            errno.EDQUOT: f"your quota is used up: {self.no_room}",
            errno.EFBIG: f"files may not be that large here: {self.no_room}, or see 'ulimit -f'",
            errno.EROFS: f"the file system is read-only: {self.forbidden}",
            errno.EACCES: f"you may not write there: {self.forbidden}",
            errno.EPERM: f"you may not write there: {self.forbidden}",
            errno.EIO: f"the disk reports a fault: {self.broken}",
            errno.ELOOP: "it is a symbolic link, and none is followed: remove it",
        }.get(code or 0)
        return self.error(
            f"{shown(path)}: cannot be written: {said}" + (f"\n  {way_out}" if way_out else "")
        )


@contextmanager
def explained(path: Path, advice: Advice) -> Iterator[None]:
    """Turn the system's errors on writing ``path`` into one that says what to do.

    Raises:
        GraphnetError: Of the advice's kind, naming the file, what the system said, and the way out.
    """
    try:
        yield
    except OSError as error:
        raise advice.about(path, error) from error


class OutputFile(io.RawIOBase):
    """A file that is being written, and gets its name by :meth:`finish`.

    It can be read and written anywhere. If it is discarded before that, nothing remains of it, and
    the file that has the name stays.

    Attributes:
        path: Its path when finished.

    Args:
        path: Its path when finished.
        advice: For errors.
        folder: Its folder, if somebody holds it already.

    Raises:
        GraphnetError: If it cannot be made, or what has the name is not an ordinary file.
    """

    def __init__(self, path: Path, advice: Advice, folder: Folder | None = None) -> None:
        super().__init__()
        self.path, self._advice = path, advice
        self._is_own = folder is None
        self._descriptor: int | None = None
        with explained(path, advice):
            self._folder = folder or Folder(path.parent)
            try:
                mode = self._replaced_mode()
                self._name = f"{path.name}.{secrets.token_hex(4)}{UNFINISHED}"
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
                self._descriptor = self._folder.open(self._name, flags)
                if mode is not None and hasattr(os, "fchmod"):
                    with suppress(OSError):  # not on every file system
                        os.fchmod(self._descriptor, mode)
                _lock(self._descriptor)
            except BaseException:
                self.discard()
                raise

    def _replaced_mode(self) -> int | None:
        """The permissions of the file that will be replaced, if there is one.

        Raises:
            OSError: If it is a symbolic link or a device: these are not replaced.
        """
        found = self._folder.status(self.path.name)
        if found is None or stat.S_ISDIR(found.st_mode):  # the rename refuses a folder
            return None
        self._folder.refuse_link(self.path.name)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EEXIST, "there is something that is not an ordinary file")
        return found.st_mode & 0o777

    # --- as a file ----------------------------------------------------------------------

    def readable(self) -> bool:
        """It is."""
        return True

    def writable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def write(self, data: object) -> int:
        """Write all of it.

        Raises:
            OSError: If the system does not take it.
        """
        left = memoryview(data).cast("B")  # type: ignore[arg-type]
        n = len(left)
        while left:
            left = left[os.write(self._open_descriptor, left) :]
        return n

    def readinto(self, buffer: object) -> int:
        """Fill the buffer, up to the end of the file."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        found = os.read(self._open_descriptor, len(view))
        view[: len(found)] = found
        return len(found)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go there."""
        return os.lseek(self._open_descriptor, offset, whence)

    def truncate(self, size: int | None = None) -> int:
        """Cut or lengthen it."""
        size = self.tell() if size is None else size
        os.ftruncate(self._open_descriptor, size)
        return size

    @property
    def unfinished(self) -> Path:
        """The path it has until it is finished, for those that read it before."""
        return self.path.with_name(self._name)

    @property
    def _open_descriptor(self) -> int:
        if self._descriptor is None:
            raise ValueError("the file is finished")
        return self._descriptor

    # --- its end ------------------------------------------------------------------------

    def complete(self) -> None:
        """Put it on the disk. Nothing more can be written; it only lacks its name.

        Raises:
            GraphnetError: If that fails.
        """
        if self._descriptor is not None:
            with explained(self.path, self._advice):
                os.fsync(self._descriptor)
                descriptor, self._descriptor = self._descriptor, None
                os.close(descriptor)

    def finish(self) -> None:
        """Put it on the disk and give it its name.

        Raises:
            GraphnetError: If that fails; what had the name is unchanged.
        """
        with explained(self.path, self._advice):
            try:
                self.complete()
                self._folder.rename(self._name, self.path.name)
                self._name = ""
                self._folder.sync()
            finally:
                self.discard()

    def discard(self) -> None:
        """Remove it, unless it is finished."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                os.close(descriptor)
        if getattr(self, "_name", ""):
            with suppress(OSError):
                self._folder.unlink(self._name)
            self._name = ""
        if self._is_own and hasattr(self, "_folder"):
            self._folder.close()


@contextmanager
def output_file(path: Path, advice: Advice, folder: Folder | None = None) -> Iterator[OutputFile]:
    """A file that gets its name when the block ends, and is removed if the block raises.

    Raises:
        GraphnetError: If it cannot be written; what was there before stays.
    """
    output = OutputFile(path, advice, folder)
    try:
        with explained(path, advice):
            yield output
        output.finish()
    finally:
        output.discard()


def write_durably(path: Path, content: bytes, advice: Advice, folder: Folder | None = None) -> None:
    """Write ``content`` to ``path``; until it is all on the disk, what was there stays.

    Raises:
        GraphnetError: If that fails; ``path`` is unchanged.
    """
    with output_file(path, advice, folder) as output:
        output.write(content)


# --- what a kill leaves behind --------------------------------------------------------------


def unfinished(folder: Folder) -> Iterator[tuple[str, str]]:
    """The unfinished files of a folder: the name of each, and the name it would have got."""
    for name in folder.names():
        match = _UNFINISHED_NAME.fullmatch(name)
        if match and folder.has_file(name):
            yield name, match[1]


def being_written(path: Path) -> bool:
    """Whether somebody is writing ``path``; unfinished files that nobody writes are removed.

    Without locks that cannot be known, and such files are left alone.

    Raises:
        OSError: If its folder cannot be read.
    """
    with Folder(path.parent) as folder:
        for name, target in list(unfinished(folder)):
            if target != path.name or name == path.name + UNFINISHED:
                continue
            descriptor = folder.open(name, os.O_RDWR)
            try:
                is_free = _lock(descriptor)
            finally:
                os.close(descriptor)
            if is_free:
                folder.unlink(name)
            elif is_free is False:
                return True
    return False


def _lock(descriptor: int) -> bool | None:
    """Lock an unfinished file while it is open: whether nobody had locked it, None if unknown."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return None
    return True
