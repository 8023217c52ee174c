"""``graphnet plot``: the curves of runs, as a picture or in characters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import sleep

from graphnet.cli.output.terminal import console, say
from graphnet.draw.png import png
from graphnet.draw.shapes import Picture
from graphnet.draw.svg import svg
from graphnet.errors import GraphnetError, SpecError, one_of
from graphnet.files.paths import refuse_to_write_over, shown
from graphnet.files.writing import Advice, write_durably
from graphnet.runs.curves import Over, check_keys, default_keys, picture_of
from graphnet.runs.found import FoundRun, find_runs
from graphnet.runs.names import labels
from graphnet.runs.text_chart import text_chart
from graphnet.solver.record.claim import STATISTICS

_WRITERS: Mapping[str, Callable[[Picture], str | bytes]] = {".png": png, ".svg": svg}
_ADVICE = Advice(GraphnetError)
#: Charts in characters are no wider, nor higher.
_WIDEST, _LINES = 100, 9


def plot(
    folders: Sequence[Path],
    output: Path | None,
    over: Over,
    keys: Sequence[str],
    *,
    linear: bool = False,
    watch: float | None = None,
) -> None:
    """Draw the curves of runs.

    Args:
        folders: Runs, or folders that runs are in.
        output: The picture's file; None to print charts in characters.
        over: What x is.
        keys: The statistics shown; none for the usual ones.
        linear: Whether no axis is logarithmic.
        watch: Do it again after so many seconds, until every run has ended.

    Raises:
        GraphnetError: If there is no run, or the file cannot be written.
    """
    if output is not None and output.suffix not in _WRITERS:
        raise SpecError(
            f"{output}: the name says no kind of picture that is drawn{one_of(sorted(_WRITERS))}"
        )
    while True:
        runs = read_runs(folders)
        if output is None:
            _print(runs, keys)
        else:
            _write(runs, output, over, keys, linear=linear)
        if watch is None or all(run.starts and run.starts[-1].get("outcome") for run in runs):
            return
        sleep(watch)


def read_runs(folders: Sequence[Path]) -> list[FoundRun]:
    """The runs that are meant: those named, and those in the folders named.

    Those set aside are left out, unless they are named.

    Raises:
        SpecError: If there is none.
    """
    runs: dict[Path, FoundRun] = {}
    for folder in folders:
        found = find_runs(folder)
        own = [run for run in found if not run.is_aside or run.path == folder]
        if not own:
            raise SpecError(
                f"{shown(folder)}: there is no run in it\n"
                "  give a run's directory, the exp_dir of its solver"
            )
        runs |= {run.path.absolute(): run for run in own}
    return list(runs.values())


def _write(
    runs: Sequence[FoundRun], output: Path, over: Over, keys: Sequence[str], *, linear: bool
) -> None:
    needed = {f"what run {run.path.name} has measured": run.path / STATISTICS for run in runs}
    refuse_to_write_over(output, needed)
    content = _WRITERS[output.suffix](picture_of(runs, over, keys, log=not linear))
    write_durably(output, content if isinstance(content, bytes) else content.encode(), _ADVICE)
    what = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    say(f"{what} drawn: {shown(output.absolute())}")


def _print(runs: Sequence[FoundRun], keys: Sequence[str]) -> None:
    """A chart for each statistic of each run."""
    width = min(_WIDEST, console().width)
    for run, name in zip(runs, labels(runs), strict=True):
        known = keys or default_keys([run])
        check_keys(f"{run.path.name} has not", [run], keys)
        for key in known:
            say(f"{name}  {key}")
            for line in text_chart(sorted(run.statistics[key].items()), width, _LINES):
                say(line)
            say()
