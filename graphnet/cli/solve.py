"""``graphnet solve``: train a net, or continue a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from graphnet.cli.given.net_and_solver import NetAndSolver, read_net_and_solver
from graphnet.cli.given.run_data import choose_data, recorded_data
from graphnet.cli.options import NetOptions
from graphnet.cli.output.progress import reporter
from graphnet.cli.output.summary import Facts, fallback_notice, net_facts, settings
from graphnet.cli.output.terminal import (
    bytes_text,
    command_text,
    facts,
    file_word,
    notice,
    say,
    seconds_text,
)
from graphnet.control_groups import cpu_quota
from graphnet.declare.overrides import Override
from graphnet.errors import LostRankError, Position, SpecError
from graphnet.files.paths import shown
from graphnet.net.net import Net
from graphnet.net.sources import ResolvedData
from graphnet.parallel.communicator import Communicator, together
from graphnet.parallel.launch import check_least, current, elastic_of
from graphnet.parallel.load_sharded_net import load_sharded_net
from graphnet.parallel.sharded_net import ShardedNet
from graphnet.parallel.shards import DEFAULT_SHARDS
from graphnet.parallel.starting_over import loss_text, without_lost
from graphnet.runs.found import PACE
from graphnet.solver.history import History
from graphnet.solver.record.run_directory import snapshots_in
from graphnet.solver.record.statistics_file import columns_in
from graphnet.solver.solver import Solver
from graphnet.solver.solver import solve as train
from graphnet.solver.spec import SolverSpec

#: How the least number of ranks is called here, and what it belongs to.
_CALLED = ("--min-ranks", "--elastic")


@dataclass(frozen=True)
class SolveOptions(NetOptions):
    """Where and how a net is trained.

    Attributes:
        fresh: Start over even if there is a run.
        quiet: Say nothing but warnings.
        override: The keys of the solver that may differ from those of a run that goes on.
        elastic: Go on without ranks that are lost.
        min_ranks: With how few of them; None means 1.
    """

    fresh: bool = False
    quiet: bool = False
    override: Sequence[str] = ()
    elastic: bool = False
    min_ranks: int | None = None


def solve(
    path: Path, solver_file: Path | None, overrides: Sequence[Override], options: SolveOptions
) -> None:
    """Train the net of a YAML file by the solver it names.

    Raises:
        GraphnetError: If something in the files, the data or the run is wrong.
        Interrupted: If a signal stopped it, after a snapshot.
    """
    job = _job(options)
    while True:
        try:
            return _solve(path, solver_file, overrides, options, job)
        except LostRankError as lost:
            job = without_lost(job, lost)
            if not job.rank:
                notice([loss_text(job)], stderr=True)


def _job(options: SolveOptions) -> Communicator:
    """The job this process belongs to, made elastic if that is asked for.

    Raises:
        SpecError: If it has fewer ranks than it is to have at least.
    """
    job, least = current(), options.min_ranks
    check = partial(check_least, least, elastic=options.elastic, called=_CALLED, of=" ")
    together(job, partial(check, job.size))
    if options.elastic:
        job, why_not = elastic_of(job, least or 1)
        if why_not and not job.rank:
            notice([f"--elastic has no effect: {why_not}"], stderr=True)
    return job


def _solve(
    path: Path,
    solver_file: Path | None,
    overrides: Sequence[Override],
    options: SolveOptions,
    job: Communicator,
) -> None:
    start = perf_counter()
    quiet = options.quiet or job.rank > 0
    declared, solver = together(job, partial(_read, path, solver_file, overrides, options))
    folder = Path(solver.spec.exp_dir) if solver.spec.exp_dir else None
    data = _data(declared, folder, options, job)
    shards_at = declared.position("shards")
    with together(job, partial(_load, data, solver.spec, options, job, shards_at)) as net:
        if not job.rank:
            notice(fallback_notice(data), stderr=options.quiet)
        if not quiet:
            run = [("run", _run_text(folder, fresh=options.fresh))]
            size = [("memory", f"{bytes_text(net.planned_bytes)} planned")]
            about = [fact for fact in net_facts(net.compiled, data) if fact[0] != "memory"]
            facts([*about, *size, *_machine(net), *_ranks(net), *run, *settings(declared)])
            say()
        train(
            solver,
            net,
            fresh=options.fresh,
            reporter=reporter(quiet=options.quiet if job.is_elastic else quiet),
            override=options.override,
        )
        now = net.communicator if isinstance(net, ShardedNet) else job
        if not (options.quiet or now.rank):
            say()
            facts([*_final(folder), ("time", seconds_text(perf_counter() - start))])
            for i, line in enumerate(_next(path, declared, overrides, folder)):
                say(f"{'next' if i == 0 else '':<5}  {line}")


def _read(
    path: Path, solver_file: Path | None, overrides: Sequence[Override], options: SolveOptions
) -> tuple[NetAndSolver, Solver]:
    """The net and its solver as declared."""
    declared = read_net_and_solver(
        path, overrides, solver_file=solver_file, user_code=options.user_code
    )
    if declared.solver is None:
        raise SpecError(
            "the net names no solver\n  write 'solver: FILE' at its top, or give --solver FILE",
            declared.net.position,
        )
    return declared, declared.solver


def _data(
    declared: NetAndSolver, folder: Path | None, options: SolveOptions, job: Communicator
) -> ResolvedData:
    """The data to read; one rank of each machine downloads what is missing, before the others."""
    recorded: Mapping[str, Any] = {}
    if folder and not options.fresh and not job.rank:
        recorded = recorded_data(folder)
    recorded = job.broadcast(recorded)
    choose = partial(
        choose_data, declared.net, offline=options.offline, recorded=recorded, run=folder
    )
    first = together(job, lambda: choose() if job.local_rank == 0 else None)
    return together(job, lambda: first or choose())


def _load(
    data: ResolvedData,
    spec: SolverSpec,
    options: SolveOptions,
    job: Communicator,
    shards_at: Position | None,
) -> closing[Net] | closing[ShardedNet]:
    """The net, in shards where there are several."""
    shards = spec.shards or (DEFAULT_SHARDS if job.is_launched else 1)
    if shards == job.size == 1:
        return options.open_net(
            data.spec, "train", seed=spec.seed, keep="needed", precision=spec.precision
        )
    return closing(
        load_sharded_net(
            data.spec,
            shards,
            job,
            options.backend,
            seed=spec.seed,
            threads=options.threads,
            memory_limit=options.memory_limit,
            precision=spec.precision,
            shards_at=shards_at,
        )
    )


def _ranks(net: Net | ShardedNet) -> Facts:
    """How a batch is shared out, and where each rank runs."""
    if not isinstance(net, ShardedNet):
        return []
    shards = net.shards
    sizes = sorted({shards.size(shard) for shard in range(shards.count)})
    found = [("shards", f"{shards.count} of {' or '.join(map(str, sizes))} rows")]
    places = net.communicator.describe()
    return found + [
        ("ranks" if rank == 0 else "", f"{rank}: {place}") for rank, place in enumerate(places)
    ]


def _machine(net: Net | ShardedNet) -> Facts:
    threads = getattr(net.backend, "threads", None)
    if threads is None:
        return [("backend", net.backend.name)]
    quota = cpu_quota()
    why = "" if quota is None else f" (the CPU quota here is {quota:g})"
    return [("backend", f"{net.backend.name}, {threads} thread{'s'[: threads != 1]}{why}")]


def _run_text(folder: Path | None, *, fresh: bool) -> str:
    if folder is None:
        return "nothing is written: the solver has no exp_dir"
    found = snapshots_in(folder)
    if found and not fresh:
        return f"{shown(folder)}, continuing at iteration {max(found):,}"
    return f"{shown(folder)}, fresh"


def _next(
    path: Path, declared: NetAndSolver, overrides: Sequence[Override], folder: Path | None
) -> list[str]:
    """The commands that show more of the run."""
    if folder is None or not snapshots_in(folder):
        return []
    run = file_word(shown(folder))
    found = [command_text("graphnet", "plot", run), command_text("graphnet", "report", run)]
    if declared.net.has_phase("test"):
        sets = [("--set", o.text.removeprefix("--set ")) for o in overrides if o.for_net]
        more = [word for pair in sets for word in pair]
        test = ("graphnet", "test", file_word(path), *more, "--weights", run)
        found.insert(0, command_text(*test))
    return found


def _final(folder: Path | None) -> Facts:
    """The last value of every statistic, and where the snapshots are."""
    if folder is None:
        return []
    recorded = History.of(columns_in(folder / "statistics.jsonl"))
    last = {key: (i[-1], values[-1]) for key, (i, values) in recorded.items() if key not in PACE}
    found: Facts = [
        ("final" if i == 0 else "", f"{key} {value:.4g} at iteration {at:,}")
        for i, (key, (at, value)) in enumerate(last.items())
    ]
    snapshots = snapshots_in(folder)
    if snapshots:
        newest = snapshots[max(snapshots)]
        best = " and best.h5" if (newest.parent / "best.h5").exists() else ""
        found.append(("saved", f"{shown(newest)}{best}"))
    return found
