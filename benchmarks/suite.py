"""What all parts of the suite share: who takes part, how long it lasts, where rows lie."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import graphnet as gn
from benchmarks.cases import Case
from benchmarks.graphnet_case import N_ROWS, write_rows
from benchmarks.workers import Crew, Worker

#: The modules that measure something, by what they measure, in this order; and those that run
#: without being named. The ``__init__`` of a folder imports none of its modules: the workers of
#: peers lie there too, and their Python need not have what graphnet needs.
USUAL_PARTS = ("verify", "steps", "growth", "startup", "epoch", "memory")
PARTS = {part: f"benchmarks.{part}" for part in USUAL_PARTS} | {
    "classics": "benchmarks.classics.beside",
    "cliffs": "benchmarks.cliffs.sweep",
}

GRAPHNET = "graphnet"
TORCH, TORCH_LAST, TORCH_COMPILED = "PyTorch", "PyTorch channels_last", "PyTorch compiled"
LAYOUT = {TORCH: "default", TORCH_LAST: "channels_last", TORCH_COMPILED: "default"}


@dataclass
class Suite:
    """One run of the suite.

    Attributes:
        folder: Where the rows are written.
        nets: The cases that are measured.
        torch_python: The Python that has PyTorch; None: it is not compared.
        threads: Of each side.
        quick: Fewer rounds and sizes.
        compiled: Whether ``torch.compile`` is measured as well.
        say: Told how it goes.
        sources: Where the rows of each net are from, as far as they have been needed.
        versions: Of who is measured.
        unavailable: Why peers are not measured at all.
    """

    folder: Path
    nets: tuple[str, ...]
    torch_python: str | None = None
    threads: int = 2
    quick: bool = False
    compiled: bool = False
    say: Callable[[str], None] = print
    sources: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.versions[GRAPHNET] = gn.__version__
        if not self.torch_python:
            self.unavailable[TORCH] = "no --torch-python was given"
            return
        try:
            self.versions[TORCH] = _version(self.torch_python, "torch")
        except (OSError, subprocess.CalledProcessError) as error:
            self.unavailable[TORCH] = reason(error)
            self.torch_python = None

    @property
    def rounds(self) -> int:
        """Of each measurement."""
        return 5 if self.quick else 15

    @property
    def seconds(self) -> float:
        """That one worker takes in one round, about."""
        return 0.08 if self.quick else 0.25

    def rows(self, case: Case, n_rows: int = N_ROWS) -> dict[str, str]:
        """The files of the case's rows."""
        folder = self.folder / f"{case.name}-{case.batch}-{n_rows}"
        files, self.sources[case.name] = write_rows(case, folder, n_rows)
        return files

    def task(self, case: Case, rows: dict[str, str], **more: Any) -> dict[str, Any]:
        """What a worker is told."""
        return {
            "net": case.name,
            "batch": case.batch,
            "width": case.width,
            "depth": case.depth,
            "lr": case.lr,
            "rows": rows,
            "threads": self.threads,
            "seconds": self.seconds,
            "steps": 0,
            "layout": "default",
            "compiled": False,
        } | more

    def crew(self, case: Case, variants: tuple[str, ...] | None = None) -> Crew:
        """The workers of a case, all starting at once.

        Args:
            case: What they work on.
            variants: Of PyTorch. Default: all that are measured and make a difference.
        """
        return Crew(self.workers(case, self.rows(case), variants))

    def workers(
        self,
        case: Case,
        rows: dict[str, str],
        variants: tuple[str, ...] | None = None,
        steps: int = 0,
    ) -> dict[str, Worker]:
        """The worker of graphnet, and those of PyTorch that take part."""
        task = self.task(case, rows, steps=steps)
        workers = {GRAPHNET: Worker(sys.executable, "benchmarks.graphnet_worker", task)}
        for name in self.variants(case) if variants is None else variants:
            if self.torch_python:
                more = {"layout": LAYOUT[name], "compiled": name == TORCH_COMPILED}
                workers[name] = Worker(self.torch_python, "benchmarks.torch_worker", task | more)
        return workers

    def variants(self, case: Case) -> tuple[str, ...]:
        """Of PyTorch: the layouts where there are images, ``torch.compile`` where it is wanted."""
        names = [TORCH]
        if case.is_images:
            names.append(TORCH_LAST)
        if self.compiled:
            names.append(TORCH_COMPILED)
        return tuple(names)


def _version(python: str, module: str) -> str:
    """Of a library in another Python.

    Raises:
        OSError: If there is no such Python.
        CalledProcessError: If it does not have the library.
    """
    command = [python, "-c", f"import {module}; print({module}.__version__)"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def reason(error: Exception) -> str:
    """The last line of what a process complained about."""
    said = error.stderr if isinstance(error, subprocess.CalledProcessError) else str(error)
    return (said.strip().splitlines() or ["it said nothing"])[-1]
