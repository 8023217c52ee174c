"""The curves of runs: what each measured, over iterations, epochs or time, in panels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import exp, isfinite
from typing import Any, Literal, TypeAlias

from graphnet.draw.chart import Panel, Series, chart
from graphnet.draw.shapes import Picture
from graphnet.errors import SpecError, did_you_mean, one_of
from graphnet.runs.found import PACE, FoundRun
from graphnet.runs.settings import differences, short_keys, value_text

Over: TypeAlias = Literal["iter", "epoch", "time"]
Points: TypeAlias = list[tuple[float, float]]

X_TITLES: Mapping[Over, str] = {"iter": "iteration", "epoch": "epoch", "time": "seconds"}
#: More points than a picture has pixels are of no use.
MOST_POINTS = 1500
#: The smoothed line follows the raw one over this part of its length.
SMOOTHING = 0.03
#: Settings that a legend tells at most.
_MOST_SETTINGS = 3
_TRAINING = ("obj_val",)


def picture_of(
    runs: Sequence[FoundRun], over: Over = "iter", keys: Sequence[str] = (), *, log: bool = True
) -> Picture:
    """The curves of one run or several as a picture.

    Args:
        runs: Each is a colour.
        over: What x is.
        keys: The statistics that are shown, a panel each. Default: the losses in one panel, each
            other statistic that was validated in one of its own, and the learning rate.
        log: Whether an axis whose values differ widely is logarithmic.

    Raises:
        SpecError: If no run has recorded one of the keys, or nothing tells of epochs.
    """
    names = labels(runs)
    title = runs[0].net if len({run.net for run in runs}) == 1 else "runs"
    if len(runs) == 1:
        title = f"{title}   {runs[0].path.name}"
    shown = keys or default_keys(runs)
    check_keys("no run has", runs, shown)
    panels = []
    losses = [key for key in shown if is_loss(key)]
    if losses and not keys:
        both = len(runs) > 1 and len(losses) > 1 and _TRAINING[0] in losses
        name = "loss (faint: while training)" if both else "loss"
        panels.append(_panel(name, runs, names, losses, over))
        shown = [key for key in shown if key not in losses]
    panels += [_panel(key, runs, names, [key], over) for key in shown]
    return chart(title, panels, X_TITLES[over], may_be_log=log)


def default_keys(runs: Sequence[FoundRun]) -> list[str]:
    """Losses first, then what was validated, then the learning rate."""
    known = list(dict.fromkeys(key for run in runs for key in run.statistics))
    validated = [k for k in known if not k.startswith("train.") and k not in PACE]
    losses = [k for k in validated if is_loss(k)]
    return [*losses, *(k for k in validated if k not in losses), *(["lr"] if "lr" in known else [])]


def is_loss(key: str) -> bool:
    """Whether a statistic is one that training makes small."""
    return key in _TRAINING or "loss" in key.lower()


def check_keys(subject: str, runs: Sequence[FoundRun], keys: Sequence[str]) -> None:
    """See that each key was recorded by one of the runs.

    Raises:
        SpecError: Otherwise; its message begins with ``subject``.
    """
    known = sorted({key for run in runs for key in run.statistics})
    for key in keys:
        if key not in known:
            hint = did_you_mean(key, known) or (one_of(known) if known else "")
            if "," in key:
                hint = "\n  write " + " ".join(f"--key {part.strip()}" for part in key.split(","))
            raise SpecError(f"{subject} recorded '{key}'{hint}")


def labels(runs: Sequence[FoundRun]) -> list[str]:
    """What tells each run from the others: the settings that differ, else its directory."""
    different = differences([run.settings for run in runs])
    if len(runs) == 1 or not different or len(different) > _MOST_SETTINGS:
        return folder_names(runs)
    short = short_keys(list(different))
    found = [
        ", ".join(f"{short[key]} {value_text(values[i])}" for key, values in different.items())
        for i in range(len(runs))
    ]
    return found if len(set(found)) == len(runs) else folder_names(runs)


def folder_names(runs: Sequence[FoundRun]) -> list[str]:
    """The directories by as few of their last parts as tell them apart."""
    for n in range(1, max(len(run.path.parts) for run in runs) + 1):
        found = ["/".join(run.path.parts[-n:]) for run in runs]
        if len(set(found)) == len(found):
            return found
    return [str(run.path) for run in runs]


def _panel(
    title: str, runs: Sequence[FoundRun], names: Sequence[str], keys: Sequence[str], over: Over
) -> Panel:
    series: list[Series] = []
    for i, (run, name) in enumerate(zip(runs, names, strict=True)):
        x_of = _x_of(run, over)
        for key in keys:
            points = [
                (x, value)
                for at, value in sorted(run.statistics.get(key, {}).items())
                if (x := x_of(at)) is not None
            ]
            colour = i if len(runs) > 1 else keys.index(key)
            label = name if len(runs) > 1 else key if len(keys) > 1 else ""
            only_faint = len(runs) > 1 and len(keys) > 1 and key in _TRAINING
            if only_faint:
                series.append(Series("", smoothed(thinned(points)), colour, is_faint=True))
            else:
                series += _lines(label, points, colour, is_raw=key in _TRAINING)
    return Panel(title, series, 90.0 if title == "lr" else 190.0)


def _lines(label: str, points: Points, colour: int, *, is_raw: bool) -> list[Series]:
    """A validated statistic with its points; of a training loss the raw line and a smooth one."""
    points = thinned(points)
    if not is_raw:
        return [Series(label, points, colour, has_dots=len(points) <= 40)]  # noqa: PLR2004
    if len(points) < 20:  # noqa: PLR2004  # smooth enough as they are
        return [Series(label, points, colour)]
    return [Series("", points, colour, is_faint=True), Series(label, smoothed(points), colour)]


def thinned(points: Points) -> Points:
    """At most :data:`MOST_POINTS` of them: in each stretch the least and the greatest value."""
    if len(points) <= MOST_POINTS:
        return points
    found: Points = []
    n = MOST_POINTS // 2
    for i in range(n):
        piece = points[len(points) * i // n : len(points) * (i + 1) // n]
        finite = [p for p in piece if isfinite(p[1])] or piece[:1]
        found += sorted({min(finite, key=lambda p: p[1]), max(finite, key=lambda p: p[1])})
    return found


def smoothed(points: Points) -> Points:
    """An exponential moving mean over a part of the curve, that begins without a bias."""
    span = max(2.0, SMOOTHING * len(points))
    keep = exp(-1 / span)
    total = weight = 0.0
    found: Points = []
    for x, y in points:
        if isfinite(y):
            total, weight = keep * total + y, keep * weight + 1
        found.append((x, total / weight if weight and isfinite(y) else y))
    return found


# --- what x is --------------------------------------------------------------------------


def _x_of(run: FoundRun, over: Over) -> Callable[[int], float | None]:
    """From an iteration to x; None where that is not known."""
    if over == "iter":
        return float
    if over == "epoch":
        return _interpolated(_epochs(run))
    return _interpolated(seconds_by_iteration(run.starts))


def _epochs(run: FoundRun) -> Points:
    found = sorted(run.statistics.get("epoch", {}).items())
    if not found:
        raise SpecError(
            f"{run.path.name}: it has recorded no statistic 'epoch'\n"
            "  write --over iter; a coffee break TrainingSummary records it"
        )
    return [(0.0, 0.0), *((float(i), e) for i, e in found)]


def seconds_by_iteration(starts: Sequence[Mapping[str, Any]]) -> Points:
    """How long the run had been going at its starts and ends; the time between them left out."""
    found: Points = []
    passed = 0.0
    for start in starts:
        try:
            first, last = float(start["from_iter"]), float(start["to_iter"])
            seconds = float(start["seconds"])
        except (KeyError, TypeError, ValueError):  # still going on, or killed
            continue
        found += [(first, passed), (last, passed + seconds)]
        passed += seconds
    return found


def _interpolated(known: Points) -> Callable[[int], float | None]:
    """Straight between what is known; nothing beyond it."""

    def at(iteration: int) -> float | None:
        for (i0, x0), (i1, x1) in pairwise(known):
            if i0 <= iteration <= i1:
                return x0 if i1 == i0 else x0 + (x1 - x0) * (iteration - i0) / (i1 - i0)
        return None

    return at
