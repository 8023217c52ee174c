"""The directory of a sweep: what was asked for, what each trial came to, the table of all.

    sweep.json           what is tried; another sweep in the same directory is refused
    runs/0003            the run of a trial, with its snapshots
    trials/0003.json     what it came to, written when it has ended
    results.csv          all trials that have ended, by number
    lock                 held while a sweep goes on

Every file is written whole or not at all. What is not in ``trials`` is done again, from the last
snapshot of its run, so that a sweep that was killed goes on to the same table.
"""

from __future__ import annotations

import csv
import io
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from graphnet.errors import SnapshotError, SpecError
from graphnet.files.paths import shown
from graphnet.files.writing import UNFINISHED, Advice, explained, write_durably
from graphnet.tuning.space import TrialSettings, value_text

DECLARED, RESULTS, TRIALS, RUNS, LOCK = "sweep.json", "results.csv", "trials", "runs", "lock"
_ADVICE = Advice(SnapshotError)
#: Processes of a sweep that was killed save their runs and end; they hold its lock so long.
_PATIENCE_S = 15.0
_OWN = (DECLARED, RESULTS, TRIALS, RUNS, LOCK, "optuna.journal", "optuna.journal.lock")


@dataclass(frozen=True)
class Rung:
    """What a trial had come to at one of its ends.

    Attributes:
        outcome: ``finished``, why it stopped, or why it failed.
        iter: Updates done.
        best: The best value of each statistic and its iteration; not finite ones are left out.
    """

    outcome: str
    iter: int
    best: Mapping[str, tuple[float, int]]


@dataclass
class Trial:
    """A trial that has ended at least once.

    Attributes:
        number: From 0.
        settings: What was tried.
        rungs: Its ends, in order; more than one where it was promoted.
        failed: Whether it ended by an error.
    """

    number: int
    settings: TrialSettings
    rungs: list[Rung] = field(default_factory=list)
    failed: bool = False

    def value(self, key: str, rung: int = -1) -> float | None:
        """The best value of a statistic; None where there is none."""
        if not self.rungs or self.failed:
            return None
        found = self.rungs[rung].best.get(key)
        return None if found is None else found[0]


