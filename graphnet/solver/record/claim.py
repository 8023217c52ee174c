"""Claim: which files of a folder are a run's, so that no others are written over or removed.

A folder is a run's if its ``run.json`` is a run's record, or a snapshot lies in ``snapshots/``. Any
other folder may become one, unless a name that a run would write to is taken.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from graphnet.declare.yaml_reader import parse_yaml, write_yaml
from graphnet.errors import GraphnetError
from graphnet.files.folder import Folder
from graphnet.files.writing import UNFINISHED, unfinished
from graphnet.solver.record.snapshot_file import begins_as_snapshot

LOCK, RECORD, STATISTICS, SNAPSHOTS = "lock", "run.json", "statistics.jsonl", "snapshots"
#: The net and the solver of the run; the record has the checksums of these texts.
DECLARED = ("net.yaml", "solver.yaml")
BEST = "best.h5"
SNAPSHOT_NAME = re.compile(r"snapshot-(\d{6,})\.h5")
_RECORDED = {"net", "seed", "backend", "precision", "versions", "machine", "data", "starts"}
#: What a run writes into its lock. A power cut may leave a part of it, with the end of an earlier
#: holder behind it, for the lock is not put on the disk.
_HOLDER, _WHO = b"process ", re.compile(rb"\d[^\n]*(?:\n[^\n]*\n?)?")


def foreign_files(folder: Folder) -> list[str]:
    """The files that a run in this folder would write to, though no run has made them."""
    record = read_record(folder)
    found = [] if _is_lock(folder) else [LOCK]
    if record is None and not _has_snapshot(folder):
        found += [name for name in (RECORD, *DECLARED, STATISTICS) if folder.status(name)]
        names = (name for _, name in _names_in_snapshots(folder))
        return [*found, *(f"{SNAPSHOTS}/{name}" for name in names if is_snapshot_name(name))]
    if record is None and folder.status(RECORD) and not _is_damaged_record(folder):
        found.append(RECORD)
    checksums = (record or {}).get("files")
    found += [
        name
        for name in DECLARED
        if folder.has_file(name) and not _is_declared(name, folder, checksums)
    ]
    return found


def read_record(folder: Folder) -> dict[str, Any] | None:
    """The record of a run's starts; None if there is none or it cannot be read."""
    with suppress(OSError, ValueError, RecursionError):
        found = json.loads(folder.read(RECORD))
        if isinstance(found, dict) and isinstance(found.get("starts"), list):
            return {key: value for key, value in found.items() if _is_plausible(key, value)}
    return None


def _is_plausible(key: str, value: object) -> bool:
    """Whether the value is of the kind that a run writes under the key."""
    if key == "outputs":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if key == "files":
        lists = value.values() if isinstance(value, dict) else [None]
        return all(isinstance(item, list) for item in lists)
    return True


def checksum(text: str) -> str:
    """The checksum of a text that a record keeps."""
    return hashlib.sha256(text.encode()).hexdigest()


def leftovers(folder: Folder, snapshots: Folder) -> Iterator[tuple[Folder, str]]:
    """The unfinished files that a run has left in its folders when it was killed.

    An earlier graphnet named them without a number; in a folder that is no run's yet, such names
    may be somebody else's.
    """
    is_run = read_record(folder) is not None or _has_snapshot(folder)
    small = (RECORD, *DECLARED, STATISTICS)
    for place, is_own in ((folder, small.__contains__), (snapshots, is_snapshot_name)):
        for name, target in list(unfinished(place)):
            if is_own(target) and (is_run or name != target + UNFINISHED):
                yield place, name


def is_snapshot_name(name: str) -> bool:
    """Whether a run gives this name to a snapshot."""
    return name == BEST or SNAPSHOT_NAME.fullmatch(name) is not None


def _is_lock(folder: Folder) -> bool:
    """Whether a run has made the lock, or may make it."""
    if not folder.has_file(LOCK):
        return folder.status(LOCK) is None
    text = folder.read(LOCK, 1 << 10).rstrip(b"\0")
    who = text.removeprefix(_HOLDER)
    return _HOLDER.startswith(text) or (who != text and _WHO.fullmatch(who) is not None)


def _names_in_snapshots(folder: Folder) -> Iterator[tuple[Folder, str]]:
    """What is in the folder of snapshots, with that folder; nothing if it cannot be read."""
    with suppress(OSError), Folder(folder.path / SNAPSHOTS, within=folder) as snapshots:
        for name in snapshots.names():
            yield snapshots, name


def _has_snapshot(folder: Folder) -> bool:
    """Whether a file is a snapshot by its name and its beginning."""
    return any(
        SNAPSHOT_NAME.fullmatch(name) and holds_snapshot(snapshots, name)
        for snapshots, name in _names_in_snapshots(folder)
    )


def holds_snapshot(folder: Folder, name: str) -> bool:
    """Whether a file begins as snapshots do."""
    with suppress(OSError):
        return folder.has_file(name) and begins_as_snapshot(folder.read(name, 64))
    return False


def _is_damaged_record(folder: Folder) -> bool:
    """Whether it could be a damaged record, rather than a file of the user's own."""
    try:
        found = json.loads(folder.read(RECORD))
    except (ValueError, RecursionError):
        return True
    except OSError:
        return False
    return not isinstance(found, dict) or not found or not _RECORDED.isdisjoint(found)


def _is_declared(name: str, folder: Folder, checksums: object) -> bool:
    """Whether a run has written the text: by its record, or if that says nothing, by its form."""
    try:
        text = folder.read(name).decode()
    except (OSError, UnicodeDecodeError):
        return False
    if isinstance(checksums, Mapping):
        return checksum(text) in (checksums.get(name) or ())
    # an earlier graphnet recorded no checksums: a text of its is exactly what write_yaml writes
    try:
        value = parse_yaml(text, name).value
        is_whole = isinstance(value, dict) and write_yaml(value) == text
    except GraphnetError:
        return False
    keys = list(value) if is_whole else []
    return keys == ["name", "layers"] if name == DECLARED[0] else keys[:1] == ["method"]
