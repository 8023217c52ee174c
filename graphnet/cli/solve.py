"""``graphnet solve``: train a net, or go on training it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from graphnet.cli.declared import read_declared
from graphnet.cli.progress import reporter
from graphnet.cli.run_data import choose_data, recorded_data
from graphnet.cli.summary import Facts, defaults_in_force, fallback_notice, net_facts
from graphnet.cli.terminal import facts, notice, say, seconds_text
from graphnet.errors import SpecError
from graphnet.net.load import load_net
from graphnet.net.net import Net
from graphnet.overrides import Override
from graphnet.solver.run_directory import snapshots_in
from graphnet.solver.solver import solve as train
from graphnet.solver.statistics_file import read_statistics


@dataclass(frozen=True)
class Options:
    """How to run.

    Attributes:
        threads: None for one per processor.
        backend: Its name.
        fresh: Begin anew even if there is a run.
        offline: Do not download data.
        quiet: Say nothing but warnings.
        user_code: Whether classes may be named by a dotted path.
        memory_limit: The most bytes a net may need; None for what the machine has free.
    """

    threads: int | None
    backend: str
    fresh: bool
    offline: bool
    quiet: bool
    user_code: bool
    memory_limit: int | None = None


def solve(
    path: Path, solver_file: Path | None, overrides: Sequence[Override], options: Options
) -> None:
    """Train the net of a YAML file by the solver it names.

    Raises:
        GraphnetError: If something in the files, the data or the run is wrong.
        Interrupted: If a signal stopped it, after a snapshot.
    """
    start = perf_counter()
    declared = read_declared(path, overrides, solver_file=solver_file, user_code=options.user_code)
    solver = declared.solver
    if solver is None:
        raise SpecError(
            "the net names no solver\n  write 'solver: FILE' at its top, or give --solver FILE",
            declared.net.position,
        )
    folder = Path(solver.spec.exp_dir) if solver.spec.exp_dir else None
    recorded = recorded_data(folder) if folder and not options.fresh else {}
    data = choose_data(declared.net, offline=options.offline, recorded=recorded, run=folder)
    net = load_net(
        data.spec,
        "train",
        options.backend,
        seed=solver.spec.seed,
        keep="needed",
        threads=options.threads,
        memory_limit=options.memory_limit,
    )
    try:
        notice(fallback_notice(data), stderr=options.quiet)
        if not options.quiet:
            run = [("run", _run_text(folder, fresh=options.fresh))]
            facts(
                [*net_facts(net.compiled, data), *_machine(net), *run, *defaults_in_force(declared)]
            )
            say()
        train(solver, net, fresh=options.fresh, reporter=reporter(quiet=options.quiet))
        if not options.quiet:
            say()
            facts([*_final(folder), ("time", seconds_text(perf_counter() - start))])
    finally:
        net.close()


def _machine(net: Net) -> Facts:
    threads = getattr(net.backend, "threads", None)
    return [
        ("backend", net.backend.name + (f", {threads} threads" if threads else "")),
    ]


def _run_text(folder: Path | None, *, fresh: bool) -> str:
    if folder is None:
        return "nothing is written: the solver has no exp_dir"
    found = snapshots_in(folder)
    if found and not fresh:
        return f"{folder}, continuing at iteration {max(found):,}"
    return f"{folder}, fresh"


def _final(folder: Path | None) -> Facts:
    """The last value of every statistic, and where the snapshots are."""
    if folder is None:
        return []
    last = {m.key: m for m in read_statistics(folder / "statistics.jsonl")}
    measured = [m for key, m in last.items() if key not in ("lr", "momentum")]
    found: Facts = [
        ("final" if i == 0 else "", f"{m.key} {m.value:.4g} at iteration {m.iter:,}")
        for i, m in enumerate(measured)
    ]
    snapshots = snapshots_in(folder)
    if snapshots:
        newest = snapshots[max(snapshots)]
        best = " and best.h5" if (newest.parent / "best.h5").exists() else ""
        found.append(("saved", f"{newest}{best}"))
    return found
