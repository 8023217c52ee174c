"""RunDirectory: the files of a run, who may write to them, and what is found there.

snapshots/snapshot-000300.h5   the run at an iteration
snapshots/best.h5              the best one by some statistic
statistics.jsonl               what was measured
net.yaml, solver.yaml          the net, and the solver with every default written out
run.json                       when, where and with which versions and data it was started
lock                           held while a run goes on; afterwards it is empty and means nothing
earlier-001/                   what was there before a fresh start; no run looks into it

The directory is held open while the run goes on. Before each write it is looked for at its path: if
it has been moved, or another stands in its place, nothing more is written. Its own path may be a
symbolic link; the files in it may not.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from itertools import takewhile
from os.path import samestat
from pathlib import Path
from typing import Any

from graphnet.errors import SnapshotError
from graphnet.files.bounds import check_write
from graphnet.files.folder import Folder
from graphnet.files.paths import shown
from graphnet.files.writing import explained, write_durably
from graphnet.solver.record.claim import (
    BEST,
    DECLARED,
    LOCK,
    RECORD,
    SNAPSHOT_NAME,
    SNAPSHOTS,
    STATISTICS,
    checksum,
    foreign_files,
    holds_snapshot,
    is_snapshot_name,
    leftovers,
    read_record,
)
from graphnet.solver.record.snapshot_file import Contents, NewerFormatError, read
from graphnet.solver.record.statistics_file import ADVICE, StatisticsFile

#: How to start over in the directory of a run, for messages.
START_OVER = "solve with --fresh (in Python fresh=True) to start over"


#: The locks that this process holds. A process that user code forks gets a copy of each, which
#: would hold it when the run has ended: it closes them.
_locks: dict[int, int] = {}


def _let_go() -> None:
    """In a forked process: the locks are its parent's."""
    while _locks:
        with suppress(OSError):
            os.close(_locks.popitem()[1])


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def snapshots_in(folder: Path) -> dict[int, Path]:
    """The snapshots of a run's directory by iteration, oldest first."""
    files = (folder / SNAPSHOTS).glob("snapshot-*.h5")
    named = ((SNAPSHOT_NAME.fullmatch(path.name), path) for path in files)
    return dict(sorted((int(match[1]), path) for match, path in named if match))


def newest_good(
    folder: Path, warn: Callable[[str], None] = lambda _: None
) -> tuple[Path, Contents] | None:
    """The newest snapshot that is whole; None where there are none at all.

    Args:
        folder: A run's directory.
        warn: Called with a text for each damaged one that is passed over.

    Raises:
        SnapshotError: If there are some, and all are damaged; or if one is of a newer graphnet.
    """
    found = snapshots_in(folder)
    for number, path in reversed(found.items()):
        try:
            contents = read(path)
        except NewerFormatError:
            raise  # what is older would be gone on from, and this one written over
        except SnapshotError as error:
            warn(f"{error}\n  it is passed over")
            continue
        if contents.iter == number:
            return path, contents
        warn(
            f"{shown(path)}: is of iteration {contents.iter:,}, though its name says {number:,}: it"
            " was copied or renamed\n  it is passed over; remove it, or give it its own name"
        )
    if found:
        raise SnapshotError(
            f"{shown(folder)}: none of its {len(found)} snapshots can be read\n"
            f"  {START_OVER}; what is there is kept aside"
        )
    return None


