"""Bounds: where files may be read and written while a command runs with ``--untrusted``.

Every place that opens a file asks here first. The bounds are of the whole process, because helper
threads read and write for the command too. Links are followed before a path is judged: what counts
is where the file is, not what it is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from graphnet.errors import SpecError

#: The option, for messages.
OPTION = "--untrusted"


class Bounds:
    """Folders and files.

    Args:
        read: What may be read, with all that is below it.
        write: What may be written, and read.
    """

    def __init__(self, read: Iterable[Path], write: Iterable[Path]) -> None:
        self._write = [path.resolve() for path in write]
        self._read = [path.resolve() for path in read]

    def let_write(self, path: Path) -> None:
        """Let what is at and below a path be written too; it must be readable.

        Raises:
            SpecError: If it may not even be read, or holds the net itself.
        """
        self.check(path, write=False)
        place = path.resolve()
        if any(root.is_relative_to(place) for root in self._read) and place not in self._write:
            raise SpecError(
                f"{path}: is the folder of the net, where {OPTION} lets nothing be written\n"
                "  name a folder in it, such as run"
            )
        self._write.append(place)

    def check(self, path: Path, *, write: bool) -> None:
        """See that a path is within the bounds.

        Raises:
            SpecError: If it is not. The message says nothing of what is there.
        """
        try:
            place = path.resolve()
        except (OSError, RuntimeError, ValueError):  # a loop of links, or no name for a system
            place = None
        roots = self._write if write else [*self._read, *self._write]
        if place is None or not any(place.is_relative_to(root) for root in roots):
            done, where = ("written", "run's directory") if write else ("read", "net's folder")
            raise SpecError(
                f"{path}: is not {done}: {OPTION} keeps to the {where}\n"
                f"  move it there, or leave out {OPTION} if you trust these files"
            )


#: Those of the commands that run; of a command within another, the last.
_current: list[Bounds] = []


@contextmanager
def confined(read: Iterable[Path], write: Iterable[Path] = ()) -> Iterator[Bounds]:
    """Inside, nothing else is read or written."""
    bounds = Bounds(read, write)
    _current.append(bounds)
    try:
        yield bounds
    finally:
        _current.remove(bounds)


def current() -> Bounds | None:
    """The bounds that hold; None if there are none."""
    return _current[-1] if _current else None


def check_read(path: Path) -> None:
    """See that a file or folder may be looked at.

    Raises:
        SpecError: If bounds forbid it.
    """
    if _current:
        _current[-1].check(path, write=False)


def check_write(path: Path) -> None:
    """See that a file may be made, changed or removed.

    Raises:
        SpecError: If bounds forbid it.
    """
    if _current:
        _current[-1].check(path, write=True)
