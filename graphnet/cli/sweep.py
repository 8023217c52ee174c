"""``graphnet sweep``: train a net with many settings, and say which did best."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from graphnet.backend.processors import n_processors
from graphnet.cli.given.net_and_solver import NetAndSolver, read_net_and_solver
from graphnet.cli.given.run_data import choose_data
from graphnet.cli.options import NetOptions
from graphnet.cli.output.summary import fallback_notice
from graphnet.cli.output.terminal import facts, notice, say, table
from graphnet.declare.overrides import Override, parse_override
from graphnet.draw.chart import number
from graphnet.errors import SpecError
from graphnet.files.bounds import current
from graphnet.files.paths import shown
from graphnet.runs.settings import short_keys
from graphnet.solver.direction import Mode, direction_of
from graphnet.tuning.optuna_study import Proposals
from graphnet.tuning.processes import OutOfBudgetError
from graphnet.tuning.space import (
    SweepAxis,
    TrialSettings,
    check_axes,
    drawn,
    grid,
    overrides_of,
    parse_axis,
    value_text,
)
from graphnet.tuning.sweep import Limits, Sweep, limits_of
from graphnet.tuning.sweep_folder import RESULTS, SweepFolder, Trial

Kind = Literal["grid", "random", "optuna"]
_N_TRIALS = 20
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
#: Rows of the table at the end; the file has all.
_MOST_ROWS = 20


@dataclass(frozen=True)
class SweepOptions:
    """What is swept, and how.

    Attributes:
        axes: By kind, what the options say.
        n_trials: How many are drawn or proposed; None for 20.
        key: The statistic that says which is best; None for the net's.
        mode: Whether it should be high; None: by its name.
        halving: One of so many is trained further; 0: all are.
        jobs: Processes at a time; None: one for each processor.
        budget: How long, such as ``10m``; None: until all is done.
        seed: Of what is drawn.
    """

    axes: Mapping[Kind, Sequence[str]]
    n_trials: int | None = None
    key: str | None = None
    mode: Mode | None = None
    halving: int = 0
    jobs: int | None = None
    budget: str | None = None
    seed: int = 0


def sweep(
    path: Path,
    solver_file: Path | None,
    sets: Sequence[str],
    folder: Path,
    asked: SweepOptions,
    options: NetOptions,
) -> None:
    """Run a sweep, or go on with the one that is in the folder.

    Raises:
        GraphnetError: If something in the files, the options or the folder is wrong.
    """
    kind, axes = _axes(asked)
    budget = None if asked.budget is None else _seconds(asked.budget)
    declared = _read(path, solver_file, sets, {}, options)
    key, mode = _measure(declared, asked)
    limits = _limits(declared, asked, axes)
    trials = _planned(kind, axes, asked)
    for settings in trials or [{axis.key: _example(axis) for axis in axes}]:
        _read(path, solver_file, sets, settings, options)
    notice(fallback_notice(choose_data(declared.net, offline=options.offline)), stderr=True)
    n_trials = len(trials) or asked.n_trials or _N_TRIALS
    jobs = min(asked.jobs or n_processors(), n_trials)
    about = {
        "net": str(path.absolute()),
        "solver": str(solver_file.absolute()) if solver_file else None,
        "set": list(sets),
        kind: list(asked.axes[kind]),
        "trials": n_trials,
        "key": key,
        "mode": mode,
        "halving": asked.halving,
        "seed": asked.seed,
    }
    grows = "" if kind == "grid" or asked.halving else "trials"
    message = {
        **{k: about[k] for k in ("net", "solver", "set")},
        "threads": options.threads or max(1, n_processors() // jobs),
        "backend": options.backend,
        "offline": options.offline,
        "user_code": options.user_code,
        "untrusted": current() is not None,
        "memory_limit": options.memory_limit,
    }
    with SweepFolder(folder, about, grows) as opened:
        deadline = None if budget is None else time.monotonic() + budget
        made = Sweep(opened, key, mode, message, jobs, deadline)
        made.tell = lambda trial: _say_trial(trial, key, n_trials)
        if opened.trials:
            say(f"going on: {len(opened.trials)} of {n_trials} trials are there")
        try:
            if kind == "optuna":
                _propose(made, Proposals(opened.path, axes, mode, asked.seed), n_trials)
            else:
                made.run(dict(enumerate(trials)), limits)
        except OutOfBudgetError:
            say("the budget is used up; the same command goes on")
        opened.write_results(key)
        _say_end(made)
        made.check_settled()


def _propose(made: Sweep, proposals: Proposals, n_trials: int) -> None:
    """Run what Optuna proposes."""
    for batch in proposals.batches(n_trials):
        made.run(batch)
        if made.unsettled:
            return
        proposals.tell([made.folder.trials[number] for number in batch], made.key)


# --- what is asked for ------------------------------------------------------------------


def _axes(asked: SweepOptions) -> tuple[Kind, list[SweepAxis]]:
    given = [kind for kind, texts in asked.axes.items() if texts]
    if len(given) != 1:
        found = "none" if not given else " and ".join(f"--{kind}" for kind in given)
        raise SpecError(
            f"sweep: expected one of --grid, --random and --optuna, found {found}\n"
            "  such as --grid lr_policy.base_lr=0.1,0.01; each may be given several times"
        )
    kind = given[0]
    option = f"--{kind}"
    axes = [parse_axis(option, text, ranges=kind != "grid") for text in asked.axes[kind]]
    check_axes(axes, option)
    if kind == "grid" and asked.n_trials is not None:
        raise SpecError(
            "--trials: a grid has as many trials as it has combinations\n  leave it out"
        )
    if kind == "optuna" and asked.halving:
        raise SpecError("--halving: Optuna's trials run to their end\n  use it with --random")
    return kind, axes


def _planned(kind: Kind, axes: Sequence[SweepAxis], asked: SweepOptions) -> list[TrialSettings]:
    """The settings of all trials; none where they depend on what the first ones come to."""
    if kind == "grid":
        return grid(axes)
    if kind == "random":
        return drawn(axes, asked.n_trials or _N_TRIALS, asked.seed)
    return []


def _example(axis: SweepAxis) -> Any:
    return axis.values[0] if axis.values else axis.low


def _read(
    path: Path,
    solver_file: Path | None,
    sets: Iterable[str],
    settings: TrialSettings,
    options: NetOptions,
) -> NetAndSolver:
    """The net and its solver with these settings, seen to be right.

    Raises:
        SpecError: Naming the setting that is not.
    """
    overrides: list[Override] = [*map(parse_override, sets), *overrides_of(settings)]
    declared = read_net_and_solver(
        path, overrides, solver_file=solver_file, user_code=options.user_code
    )
    if declared.solver is None:
        raise SpecError(
            "the net names no solver\n  write 'solver: FILE' at its top, or give --solver FILE",
            declared.net.position,
        )
    return declared


def _measure(declared: NetAndSolver, asked: SweepOptions) -> tuple[str, Mode]:
    """The statistic that trials are compared by, and which way it gets better."""
    key = asked.key
    solver = declared.solver
    if key is None:
        known = declared.net.statistic_keys("test") or []
        if solver is None or not solver.validates or not known:
            raise SpecError(
                "sweep: the solver measures nothing that trials could be compared by\n"
                "  add {type: ValidationPerformance, every_n_epoch: 1} to its coffee_breaks, or"
                " name a statistic: --key obj_val --mode min"
            )
        higher = [k for k in known if "loss" not in k and "error" not in k]
        key = (higher or known)[0]
    return key, direction_of(key, asked.mode)


def _limits(
    declared: NetAndSolver, asked: SweepOptions, axes: Sequence[SweepAxis]
) -> Sequence[Limits]:
    if not asked.halving or declared.solver is None:
        return ({},)
    spec = declared.solver.spec
    length = {
        key: value
        for key, value in (("max_iter", spec.max_iter), ("max_epoch", spec.max_epoch))
        if value
    }
    swept = [axis.key for axis in axes if axis.key in ("max_iter", "max_epoch")]
    if swept:
        raise SpecError(f"--halving: it chooses '{swept[0]}' itself\n  do not sweep it")
    return limits_of(length, asked.halving)


def _seconds(text: str) -> float:
    found = re.fullmatch(r"([\d.]+)\s*([smhd]?)", text.strip())
    try:
        if found:
            return float(found[1]) * _SECONDS[found[2]]
    except ValueError:
        pass
    raise SpecError(f"--budget {text}: expected a time such as 90s, 10m or 2h")


# --- what is said -----------------------------------------------------------------------


def _say_trial(trial: Trial, key: str, n_trials: int) -> None:
    last = trial.rungs[-1]
    settings = " ".join(f"{k}={value_text(v)}" for k, v in trial.settings.items())
    found = last.best.get(key)
    came = last.outcome.partition("\n")[0]
    if found is not None and not trial.failed:
        came = f"{key} {number(found[0])} at iteration {found[1]:,}"
    say(f"trial {trial.number} of {n_trials}: {settings}: {came}")


def _say_end(made: Sweep) -> None:
    """The best trials, and where everything is."""
    ranked = made.ranked()
    if not ranked:
        say("no trial has ended yet")
        return
    keys = list(ranked[0].settings)
    short = short_keys(keys)
    say()
    columns = [">trial", *(f">{short[key]}" for key in keys), ">iter", f">{made.key}", ">at"]
    table([*columns, "outcome"], [_row(trial, keys, made.key) for trial in ranked[:_MOST_ROWS]])
    if len(ranked) > _MOST_ROWS:
        say(f"… and {len(ranked) - _MOST_ROWS} more in the file")
    say()
    folder, best = made.folder, ranked[0]
    lines = []
    if best.value(made.key) is not None:
        chosen = " ".join(
            f"--set {shlex.quote(f'{k}={value_text(v)}')}" for k, v in best.settings.items()
        )
        lines += [("best", chosen), ("its run", str(shown(folder.run_folder(best.number))))]
    facts([*lines, ("table", str(shown(folder.path / RESULTS)))])


def _row(trial: Trial, keys: Sequence[str], key: str) -> list[str]:
    last = trial.rungs[-1]
    value, at = last.best.get(key, (None, 0))
    shown_value = ("-", "-") if value is None else (number(value), f"{at:,}")
    settings = [value_text(trial.settings[k]) for k in keys]
    outcome = last.outcome.partition("\n")[0]
    return [str(trial.number), *settings, f"{last.iter:,}", *shown_value, outcome]
