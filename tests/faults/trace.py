"""What a process has done to the disk, step by step; and the disk after a power cut at any step.

What a disk keeps of steps that no fsync has followed is its own affair: none of it, all, the first
so many, or any of them; of a file's content any sectors, and its length or not. A file's content is
safe after an fsync of the file, and a name after one of its folder; nothing else is promised.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple, TypeAlias

SECTOR = 512
Kept: TypeAlias = Literal["nothing", "all", "the first", "any"]
KEPT: tuple[Kept, ...] = ("nothing", "all", "the first", "any")


class Step(NamedTuple):
    """One step.

    Attributes:
        what: ``make``, ``write``, ``truncate``, ``sync``, ``rename``, ``unlink``, ``mkdir``, ``sync
            folder``; or ``saved``: a snapshot is complete.
        path: Of what, relative to the trace's root.
        phase: In which phase, for the figures.
        to: The new path.
        offset: Where it is written, the new length, or the iteration that was saved.
        data: What is written.
    """

    what: str
    path: str
    phase: str
    to: str = ""
    offset: int = 0
    data: bytes = b""


@dataclass
class Trace:
    """What a process has done below a folder.

    Attributes:
        root: The folder.
        before: The files that were there, by path; None for a folder.
        steps: In order.
    """

    root: Path
    before: dict[str, bytes | None] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def begin(self, below: Path) -> None:
        """Take in what is there."""
        if below.exists():
            for path in [below, *sorted(below.rglob("*"))]:
                self.before[self.name(path)] = None if path.is_dir() else path.read_bytes()

    def name(self, path: Path) -> str:
        """A path as it is noted."""
        return path.absolute().relative_to(self.root).as_posix()

    def save(self, path: Path) -> None:
        """Write it to a file."""
        path.write_bytes(pickle.dumps((self.before, [tuple(step) for step in self.steps])))

    @classmethod
    def load(cls, path: Path, root: Path) -> Trace:
        """Read one that :meth:`save` has written."""
        before, steps = pickle.loads(path.read_bytes())  # noqa: S301  # this campaign's own
        return cls(root, before, [Step(*step) for step in steps])

    def saved(self, n: int, before: int = -1) -> int:
        """The iteration of the last snapshot that was complete after so many steps."""
        return max([before, *(s.offset for s in self.steps[:n] if s.what == "saved")])


class _File:
    """A file: what is on the disk, and the changes that may be."""

    def __init__(self, content: bytes = b"") -> None:
        self.safe = content
        self.changes: list[tuple[int, bytes] | int] = []  # data at an offset, or a new length

    def after(self, changes: list[tuple[int, bytes] | int]) -> bytes:
        content = bytearray(self.safe)
        for change in changes:
            if isinstance(change, int):
                content[change:] = bytes(max(change - len(content), 0))
            else:
                offset, data = change
                content[len(content) :] = bytes(max(offset - len(content), 0))
                content[offset : offset + len(data)] = data
        return bytes(content)

    def sync(self) -> None:
        self.safe, self.changes = self.after(self.changes), []

    def survives(self, kept: Kept, chance: Random) -> bytes:
        if kept in ("nothing", "all"):
            return self.after(self.changes if kept == "all" else [])
        n = chance.randint(0, len(self.changes))
        if kept == "the first":
            some = self.changes[:n]
            if n < len(self.changes) and not isinstance(self.changes[n], int):
                offset, data = self.changes[n]  # type: ignore[misc]
                some.append((offset, data[: chance.randint(0, len(data))]))
            return self.after(some)
        some = []
        for change in self.changes:
            if isinstance(change, int):
                some += [change] * (chance.random() < 0.5)
                continue
            offset, data = change
            if chance.random() < 0.5:  # the length is there; the sectors may not be
                some.append(max(offset + len(data), len(self.after(some))))
            at = offset
            while at < offset + len(data):
                end = min((at // SECTOR + 1) * SECTOR, offset + len(data))
                if chance.random() < 0.5:
                    some.append((at, data[at - offset : end - offset]))
                at = end
        return self.after(some)


class _Folder:
    """A folder: the names on the disk, and the changes that may be."""

    def __init__(self) -> None:
        self.safe: dict[str, _File | _Folder] = {}
        self.changes: list[dict[str, _File | _Folder | None]] = []

    def now(self) -> dict[str, _File | _Folder]:
        return self._after(self.changes)

    def _after(
        self, changes: list[dict[str, _File | _Folder | None]]
    ) -> dict[str, _File | _Folder]:
        names = dict(self.safe)
        for change in changes:
            for name, there in change.items():
                names.pop(name, None)
                if there is not None:
                    names[name] = there
        return names

    def sync(self) -> None:
        self.safe, self.changes = self.now(), []

    def write(self, to: Path, kept: Kept, chance: Random) -> None:
        """Make the folder as it is after the power cut."""
        to.mkdir(exist_ok=True)
        match kept:
            case "nothing":
                some = []
            case "all":
                some = self.changes
            case "the first":
                some = self.changes[: chance.randint(0, len(self.changes))]
            case _:
                some = [change for change in self.changes if chance.random() < 0.5]
        for name, there in self._after(some).items():
            if isinstance(there, _Folder):
                there.write(to / name, kept, chance)
            else:
                (to / name).write_bytes(there.survives(kept, chance))


def after_power_cut(trace: Trace, n: int, to: Path, kept: Kept, chance: Random) -> None:
    """Make a folder as a power cut after the first ``n`` steps leaves it.

    Args:
        trace: What was done.
        n: How much of it.
        to: The folder that stands for the trace's root.
        kept: What the disk keeps of what is not safe.
        chance: Which.
    """
    root = _tree(trace.before)
    for step in trace.steps[:n]:
        _do(root, step)
    root.write(to, kept, chance)


def _tree(before: Mapping[str, bytes | None]) -> _Folder:
    root = _Folder()
    for path, content in before.items():  # folders come before what is in them
        folder, name = _within(root, path)
        folder.safe[name] = _Folder() if content is None else _File(content)
    return root


def _within(root: _Folder, path: str) -> tuple[_Folder, str]:
    *folders, name = path.split("/")
    here = root
    for one in folders:
        below = here.now()[one]
        assert isinstance(below, _Folder)
        here = below
    return here, name


def _do(root: _Folder, step: Step) -> None:
    if step.what == "saved":
        return
    if step.path == ".":
        root.sync()
        return
    folder, name = _within(root, step.path)
    there = folder.now().get(name)
    match step.what:
        case "make":
            folder.changes.append({name: _File()})
        case "mkdir":
            folder.changes.append({name: _Folder()})
        case "unlink":
            folder.changes.append({name: None})
        case "rename":
            other, new = _within(root, step.to)
            assert other is folder, "graphnet renames within a folder"
            folder.changes.append({name: None, new: there})
        case "write" if isinstance(there, _File):
            there.changes.append((step.offset, step.data))
        case "truncate" if isinstance(there, _File):
            there.changes.append(step.offset)
        case "sync" | "sync folder" if there is not None:
            there.sync()
        case _:
            raise AssertionError(f"{step.what} of {step.path}, which is not there")
