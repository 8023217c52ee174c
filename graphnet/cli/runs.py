"""``graphnet runs``: which runs there are, in what they differ, and removing them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from math import isfinite, nan
from pathlib import Path
from typing import Any, TypeAlias

from graphnet.cli.output.terminal import say, say_json, seconds_text, table
from graphnet.errors import SpecError, did_you_mean, one_of
from graphnet.files.paths import shown
from graphnet.runs.found import FoundRun, find_runs, read_run
from graphnet.runs.names import folder_names
from graphnet.runs.remove import remove_run
from graphnet.runs.settings import differences, short_keys, value_text

_CONDITION = re.compile(r"([^=<>!]+)(=|!=|<=|>=|<|>)(.*)")
#: A run, and what is known of it by key.
Row: TypeAlias = tuple[FoundRun, dict[str, Any]]
_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}
#: Columns of settings that a table has at most, and of statistics.
_MOST_SETTINGS, _MOST_BEST = 4, 3


def list_runs(
    folder: Path, conditions: Sequence[str], sort: str | None, *, everything: bool, as_json: bool
) -> None:
    """Print the runs below a folder.

    Args:
        folder: Where they are looked for.
        conditions: ``KEY=VALUE``, ``accuracy>0.98``: only those that meet all.
        sort: By what; a minus before it turns the order round. Default: by path.
        everything: Those set aside, too.
        as_json: As JSON instead of a table.

    Raises:
        SpecError: If there is no such folder, or a condition cannot be understood.
    """
    runs = [run for run in find_runs(folder) if everything or not run.is_aside]
    tests = [(text, *_condition(text)) for text in conditions]
    rows = [(run, _facts(run)) for run in runs]
    for text, key, _ in tests:
        _check_known(f"--filter {text}", key, rows)
    rows = [row for row in rows if all(test(row[1]) for *_, test in tests)]
    if sort is not None:
        rows = _sorted(rows, sort)
    if as_json:
        say_json(json.dumps([_as_dict(run) for run, _ in rows], indent=2, ensure_ascii=False))
        return
    if not rows:
        where = shown(folder.absolute())
        say(f"no run in {where}" if not runs else f"none of the {len(runs)} runs meets that")
        return
    _print_table([run for run, _ in rows], folder)


def diff(one: Path, other: Path, *, as_json: bool) -> None:
    """Print in what two runs differ: settings, and what they reached.

    Raises:
        SpecError: If one is no run.
    """
    runs = [read_run(one), read_run(other)]
    settings = differences([run.settings for run in runs])
    figures = {
        key: [run.best.get(key, (nan, 0))[0] for run in runs]
        for key in dict.fromkeys(key for run in runs for key in run.best)
    }
    if as_json:
        found = {
            "settings": settings,
            "best": {k: [_number(v) for v in vs] for k, vs in figures.items()},
        }
        say_json(json.dumps(found, indent=2, ensure_ascii=False))
        return
    names = [str(shown(run.path.absolute())) for run in runs]
    columns = ["", *(f">{name}" for name in names)]
    rows = [(key, *map(value_text, values)) for key, values in settings.items()]
    rows += [("iter", *(f"{run.iter:,}" for run in runs))]
    rows += [(f"best {key}", *map(_figure, values)) for key, values in figures.items()]
    rows += [("ended", *(run.ended for run in runs))]
    if not settings:
        say("the two were declared alike")
    short = short_keys(list(settings))
    narrow = ["", *folder_names(runs)], [[short.get(row[0], row[0]), *row[1:]] for row in rows]
    table(columns, rows, narrow=narrow)


def remove(folders: Sequence[Path], *, set_aside: bool) -> None:
    """Remove runs, or those that were set aside in folders.

    Raises:
        GraphnetError: If one is going on, is no run, or cannot be removed.
    """
    runs = (
        [run for folder in folders for run in find_runs(folder) if run.is_aside]
        if set_aside
        else [read_run(folder) for folder in folders]
    )
    for run in runs:
        left = remove_run(run.path)
        where = shown(run.path.absolute())
        say(f"removed: {where}" + (f", except for {', '.join(left)}" if left else ""))
    if not runs:
        say("there is no run that was set aside")


# --- what is known of a run -------------------------------------------------------------


def _facts(run: FoundRun) -> dict[str, Any]:
    """By what runs are chosen and sorted."""
    best = {key: value for key, (value, _) in run.best.items()}
    own = {"path": str(run.path), "net": run.net, "iter": run.iter, "started": run.started}
    return {**run.settings, **best, **own, "ended": run.ended, "seconds": run.seconds}


def _as_dict(run: FoundRun) -> dict[str, Any]:
    return {
        "path": str(run.path),
        "net": run.net,
        "data": run.data,
        "iter": run.iter,
        "best": {k: {"value": _number(v), "iter": i} for k, (v, i) in run.best.items()},
        "started": run.started,
        "ended": run.ended,
        "seconds": run.seconds,
        "settings": dict(run.settings),
    }


def _number(value: float) -> float | str:
    """JSON has no number that is not finite."""
    return value if isfinite(value) else str(value)


def _value_of(facts: dict[str, Any], key: str) -> Any:
    """Of a key, or of the only one that ends in it; None if there is none."""
    if key in facts:
        return facts[key]
    found = [k for k in facts if k.endswith(f".{key}")]
    return facts[found[0]] if len(found) == 1 else None


def _check_known(option: str, key: str, rows: Sequence[Row]) -> None:
    """See that one run at least has a key.

    Raises:
        SpecError: If none has.
    """
    if rows and all(_value_of(facts, key) is None for _, facts in rows):
        keys = sorted({k for _, facts in rows for k in facts if "." not in k})
        raise SpecError(f"{option}: no run has '{key}'{did_you_mean(key, keys) or one_of(keys)}")


def _condition(text: str) -> tuple[str, Callable[[dict[str, Any]], bool]]:
    """The key and the test of ``base_lr=0.1`` or ``accuracy>0.98``.

    Raises:
        SpecError: If it is none.
    """
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise SpecError(
            f"--filter {text}: expected a key, one of {', '.join(_TESTS)}, and a value\n"
            "  such as base_lr=0.1, 'accuracy>0.98' or net=mnist"
        )
    key, sign, wanted = found[1].strip(), found[2], found[3].strip()

    def test(facts: dict[str, Any]) -> bool:
        value = _value_of(facts, key)
        if value is None:
            return False
        try:
            return _TESTS[sign](float(value), float(wanted))
        except (TypeError, ValueError):
            return _TESTS[sign](str(value), wanted)

    return key, test


def _sorted(rows: list[Row], by: str) -> list[Row]:
    """By a key; those that do not have it come last."""
    key, backward = by.removeprefix("-"), by.startswith("-")
    _check_known(f"--sort {by}", key, rows)
    known = [row for row in rows if _value_of(row[1], key) is not None]
    numbers = all(isinstance(_value_of(facts, key), int | float) for _, facts in known)
    known.sort(
        key=lambda row: _value_of(row[1], key) if numbers else str(_value_of(row[1], key)),
        reverse=backward,
    )
    return [*known, *(row for row in rows if row not in known)]


# --- the table --------------------------------------------------------------------------


def _print_table(runs: Sequence[FoundRun], folder: Path) -> None:
    settings = differences([run.settings for run in runs]) if len(runs) > 1 else {}
    differing = list(settings)[:_MOST_SETTINGS] if len(settings) <= 2 * _MOST_SETTINGS else []
    short = short_keys(differing)
    best = [k for k in dict.fromkeys(k for run in runs for k in run.best) if k != "obj_val"]
    best = sorted(best, key=lambda k: "loss" in k)[:_MOST_BEST]
    many_nets = len({run.net for run in runs}) > 1
    columns = ["run", *(["net"] if many_nets else []), *(f">{short[key]}" for key in differing)]
    columns += [">iter", *(f">best {key}" for key in best), ">took", "ended"]
    rows = []
    for i, run in enumerate(runs):
        row = [_name(run, folder), *([run.net] if many_nets else [])]
        row += [value_text(settings[key][i]) for key in differing]
        row += [f"{run.iter:,}"]
        row += [_figure(run.best[key][0]) if key in run.best else "-" for key in best]
        rows.append([*row, seconds_text(run.seconds), run.ended.partition("\n")[0]])
    less = [*(f"best {key}" for key in best[:0:-1]), *(short[key] for key in reversed(differing))]
    table(columns, rows, leave_out=["took", *less, "ended", "net"])


def _name(run: FoundRun, folder: Path) -> str:
    relative = run.path.relative_to(folder) if run.path.is_relative_to(folder) else run.path
    return str(relative) if str(relative) != "." else run.path.absolute().name


def _figure(value: float) -> str:
    return f"{value:.4g}"
