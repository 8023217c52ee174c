"""Removing a run: its own files, and its directory if nothing else is in it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from graphnet.errors import SnapshotError
from graphnet.files.writing import Advice, explained
from graphnet.solver.record.claim import (
    DECLARED,
    LOCK,
    RECORD,
    SNAPSHOTS,
    STATISTICS,
    is_snapshot_name,
)
from graphnet.solver.record.run_directory import RunDirectory

_ADVICE = Advice(SnapshotError, forbidden="ask who owns it")


def remove_run(path: Path) -> list[str]:
    """Remove a run's files; the record last, so that what a kill leaves is still known as a run's.

    Returns:
        The names of what is left, which is somebody else's, or of runs that were set aside there.

    Raises:
        SnapshotError: If the run is going on, or a file cannot be removed.
    """
    directory, warnings = RunDirectory(path), list[str]()
    directory.open(warnings.append)  # nobody else may begin there meanwhile
    try:
        held, snapshots = directory.look()
        with explained(path, _ADVICE):
            for name in [n for n in snapshots.names() if is_snapshot_name(n)]:
                snapshots.unlink(name)
            for name in (STATISTICS, *DECLARED, RECORD, LOCK):
                if held.has_file(name):
                    held.unlink(name)
    finally:
        directory.close()
    for folder in (path / SNAPSHOTS, path):
        with suppress(OSError):  # something else is in it
            folder.rmdir()
    return sorted(p.name for p in path.iterdir()) if path.is_dir() else []