class RunDirectory:
    """The directory of a run that is going on; it is locked from :meth:`open` to :meth:`close`.

    Args:
        folder: Its path; the folder is made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.snapshots = self.folder / SNAPSHOTS
        self.statistics = self.folder / STATISTICS
        self.best = self.snapshots / BEST
        self._lock: int | None = None
        self._held: Folder | None = None
        self._held_snapshots: Folder | None = None

    def open(self, warn: Callable[[str], None]) -> None:
        """Make and lock the directory, and remove what a crash left half-written.

        Raises:
            SnapshotError: If another run is going on there, if a run would write over files in it
                that no run has made, or if it cannot be written to.
        """
        try:
            with explained(self.folder, ADVICE):
                check_write(self.folder)
                _make(self.folder)
                self._held = Folder(self.folder)
                self._refuse_foreign(self._held)
                self._take_lock(self._held, warn)
            with explained(self.snapshots, ADVICE):
                self._held_snapshots = _subfolder(self._held, SNAPSHOTS)
                for folder, name in leftovers(self._held, self._held_snapshots):
                    with suppress(OSError):
                        folder.unlink(name)
        except BaseException:
            self.close()
            raise

    def _refuse_foreign(self, held: Folder) -> None:
        found = foreign_files(held)
        if found:
            it = "it" if len(found) == 1 else "them"
            raise SnapshotError(
                f"{', '.join(str(shown(self.folder / name)) for name in found)}: "
                f"no run has written {it}, and this one would write over {it}\n"
                f"  choose another exp_dir, or move {it} elsewhere"
            )

    def _take_lock(self, held: Folder, warn: Callable[[str], None]) -> None:
        while self._lock is None:
            self._lock = held.open(LOCK, os.O_RDWR | os.O_CREAT)
            try:
                import fcntl

                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except ImportError:
                warn("this system has no file locks: see that no two runs use one exp_dir")
                return
            except BlockingIOError:
                holder = os.pread(self._lock, 200, 0).decode(errors="replace").strip()
                os.close(self._lock)
                self._lock = None
                raise SnapshotError(
                    f"{shown(self.folder)}: another run is going on there ({holder or 'unknown'})\n"
                    "  wait for it, stop it, or choose another exp_dir"
                ) from None
            except OSError as error:
                warn(
                    f"{shown(self.folder)}: cannot be locked ({error.strerror}): "
                    "see that no other run uses it"
                )
                return
            if not self._has_lock(held, self._lock):  # the run that held it has just ended
                os.close(self._lock)
                self._lock = None
        _locks[id(self)] = self._lock
        with suppress(OSError):  # it is only for the message above
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)

    @staticmethod
    def _has_lock(held: Folder, lock: int | None) -> bool:
        """Whether the lock file in the directory is the one that is held."""
        there = held.status(LOCK)
        return there is not None and lock is not None and samestat(there, os.fstat(lock))

    def close(self) -> None:
        """Let other runs use it."""
        lock, self._lock = self._lock, None
        _locks.pop(id(self), None)
        if lock is not None:
            with suppress(OSError):
                os.ftruncate(lock, 0)
            os.close(lock)
        for folder in (self._held_snapshots, self._held):
            if folder is not None:
                folder.close()
        self._held = self._held_snapshots = None

    # --- writing ------------------------------------------------------------------------

    def look(self) -> tuple[Folder, Folder]:
        """See that the directory is still this run's; returns it and its folder of snapshots.

        Raises:
            SnapshotError: If it has been moved, removed or replaced.
        """
        held, snapshots = self._held, self._held_snapshots
        if held is None or snapshots is None:
            raise SnapshotError(f"{shown(self.folder)}: the run has ended")
        if not (held.is_there and snapshots.is_there and self._has_lock(held, self._lock)):
            raise SnapshotError(
                f"{shown(self.folder)}: was moved, removed or replaced, or its lock was, while the "
                "run was going on, so it has ended\n"
                "  to go on from its last snapshot, give the name the directory has now: --exp-dir"
            )
        return held, snapshots

    def path_at(self, iteration: int) -> Path:
        """Where the snapshot of an iteration is."""
        return self.snapshots / f"snapshot-{iteration:06d}.h5"

    def write_snapshot(self, path: Path, image: bytes) -> None:
        """Write one of the snapshots whole.

        Raises:
            SnapshotError: If it cannot be written; what was there before stays.
        """
        _, snapshots = self.look()
        write_durably(path, image, ADVICE, snapshots)

    def write_text(self, name: str, text: str) -> None:
        """Write one of the small files whole.

        Raises:
            SnapshotError: If it cannot be written; what was there before stays.
        """
        held, _ = self.look()
        write_durably(self.folder / name, text.encode(), ADVICE, held)

    def statistics_file(self, warn: Callable[[str], None]) -> StatisticsFile:
        """The run's own statistics file, opened.

        Args:
            warn: Called with a text when somebody has moved, removed or cut it.

        Raises:
            SnapshotError: If it cannot be written.
        """
        held, _ = self.look()
        return StatisticsFile(self.statistics, held, warn, self.look)

    def claim(self) -> None:
        """Write a record if there is none, so that later files are known to be a run's.

        Raises:
            SnapshotError: If it cannot be written.
        """
        if self.read_record() is None:
            self.write_text(RECORD, '{"starts": []}\n')

    def read_record(self) -> dict[str, Any] | None:
        """The record of earlier starts; None if there is none, or it cannot be read."""
        held, _ = self.look()
        return read_record(held)

    def checksums_of(self, name: str) -> list[str]:
        """The checksum of a text, in a list; empty if the text is not there."""
        held, _ = self.look()
        return [checksum(held.read(name).decode())] if held.has_file(name) else []

    def set_aside(self) -> Path | None:
        """Move what an earlier run left into ``earlier-001`` (or the next free number).

        The record is moved last: until then all the rest is known to be a run's.

        Returns:
            The folder it is in now; None if there was nothing.

        Raises:
            SnapshotError: If it cannot be moved.
        """
        held, snapshots = self.look()
        present = [name for name in (STATISTICS, *DECLARED) if held.has_file(name)]
        images = [name for name in snapshots.names() if is_snapshot_name(name)]
        record = [RECORD] if held.has_file(RECORD) else []
        if not (present or images or record):
            return None
        with explained(self.folder, ADVICE):
            name = _new_folder(held)
            with (
                Folder(self.folder / name, within=held) as aside,
                _subfolder(aside, SNAPSHOTS) as to,
            ):
                for file in present:
                    held.rename(file, file, aside)
                for file in images:
                    snapshots.rename(file, file, to)
                for file in record:
                    held.rename(file, file, aside)
                for folder in (to, aside, snapshots, held):
                    folder.sync()
        return self.folder / name

    def prune(self, iteration: int, keep_last: int | None) -> None:
        """Remove all but the newest ``keep_last`` snapshots up to ``iteration``.

        To be called when the snapshot at ``iteration`` is on the disk, so that a good one always
        stays. A file that is named like a snapshot but is none stays too.
        """
        if keep_last is None:
            return
        snapshots = self._held_snapshots or Folder(self.snapshots)
        matches = [SNAPSHOT_NAME.fullmatch(name) for name in snapshots.names()]
        older = sorted((int(m[1]), m[0]) for m in matches if m and int(m[1]) < iteration)
        for _, name in older[: max(len(older) - (keep_last - 1), 0)]:
            if holds_snapshot(snapshots, name):
                with suppress(OSError):
                    snapshots.unlink(name)
        if snapshots is not self._held_snapshots:
            snapshots.close()

    def read_json(self, name: str) -> dict[str, Any]:
        """A mapping that an earlier start wrote; empty if there is none or it cannot be read."""
        try:
            found = json.loads((self.folder / name).read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def _make(path: Path) -> None:
    """Make a folder, and put its name on the disk, with those of the folders made above it.

    Its own each time: a kill may have come between the two.
    """
    new = list(takewhile(lambda folder: not folder.exists(), path.parents))
    path.mkdir(parents=True, exist_ok=True)
    for made in (*reversed(new), path):
        with Folder(made.parent) as above:
            above.sync()


def _subfolder(folder: Folder, name: str) -> Folder:
    """A folder in a folder, made if it is not there."""
    if folder.status(name) is None:
        folder.mkdir(name)
    return Folder(folder.path / name, within=folder)


def _new_folder(held: Folder) -> str:
    """The next free ``earlier-001``, made."""
    n = 1
    while held.status(name := f"earlier-{n:03d}"):
        n += 1
    held.mkdir(name)
    return name
