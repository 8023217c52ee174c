"""Control groups: the part of a machine that Linux leaves to a container or a batch job.

Version 2 has one tree of groups, version 1 one for each controller; both may exist side by side.
The limits of a group bind all groups within it. A container may see its own group as the root, and
nothing of the groups around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

SYSTEM = Path("/")


class ControlGroup(NamedTuple):
    """A control group that this process is in.

    Attributes:
        folder: With the files of its limits.
        version: Of the control groups, 1 or 2.
    """

    folder: Path
    version: int

    def read(self, name: str) -> str:
        """The content of one of its files; empty if there is none."""
        with suppress(OSError, ValueError):
            return (self.folder / name).read_text("ascii").strip()
        return ""

    def number(self, name: str) -> int | None:
        """The whole number in one of its files; None if there is none, as in ``max``."""
        text = self.read(name)
        return int(text) if text.removeprefix("-").isdecimal() else None


class FreeMemory(NamedTuple):
    """Memory that may still be taken.

    Attributes:
        n_bytes: How many bytes.
        reason: What limits them.
    """

    n_bytes: int
    reason: str


def cpu_quota(system: Path = SYSTEM) -> float | None:
    """How many processors' time this process may use; None if that is not limited.

    Args:
        system: The root of the file system.
    """
    return min((q for group in _groups("cpu", system) if (q := _quota(group))), default=None)


def _quota(group: ControlGroup) -> float | None:
    if group.version == 1:
        quota, period = group.number("cpu.cfs_quota_us"), group.number("cpu.cfs_period_us")
    else:
        found = re.fullmatch(r"(\d+) (\d+)", group.read("cpu.max"))  # or "max 100000"
        quota, period = map(int, found.groups()) if found else (None, None)
    return quota / period if quota and period and quota > 0 else None


def free_memory(system: Path = SYSTEM) -> Iterator[FreeMemory]:
    """What each control group that limits memory leaves this process.

    Args:
        system: The root of the file system.
    """
    for group in _groups("memory", system):
        used, names = "memory.current", ["memory.max", "memory.high"]
        if group.version == 1:
            used, names = "memory.usage_in_bytes", ["memory.limit_in_bytes"]
        for name in names:
            limit, taken = group.number(name), group.number(used)
            if limit is not None and taken is not None:
                left = limit - taken + _reclaimable(group)
                yield FreeMemory(max(left, 0), f"left of {group.folder / name}")


def _reclaimable(group: ControlGroup) -> int:
    """Bytes of memory that hold files and are given up when needed."""
    name = "total_inactive_file" if group.version == 1 else "inactive_file"
    found = re.search(rf"^{name} (\d+)$", group.read("memory.stat"), re.MULTILINE)
    return int(found[1]) if found else 0


def _groups(controller: str, system: Path) -> Iterator[ControlGroup]:
    """The groups that may limit this process, the innermost first."""
    mounts = list(_mounts(controller, system))
    for line in _lines(system / "proc/self/cgroup"):
        number, controllers, path = (*line.split(":", 2), "", "")[:3]
        version = 2 if number == "0" else 1
        if version == 1 and controller not in controllers.split(","):
            continue
        for mount, root in (m[1:] for m in mounts if m[0] == version):
            below = _below(path, root)
            for i in range(len(below), -1, -1):
                yield ControlGroup(mount.joinpath(*below[:i]), version)


def _mounts(controller: str, system: Path) -> Iterator[tuple[int, Path, str]]:
    """Where trees of groups are mounted: version, folder, and which group that folder is."""
    for line in _lines(system / "proc/self/mountinfo"):
        mounted, _, kind = line.partition(" - ")
        fields, (name, _, options) = mounted.split(" "), (*kind.split(" ", 2), "", "", "")[:3]
        version = {"cgroup": 1, "cgroup2": 2}.get(name)
        if version is None or (version == 1 and controller not in options.split(",")):
            continue
        root, place = (_unescaped(field) for field in (*fields[3:5], "", "")[:2])
        yield version, system / place.lstrip("/"), root


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return []


def _unescaped(field: str) -> str:
    """A path of mountinfo, in which a blank is written as its code in base 8."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)


def _below(path: str, root: str) -> list[str]:
    """The steps from a mounted group down to a group; none if it is not below."""
    if path != root and not path.startswith(root.rstrip("/") + "/"):
        return []
    steps = [step for step in path[len(root.rstrip("/")) :].split("/") if step]
    return [] if ".." in steps else steps
