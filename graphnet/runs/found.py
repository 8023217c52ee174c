"""The runs below a folder, as their directories tell: nothing is written, nothing is locked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from graphnet.errors import SpecError
from graphnet.files.folder import Folder
from graphnet.files.paths import shown
from graphnet.runs.settings import Settings, read_settings
from graphnet.solver.direction import direction_of
from graphnet.solver.record.claim import RECORD, STATISTICS, read_record
from graphnet.solver.record.run_directory import snapshots_in
from graphnet.solver.record.statistics_file import values_by_key

#: Folders below one that are looked into; deeper ones are somebody else's.
DEEPEST = 6
#: Folders of a run in which no other run is looked for, except for runs that were set aside.
_OWN = ("snapshots",)
ASIDE = "earlier-"

#: Beyond it no count or time of a run is one.
_LARGEST = 1 << 62
_NUMBERS = ("from_iter", "to_iter", "seconds")

#: What a run says of its own pace, and not of how good it is.
PACE = ("lr", "momentum", "epoch")


@dataclass(frozen=True)
class FoundRun:
    """A run in its directory.

    Attributes:
        path: The directory.
        record: ``run.json``.
    """

    path: Path
    record: Mapping[str, Any] = field(repr=False)

    @property
    def net(self) -> str:
        """The net's name."""
        return str(self.record.get("net", ""))

    @property
    def data(self) -> list[str]:
        """What its data layers read, each once."""
        found = self.record.get("data")
        sources = found.values() if isinstance(found, dict) else ()
        return list(dict.fromkeys(map(str, sources)))

    @property
    def starts(self) -> list[Mapping[str, Any]]:
        """Its starts, the first first."""
        found = self.record.get("starts", ())
        return [_plausible(start) for start in found if isinstance(start, dict)]

    @property
    def started(self) -> str:
        """When it was first started, as in ``2026-11-30T10:08:00+00:00``; "" if nobody knows."""
        return str(self.starts[0].get("time", "")) if self.starts else ""

    @property
    def ended(self) -> str:
        """How its last start ended: ``finished``, why it stopped, or ``running or killed``."""
        last = self.starts[-1] if self.starts else {}
        return str(last.get("outcome") or "running or killed")

    @property
    def seconds(self) -> float:
        """How long all its starts took."""
        return sum(float(start.get("seconds", 0)) for start in self.starts)

    @property
    def is_aside(self) -> bool:
        """Whether it was set aside when a later one began anew in its directory."""
        return self.path.name.startswith(ASIDE)

    @cached_property
    def statistics(self) -> dict[str, dict[int, float]]:
        """What it recorded: by key, then by iteration; where one was recorded twice, the last."""
        path = self.path / STATISTICS
        return values_by_key(path) if path.is_file() else {}

    @cached_property
    def settings(self) -> Settings:
        """What it was declared with, by dotted key."""
        return read_settings(self.path)

    @cached_property
    def iter(self) -> int:
        """The last iteration that anything is known of."""
        ends = [int(start.get("to_iter", 0)) for start in self.starts]
        recorded = [max(values, default=0) for values in self.statistics.values()]
        return max([0, *ends, *recorded, *snapshots_in(self.path)])

    @cached_property
    def best(self) -> dict[str, tuple[float, int]]:
        """The best value of each statistic that was validated, and when it was reached.

        What is better the name says (accuracies should be high, losses low); of other statistics it
        is the last value.
        """
        found = {}
        for key, values in self.statistics.items():
            if key in PACE or key.startswith("train.") or not values:
                continue
            found[key] = _best(key, values)
        return found


def _plausible(start: Mapping[str, Any]) -> Mapping[str, Any]:
    """A start as the record has it, without what is no number and should be: it may be edited."""
    return {
        key: value
        for key, value in start.items()
        if key not in _NUMBERS or (isinstance(value, int | float) and 0 <= value < _LARGEST)
    }


def _best(key: str, values: Mapping[int, float]) -> tuple[float, int]:
    numbers = {i: v for i, v in values.items() if v == v}  # noqa: PLR0124  # all but NaN
    if not numbers:
        return float("nan"), max(values)
    try:
        choose = max if direction_of(key, None) == "max" else min
    except SpecError:  # the name does not say
        last = max(numbers)
        return numbers[last], last
    at = choose(numbers, key=numbers.__getitem__)
    return numbers[at], at


def read_run(path: Path) -> FoundRun:
    """The run in a directory.

    Raises:
        SpecError: If there is none.
    """
    found = _run_in(path)
    if found is None:
        what = "no such folder" if not path.exists() else "this is no run's directory"
        raise SpecError(
            f"{shown(path)}: {what}\n  a run's directory holds {RECORD}; see: graphnet runs"
        )
    return found


def find_runs(folder: Path) -> list[FoundRun]:
    """The runs in a folder and below it, by path; those set aside too.

    Raises:
        SpecError: If there is no such folder.
    """
    if not folder.is_dir():
        what = "this is no folder" if folder.exists() else "no such folder"
        cure = "give the folder that the runs are in"
        if folder.suffix in (".svg", ".png"):
            cure = f"for a picture write --output {folder}"
        raise SpecError(f"{shown(folder)}: {what}\n  {cure}")
    return sorted(_runs_below(folder, DEEPEST), key=lambda run: run.path)


def _runs_below(folder: Path, depth: int) -> Iterator[FoundRun]:
    found = _run_in(folder)
    if found is not None:
        yield found
    if not depth:
        return
    try:
        entries = list(os.scandir(folder))
    except OSError:  # one that may not be read
        return
    for entry in entries:
        is_wanted = entry.name.startswith(ASIDE) if found else not entry.name.startswith(".")
        if is_wanted and entry.name not in _OWN and entry.is_dir(follow_symlinks=False):
            yield from _runs_below(Path(entry.path), depth - 1)


def _run_in(path: Path) -> FoundRun | None:
    if not (path / RECORD).is_file():
        return None
    with Folder(path) as folder:
        record = read_record(folder)
    return None if record is None else FoundRun(path, record)
