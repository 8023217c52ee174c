"""The cases of the fuzzer: each a mutated input, given to graphnet, and what came of it.

A case is named ``KIND:NUMBER``; its name and the seed alone decide its input and how it is read.
"""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import typer

from graphnet.cli import app, main
from graphnet.errors import DataError, DivergedError, GraphnetError
from tests.fuzz import inputs
from tests.fuzz.models import (
    MODEL_FILES,
    model_input,
    read_model,
    sound_models,
    write_model_fixtures,
)
from tests.fuzz.readers import READERS, as_command, read_once, write_fixtures

#: Of a hundred files, how many are of each kind.
FILE_SHARES = {
    "hdf5": 36,
    "snapshot": 12,
    "forged": 16,
    "run": 4,
    "idx": 8,
    "npy": 8,
    "csv": 6,
    "picture": 4,
    "cifar": 3,
    "listing": 3,
}
_SOLVERS = 4  # every fourth YAML is a solver
GROWTH_KIB = 384 * 2**10  # of the process, in one case
_ROOT = Path(__file__).parents[2]
_FILE_KINDS = [kind for kind, share in FILE_SHARES.items() for _ in range(share)]


def yaml_cases(n: int, first: int = 0) -> list[str]:
    """The names of so many nets and solvers."""
    return [f"{'net' if i % _SOLVERS else 'solver'}:{i}" for i in range(first, first + n)]


def file_cases(n: int, first: int = 0) -> list[str]:
    """The names of so many files of all other kinds."""
    numbers = range(first, first + n)
    return [f"{_FILE_KINDS[i * 37 % len(_FILE_KINDS)]}:{i}" for i in numbers]


def model_cases(n: int, first: int = 0) -> list[str]:
    """The names of so many models of each kind."""
    return [f"{kind}:{i}" for i in range(first, first + n) for kind in MODEL_FILES]


def all_cases(*parts: list[str]) -> list[str]:
    """The cases of several kinds, evenly mixed."""
    cases = [case for part in parts for case in part]
    places = [place for part in parts for place in np.linspace(0, 1, len(part))]
    return [cases[i] for i in np.argsort(places, kind="stable")]


@dataclass(frozen=True)
class Result:
    """What came of a case.

    Attributes:
        outcome: ``accepted``; ``rejected``; or a fault: ``unplaced`` (rejected without a place),
            ``traceback``, ``memory``, ``hang``, ``killed`` (the process died). ``library``: HDF5's
            own code did not come back.
        said: What was printed, or the traceback.
        errors: The classes of the errors.
        seconds: Of the processor that it took.
        peak_kib: The most memory the process had until then.
    """

    outcome: str
    said: str = ""
    errors: tuple[str, ...] = ()
    seconds: float = 0.0
    peak_kib: int = 0

    @property
    def is_fault(self) -> bool:
        """Whether it should not be so."""
        return self.outcome not in ("accepted", "rejected", "library")


