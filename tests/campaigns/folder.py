"""CampaignFolder: what a campaign has done so far, on disk, so that it goes on after any end.

settings.json   what the slices depend on; a campaign goes on with the same
slices.jsonl    a line for each slice that is done: its number, seconds and figures
report.txt      the last report
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import graphnet
from tests.campaigns.figures import Figures, add


class CampaignFolder:
    """The folder of a campaign, which one process at a time works in.

    Args:
        path: It is made if it is not there.
        settings: What the slices depend on.

    Attributes:
        figures: Of all slices done.
        done: Their numbers.
        seconds: Of the processor that they took.
        wall_seconds: That went by meanwhile, over all starts.
        starts: How often the campaign was started.

    Raises:
        SystemExit: If another process works there, or its settings are others.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self.path = path
        self.figures: Figures = {}
        self.done: set[int] = set()
        self.seconds = self.wall_seconds = 0.0
        self.starts = 0
        path.mkdir(parents=True, exist_ok=True)
        self._lock = (path / "lock").open("w")
        try:
            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # no child has it, too
        except OSError:
            sys.exit(f"{path}: another process works on this campaign")
        self._settle(dict(settings))
        self._lines = (path / "slices.jsonl").open("a+b")
        self._read()
        self._write({"start": datetime.now(UTC).isoformat(timespec="seconds"), **made_with()})
        self.starts += 1

    def _settle(self, settings: dict[str, Any]) -> None:
        path = self.path / "settings.json"
        if path.exists():
            then = json.loads(path.read_text("utf-8"))
            if then != json.loads(json.dumps(settings)):
                sys.exit(
                    f"{self.path}: was begun with {then}, not with {settings}\n"
                    "  go on with the same, or choose another --folder"
                )
        path.write_text(json.dumps(settings) + "\n", "utf-8")

    def _read(self) -> None:
        """Take in what is there; a last line that a kill has cut off is dropped."""
        self._lines.seek(0)
        whole = 0
        for line in self._lines:
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            self._take(json.loads(line))
        os.truncate(self.path / "slices.jsonl", whole)

    def _take(self, entry: dict[str, Any]) -> None:
        self.wall_seconds += entry.get("wall", 0.0)
        self.starts += "start" in entry
        if "slice" in entry and entry["slice"] not in self.done:
            self.done.add(entry["slice"])
            self.seconds += entry["seconds"]
            add(self.figures, entry["figures"])

    def _write(self, entry: dict[str, Any]) -> None:
        self._lines.write(json.dumps(entry).encode() + b"\n")
        self._lines.flush()

    def add(self, number: int, seconds: float, wall: float, figures: Figures) -> None:
        """Count a slice, and note it.

        Args:
            number: Of the slice.
            seconds: Of the processor that it took.
            wall: Seconds since the last one was counted.
            figures: Its own.
        """
        entry = {"slice": number, "seconds": seconds, "wall": wall, "figures": figures}
        self._write(entry)
        self._take(json.loads(json.dumps(entry)))

    def close(self) -> None:
        """Let another process work here."""
        self._lines.close()
        self._lock.close()


def made_with() -> dict[str, str]:
    """The versions a start was made with."""
    return {
        "graphnet": graphnet.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def figures_in(path: Path) -> tuple[Figures, float]:
    """What another campaign's folder has counted, and its seconds of the processor."""
    figures: Figures = {}
    seconds, seen = 0.0, set()
    for line in (path / "slices.jsonl").read_bytes().splitlines(keepends=True):
        entry = json.loads(line) if line.endswith(b"\n") else {}
        if "slice" in entry and entry["slice"] not in seen:
            seen.add(entry["slice"])
            seconds += entry["seconds"]
            add(figures, entry["figures"])
    return figures, seconds
