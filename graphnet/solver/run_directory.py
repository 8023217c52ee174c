"""A run's directory: its files, who may write to them, and what is found there.

snapshots/snapshot-000300.h5   the run at an iteration
snapshots/best.h5              the best one by some statistic
statistics.jsonl               what was measured
net.yaml, solver.yaml          what is trained, and how, every default written out
run.json                       when, where and with which versions and data
lock                           held while a run goes on
earlier-001/                   what was there before a fresh start
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from graphnet.errors import SnapshotError
from graphnet.solver.durable import explained, remove_unfinished, write_durably
from graphnet.solver.snapshot_file import Contents, read

_NAME = re.compile(r"snapshot-(\d{6,})\.h5")
#: How one does so where a run is, in messages.
BEGIN_ANEW = "solve with --fresh (in Python fresh=True) to begin anew"
#: What a run leaves; the snapshots last, so that a crash while they move loses no statistics.
_CONTENTS = ("statistics.jsonl", "net.yaml", "solver.yaml", "run.json", "snapshots")


def snapshots_in(folder: Path) -> dict[int, Path]:
    """The snapshots of a run's directory by iteration, oldest first."""
    named = ((_NAME.fullmatch(p.name), p) for p in (folder / "snapshots").glob("snapshot-*.h5"))
    return dict(sorted((int(match[1]), path) for match, path in named if match))


def newest_good(
    folder: Path, warn: Callable[[str], None] = lambda _: None
) -> tuple[Path, Contents] | None:
    """The newest snapshot that is whole; None where there are none at all.

    Args:
        folder: A run's directory.
        warn: Told of each damaged one that is passed over.

    Raises:
        SnapshotError: If there are some and none is good.
    """
    found = snapshots_in(folder)
    for path in reversed(found.values()):
        try:
            return path, read(path)
        except SnapshotError as error:
            warn(f"{error}\n  it is passed over")
    if found:
        raise SnapshotError(
            f"{folder}: none of its {len(found)} snapshots can be read\n"
            f"  {BEGIN_ANEW}; what is there is kept aside"
        )
    return None


class RunDirectory:
    """The directory of a run that is going on; locked from :meth:`open` to :meth:`close`.

    Args:
        folder: Where; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.snapshots = folder / "snapshots"
        self.statistics = folder / "statistics.jsonl"
        self.best = self.snapshots / "best.h5"
        self._lock: int | None = None

    def open(self, warn: Callable[[str], None]) -> None:
        """Make and lock it, and clear away what a crash left half-written.

        Raises:
            SnapshotError: If another run is going on there, or it cannot be written to.
        """
        with explained(self.folder):
            self.snapshots.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            self._take_lock(warn)
        except BaseException:
            self.close()
            raise
        remove_unfinished(self.folder)
        remove_unfinished(self.snapshots)

    def _take_lock(self, warn: Callable[[str], None]) -> None:
        try:
            import fcntl
        except ImportError:
            warn("this system has no file locks: see that no two runs use one exp_dir")
            return
        lock = self._lock
        if lock is None:
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 200, 0).decode(errors="replace").strip()
            raise SnapshotError(
                f"{self.folder}: another run is going on there ({holder or 'unknown'})\n"
                "  wait for it, stop it, or choose another exp_dir"
            ) from None
        except OSError as error:
            warn(
                f"{self.folder}: cannot be locked ({error.strerror}): see that no other run uses it"
            )
            return
        with suppress(OSError):  # only for the message above
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)

    def close(self) -> None:
        """Let other runs use it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def set_aside(self) -> Path | None:
        """Move what an earlier run left into ``earlier-001`` (or the next free number).

        Returns:
            Where it is now; None if there was nothing.

        Raises:
            SnapshotError: If it cannot be moved.
        """
        present = [self.folder / name for name in _CONTENTS if (self.folder / name).exists()]
        if not snapshots_in(self.folder) and not self.best.exists():
            present = [path for path in present if path.is_file()]
        if not present:
            return None
        n = 1
        while (aside := self.folder / f"earlier-{n:03d}").exists():
            n += 1
        with explained(aside):
            aside.mkdir()
            for path in present:
                path.rename(aside / path.name)
            self.snapshots.mkdir(exist_ok=True)
        return aside

    def path_at(self, iteration: int) -> Path:
        """Where the snapshot of an iteration is."""
        return self.snapshots / f"snapshot-{iteration:06d}.h5"

    def prune(self, iteration: int, keep_last: int | None) -> None:
        """Remove all but the newest ``keep_last`` snapshots up to ``iteration``.

        Called when the one at ``iteration`` is on the disk, so a good one always stays.
        """
        if keep_last is None:
            return
        older = [path for at, path in snapshots_in(self.folder).items() if at < iteration]
        for path in older[: max(len(older) - (keep_last - 1), 0)]:
            with suppress(OSError):
                path.unlink()

    def write_text(self, name: str, text: str) -> None:
        """Write one of the small files whole.

        Raises:
            SnapshotError: If it cannot be written.
        """
        write_durably(self.folder / name, text.encode())

    def read_json(self, name: str) -> dict[str, Any]:
        """What an earlier start wrote; empty if there is none or it cannot be read."""
        try:
            found = json.loads((self.folder / name).read_text())
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}