@dataclass
class Fuzzer:
    """Runs cases in a folder.

    Args:
        folder: For the files; an empty one.
        seed: Of everything left to chance.
        with_models: Whether models of other frameworks are among the cases.
    """

    folder: Path
    seed: int = 0
    with_models: bool = False
    _errors: list[GraphnetError] = field(default_factory=list, init=False)
    _unplaced: list[str] = field(default_factory=list, init=False)
    _said: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        write_fixtures(self.folder)
        (self.folder / "data").mkdir()
        os.environ["GRAPHNET_DATA"] = str(self.folder / "data")
        os.chdir(self.folder)
        app.report = self._report  # type: ignore[assignment]
        self.seeds = inputs.Seeds(
            [p.read_text("utf-8") for p in sorted((_ROOT / "nets").glob("*.yaml"))],
            [p.read_text("utf-8") for p in sorted((_ROOT / "solvers").glob("*.yaml"))],
            self._sound_run(),
        )
        self.models: dict[str, list[bytes]] = {}
        if self.with_models:
            write_model_fixtures(self.folder)
            self.models = sound_models(self.folder / "models")
        shutil.copytree(_ROOT / "solvers", self.folder / "solvers")
        read_once()

    def move_to(self, folder: Path) -> None:
        """Take an empty folder for what follows, with all that is shared in it."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        self.folder = folder
        os.environ["GRAPHNET_DATA"] = str(folder / "data")
        os.chdir(folder)

    def work_in(self, name: str) -> None:
        """Take a folder below for this process alone."""
        below = self.folder / name
        below.mkdir()
        for path in [*self.folder.glob("*.*")]:
            shutil.copyfile(path, below / path.name)
        self.folder = below / "nets"
        self.folder.mkdir()
        for path in [*below.glob("*.*")]:
            path.rename(self.folder / path.name)
        shutil.copytree(_ROOT / "solvers", below / "solvers")
        os.chdir(self.folder)

    def run(self, case: str) -> Result:
        """Give graphnet the input of a case."""
        kind = case.partition(":")[0]
        path = self.write(case)
        self._errors, self._unplaced, self._said = [], [], []
        before, begin = peak_kib(), cpu_seconds()
        try:
            command, chance = self._run_command(path, kind), self._chance(case, "read")
            if kind in MODEL_FILES:
                read_model(command, as_command, path, chance)
            else:
                READERS[kind](command, path, chance)
            outcome = "rejected" if self._errors else "accepted"
        except _OutOfMemoryError as error:
            outcome = "memory"
            self._said.append(str(error))
        except Exception:  # noqa: BLE001  # which is what is looked for
            outcome = "traceback"
            self._said.append(traceback.format_exc())
        if self._unplaced and outcome == "rejected":
            outcome = "unplaced"
            self._said = self._unplaced
        after = peak_kib()
        if after - before > GROWTH_KIB and outcome in ("accepted", "rejected"):
            outcome = "memory"
            self._said.append(f"took {(after - before) // 1024} MiB more")
        shutil.rmtree(self.folder / "run", ignore_errors=True)
        errors = tuple(type(error).__name__ for error in self._errors)
        seconds = cpu_seconds() - begin
        return Result(outcome, "\n".join(self._said)[-6000:], errors, seconds, after)

    def write(self, case: str) -> Path:
        """The file with the input of a case."""
        kind, rng = case.partition(":")[0], self._chance(case, "write")
        name, seeds = f"fuzzed-{kind}.yaml", self.seeds
        match kind:
            case "net":
                content = inputs.yaml_input(rng, seeds.nets)
            case "solver":
                content = inputs.yaml_input(rng, seeds.solvers)
            case "snapshot":
                name, content = "fuzzed.h5", inputs.snapshot_input(rng, seeds.run)
            case "forged":
                name, content = "fuzzed.h5", inputs.forged_input(rng, seeds.run)
            case "run":
                text = rng.choice((seeds.run["statistics.jsonl"], seeds.run["run.json"]))
                name, content = "fuzzed.jsonl", inputs.run_input(rng, text)
            case kind if kind in MODEL_FILES:
                name, content = MODEL_FILES[kind], model_input(rng, kind, self.models[kind])
            case _:
                name, make = inputs.DATA_FILES[kind]
                content = make(rng)
        path = self.folder / name
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        return path

    def _chance(self, case: str, purpose: str) -> Random:
        return Random(f"{self.seed}/{case}/{purpose}")  # noqa: S311  # no secret

    def _run_command(self, path: Path, kind: str) -> Callable[..., bool]:
        def run(function: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
            out = io.TextIOWrapper(io.BytesIO(), "utf-8", "strict")
            err = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
            n_errors = len(self._errors)
            code = 0
            with redirect_stdout(out), redirect_stderr(err):
                try:
                    function(*args, **kwargs)
                except typer.Exit as stop:
                    code = stop.exit_code
            said = _text(out) + _text(err)
            self._said.append(said)
            if "Traceback (most recent call last)" in said or "Exception ignored in" in said:
                raise RuntimeError(f"printed:\n{said}")
            if code and len(self._errors) == n_errors:
                raise _OutOfMemoryError(said)
            for error in self._errors[n_errors:]:
                self._unplaced += _unplaced(error, kind, path, said)
            return not code

        return run

    def _report(self, error: GraphnetError) -> None:
        self._errors.append(error)
        _REPORT(error)

    def _sound_run(self) -> dict[str, bytes]:
        """The files that a small run leaves."""
        os.chdir(self.folder)
        np.save("rows.npy", np.ones((3, 2), np.float32))
        command = ["solve", "tiny.yaml", "--solver", "tiny-solver.yaml", "--exp-dir", "whole"]
        if main([*command, "--quiet", "--offline", "--backend", "numpy", "--threads", "1"]):
            raise RuntimeError("the run whose files are mutated has failed")
        whole = self.folder / "whole"
        snapshot = (whole / "snapshots" / "snapshot-000002.h5").read_bytes()
        (self.folder / "whole.h5").write_bytes(snapshot)
        statistics = (whole / "statistics.jsonl").read_bytes()
        record = json.loads((whole / "run.json").read_bytes())
        timeless = json.dumps({"data": record["data"], "starts": []}).encode()
        return {"snapshot": snapshot, "statistics.jsonl": statistics, "run.json": timeless}


class _OutOfMemoryError(Exception):
    """A command said that there is not enough memory."""


_REPORT = app.report
_SNAPSHOT = "snapshot-000002.h5"
#: Mistakes in the options and keys given, which the input can make such.
_OPTIONS = ("a test part of ", "rows '", " of the batch ")


def _unplaced(error: GraphnetError, kind: str, path: Path, said: str) -> list[str]:
    """Those of an error's problems that do not say where they are.

    A net's or a solver's says file, line and column; one of data, the file and what in it; one of
    a net that reads data, either.
    """
    if kind not in ("net", "solver"):
        names = [path.name, _SNAPSHOT, *(["sound.h5"] if kind == "listing" else [])]
        names += ["run/run.json"] if kind == "run" else []
        return [
            str(problem)
            for problem in error.problems
            if not any(name in said for name in names)
            and not (problem.position and not isinstance(error, DataError))
            and not any(option in problem.message for option in _OPTIONS)
        ]
    if isinstance(error, DivergedError):  # that is of the run, not of the file
        return []
    n_lines = path.read_bytes().count(b"\n") + 1
    return [
        str(problem)
        for problem in error.problems
        if problem.position is None
        or (
            Path(problem.position.file).name == path.name
            and not 0 < problem.position.line <= n_lines + 1
        )
    ]


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode("utf-8", "replace")  # type: ignore[attr-defined]


def cpu_seconds() -> float:
    """What this process has used of the processor."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_kib() -> int:
    """The most memory this process had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