class SweepFolder:
    """A sweep's directory, locked until :meth:`close`.

    Attributes:
        path: The directory.
        trials: Those that have ended, by number.

    Args:
        path: The directory; it is made if it is not there.
        declared: What is tried.
        may_grow: A key of ``declared`` that may be larger than it was.

    Raises:
        SpecError: If another sweep is there, or files that no sweep has made.
        SnapshotError: If a sweep is going on there, or it cannot be written to.
    """

    def __init__(self, path: Path, declared: Mapping[str, Any], may_grow: str = "") -> None:
        self.path = path.absolute()
        self.trials: dict[int, Trial] = {}
        self._lock: int | None = None
        try:
            with explained(self.path, _ADVICE):
                self.path.mkdir(parents=True, exist_ok=True)
                self._refuse_foreign()
                self._take_lock()
                for name in (TRIALS, RUNS):
                    (self.path / name).mkdir(exist_ok=True)
                self._clear()
            self._declare(declared, may_grow)
            self._read()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let others use it."""
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    @property
    def held(self) -> tuple[int, ...]:
        """What keeps the directory locked; processes that inherit it keep it locked as well."""
        return () if self._lock is None or os.name == "nt" else (self._lock,)

    def run_folder(self, number: int) -> Path:
        """The directory of a trial's run."""
        return self.path / RUNS / f"{number:04}"

    # --- what is there ------------------------------------------------------------------

    def _refuse_foreign(self) -> None:
        names = sorted(os.listdir(self.path))  # noqa: PTH208  # names alone
        foreign = [n for n in names if n not in _OWN and not n.endswith(UNFINISHED)]
        if DECLARED not in names and foreign:
            raise SpecError(
                f"{shown(self.path)}: has files that no sweep has made, such as '{foreign[0]}'\n"
                "  choose another directory: -o DIR"
            )

    def _take_lock(self) -> None:
        self._lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            import fcntl
        except ImportError:  # a system without such locks
            return
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < until:  # the processes of one that was killed
                    time.sleep(0.05)
                    continue
                raise SnapshotError(
                    f"{shown(self.path)}: a sweep is going on there\n"
                    "  wait for it, stop it, or choose another directory: -o DIR"
                ) from None
            return

    def _clear(self) -> None:
        """Remove what a kill left half-written, and the lock of an Optuna that is no more."""
        left = [self.path / name for name in (DECLARED, RESULTS)]
        files = [f for one in left for f in self.path.glob(f"{one.name}.*{UNFINISHED}")]
        files += (self.path / TRIALS).glob(f"*.json.*{UNFINISHED}")
        files.append(self.path / "optuna.journal.lock")
        for file in files:
            with suppress(OSError):
                file.unlink()

    def _declare(self, declared: Mapping[str, Any], may_grow: str) -> None:
        file = self.path / DECLARED
        if file.exists():
            before = _read_json(file)
            for key in dict.fromkeys([*before, *declared]):
                was, now = before.get(key), declared.get(key)
                both = key == may_grow and isinstance(was, int) and isinstance(now, int)
                if was != now and not (both and int(now or 0) >= int(was or 0)):
                    raise SpecError(
                        f"{shown(self.path)}: holds another sweep: its {key} is"
                        f" {json.dumps(was, ensure_ascii=False)}, and here it is"
                        f" {json.dumps(now, ensure_ascii=False)}\n"
                        "  choose another directory: -o DIR"
                    )
            if before == declared:
                return
        write_durably(file, _json(declared), _ADVICE)

    def _read(self) -> None:
        for file in sorted((self.path / TRIALS).glob("*.json")):
            if file.stem.isdecimal():
                found = _read_json(file)
                try:
                    rungs = [
                        Rung(
                            r["outcome"], r["iter"], {k: (v, i) for k, (v, i) in r["best"].items()}
                        )
                        for r in found["rungs"]
                    ]
                    trial = Trial(found["number"], found["settings"], rungs, found["failed"])
                except (KeyError, TypeError, ValueError, AttributeError):
                    raise SpecError(f"{shown(file)}: was not written by a sweep") from None
                self.trials[trial.number] = trial

    # --- what is written ----------------------------------------------------------------

    def record(self, number: int, settings: TrialSettings, rung: Rung, *, failed: bool) -> Trial:
        """Keep what a trial has come to, on the disk.

        Raises:
            SnapshotError: If it cannot be written.
        """
        before = self.trials.get(number)
        rungs = [*(before.rungs if before else ()), rung]
        trial = Trial(number, settings, rungs, failed)
        write_durably(self.path / TRIALS / f"{number:04}.json", _json(asdict(trial)), _ADVICE)
        self.trials[number] = trial
        return trial

    def write_results(self, key: str) -> Path:
        """Write the table of all trials that have ended.

        Args:
            key: The statistic that stands first.

        Raises:
            SnapshotError: If it cannot be written.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        ordered = [self.trials[number] for number in sorted(self.trials)]
        settings = list(dict.fromkeys(k for trial in ordered for k in trial.settings))
        best = {k for trial in ordered for rung in trial.rungs[-1:] for k in rung.best}
        keys = [key, *sorted(best - {key})]
        writer.writerow(["trial", *settings, "outcome", "iter", key, f"{key} at", *keys[1:]])
        writer.writerows(_row(trial, settings, keys) for trial in ordered)
        path = self.path / RESULTS
        write_durably(path, text.getvalue().encode(), _ADVICE)
        return path


def _row(trial: Trial, settings: Sequence[str], keys: Iterable[str]) -> list[str]:
    last = trial.rungs[-1]
    (value, at), *others = (last.best.get(key, ("", "")) for key in keys)
    return [
        str(trial.number),
        *(value_text(trial.settings[k]) if k in trial.settings else "" for k in settings),
        last.outcome.partition("\n")[0],
        str(last.iter),
        *("" if trial.failed else str(number) for number in (value, at)),
        *("" if trial.failed else str(other) for other, _ in others),
    ]


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def _read_json(file: Path) -> dict[str, Any]:
    found: Any = None
    with suppress(OSError, ValueError):
        found = json.loads(file.read_text("utf-8"))
    if not isinstance(found, dict):
        raise SpecError(f"{shown(file)}: was not written by a sweep")
    return found
