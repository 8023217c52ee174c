"""RunRecord: run.json with its record of each start, and net.yaml and solver.yaml beside it."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from graphnet.backend.machine import processor
from graphnet.errors import DivergedError
from graphnet.files.paths import is_there
from graphnet.solver.record.claim import DECLARED, RECORD, checksum
from graphnet.solver.record.run_directory import RunDirectory
from graphnet.solver.record.same_processor import other_kind
from graphnet.solver.record.snapshot_file import versions
from graphnet.solver.run import Run
from graphnet.solver.signals import Interrupted

#: The outcome of a start that came to the run's end.
FINISHED = "finished"


def outcome_of(error: BaseException) -> str:
    """How a start of the run ended that did not come to the run's end."""
    if isinstance(error, Interrupted):
        return f"stopped by {error.signal.name}"
    return "diverged" if isinstance(error, DivergedError) else f"failed: {type(error).__name__}"


class RunRecord:
    """Records when, where and with what a run was started; without a directory it does nothing.

    Args:
        run: The run.
        directory: Its directory, or None.
        statistics: The statistics file, if it is not in the directory.
    """

    def __init__(
        self, run: Run, directory: RunDirectory | None, statistics: Path | None = None
    ) -> None:
        self._run, self._directory, self._statistics = run, directory, statistics
        self._record: dict[str, Any] = {}

    @property
    def earlier(self) -> dict[str, Any]:
        """The record of earlier starts; empty if there is none."""
        return (self._directory.read_record() if self._directory else None) or {}

    @property
    def is_complete(self) -> bool:
        """Whether a start has brought the run to its end, and a crash has taken nothing since."""
        if not self._run.is_finished:
            return False
        match self.earlier:
            case {"starts": [*_, {"to_iter": to_iter, "outcome": outcome}]}:
                return bool((to_iter, outcome) == (self._run.state.iter, FINISHED))
        return False

    def warn_of_processor(self) -> None:
        """Say so if the last start was on a processor of another kind: it rounds differently."""
        other = other_kind(self.earlier.get("processor"), processor().to_dict())
        if other:
            self._run.reporter.warning(
                f"this run goes on on another kind of processor: {other}\n"
                "  its numbers may differ from now on in their last digits"
            )

    def start(self, changed: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Write the first half of this start's record, ``net.yaml`` and ``solver.yaml``.

        Args:
            changed: What the user has changed of a run that goes on, by the solver's keys.
        """
        run, directory, earlier = self._run, self._directory, self.earlier
        if directory is None:
            return
        texts = dict(zip(DECLARED, run.declared, strict=True))
        outputs = [file for file in run.net.output_files() if not is_there(Path(file))]
        self._record = {
            "net": run.net.name,
            "seed": run.net.context.seed,
            "backend": run.net.store.backend.name,
            "precision": str(run.net.store.dtype),
            "versions": {**versions(), "python": platform.python_version()},
            "machine": platform.platform(),
            "processor": processor().to_dict(),
            "data": run.net.data_summary(),
            "outputs": sorted({*earlier.get("outputs", ()), *outputs}),
            "files": {
                name: list(dict.fromkeys([checksum(text), *directory.checksums_of(name)]))
                for name, text in texts.items()
            },
            "starts": [
                *earlier.get("starts", []),
                {"time": _now(), "from_iter": run.state.iter}
                | ({"changed": dict(changed)} if changed else {}),
            ],
        }
        if self._statistics is not None:
            self._record["statistics"] = str(self._statistics)
        self._write(directory)
        for name, text in texts.items():
            directory.write_text(name, text)

    def take_over(self, directory: RunDirectory) -> None:
        """Go on with the record that another rank has written into the run's directory."""
        self._directory, self._record = directory, directory.read_record() or {}

    def lose(self, ranks: Sequence[str], left: int, seconds: float) -> None:
        """Record that ranks were lost, and that the others have gone on.

        Args:
            ranks: Which.
            left: How many others there are.
            seconds: How long it took them.
        """
        if self._record and self._directory is not None:
            self._record["starts"][-1].setdefault("lost", []).append(
                {
                    "time": _now(),
                    "iter": self._run.state.iter,
                    "ranks": list(ranks),
                    "left": left,
                    "seconds": round(seconds, 3),
                }
            )
            self._write(self._directory)

    def end(self, outcome: str, seconds: float) -> None:
        """Record how this start ended."""
        if self._record and self._directory is not None:
            self._record["starts"][-1] |= {
                "ended": _now(),
                "to_iter": self._run.state.iter,
                "seconds": round(seconds, 1),
                "outcome": outcome,
            }
            self._write(self._directory)

    def _write(self, directory: RunDirectory) -> None:
        text = json.dumps(self._record, indent=2, ensure_ascii=False, default=str)
        directory.write_text(RECORD, text + "\n")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
