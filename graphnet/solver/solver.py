"""Solver: how a net is trained, and the function that trains it.

solver = Solver(SolverSpec(max_iter=1000, exp_dir="runs/mnist"))
solver.add_coffee_break(TrainingSummary(), every_n_iter=100)
state = solve(solver, net)
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import FunctionType, MappingProxyType, MethodType
from typing import Any, cast, get_args

from graphnet.declare.arguments import (
    expect,
    expect_net,
    expect_one_of,
    expect_path,
    methods_spelled_out,
    spelled_out,
    whole_number,
)
from graphnet.declare.yaml_reader import KeyPath
from graphnet.errors import (
    GraphnetWarning,
    LostRankError,
    Position,
    Problem,
    SpecError,
    located,
    noted,
)
from graphnet.files.paths import placed
from graphnet.parallel.communicator import Communicator, together
from graphnet.parallel.launch import go_on_with
from graphnet.parallel.load_sharded_net import cut
from graphnet.params.param import DeclaredParams
from graphnet.sealed import Sealed
from graphnet.solver.coffee import COFFEE_BREAKS
from graphnet.solver.coffee.base import CoffeeBreak, Every, KeysOf
from graphnet.solver.coffee.function_break import called
from graphnet.solver.coffee.guarded import guarded, has
from graphnet.solver.coffee.items import check_hooks, make_break, schedule
from graphnet.solver.coffee.schedule import Entry
from graphnet.solver.coffee.snapshot import Snapshot
from graphnet.solver.foresight import doubts, places, unmet
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.notebook import NotebookReporter, in_notebook
from graphnet.solver.param_groups import without_params
from graphnet.solver.ranks.alike import check_alike
from graphnet.solver.ranks.elastic_job import job_of, left_of
from graphnet.solver.ranks.of_a_job import check_elastic, reporter_of_rank, shard_count, watched
from graphnet.solver.record.run_directory import RunDirectory
from graphnet.solver.record.run_files import RunFiles
from graphnet.solver.record.statistics_file import FileExists
from graphnet.solver.reporter import PlainReporter, Reporter
from graphnet.solver.request import Request
from graphnet.solver.run import Run, check_phase
from graphnet.solver.spec import OVERRIDABLE, PROCESSORS, SolverSpec
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet
from graphnet.solver.training import Training

_MADE = "write Solver(SolverSpec(max_iter=…)), or load_solver(FILE)"


@methods_spelled_out
class Solver(Sealed):
    """How a net is trained, and what is done on the way.

    Args:
        spec: What the YAML says.
        break_types: The classes of coffee breaks by type, the user's own included.
        locate: Gives the place of a key in the YAML, for messages.
        folder_of: Gives the folder that a path at a key is relative to. Default: the working
            directory.

    Raises:
        SpecError: If a coffee break cannot be made, or would never be due.

    Example:
        >>> solver = gn.Solver(gn.SolverSpec(max_epoch=2))
        >>> solver.add_coffee_break(gn.DivergenceGuard(), every_n_iter=10)
    """

    _elsewhere = MappingProxyType(
        dict.fromkeys(("fit", "run", "step", "train"), "it trains a net by solve(solver, net)")
        | {"add_break": "it is add_coffee_break(…)", "callbacks": "it is add_coffee_break(…)"}
    )
    _instead = MappingProxyType({"spec": "make another: Solver(spec.model_copy(update={…}))"})

    @partial(spelled_out, hint=_MADE)
    def __init__(
        self,
        spec: SolverSpec,
        break_types: Mapping[str, type[CoffeeBreak]] = COFFEE_BREAKS,
        locate: Callable[[KeyPath], Position | None] = lambda _: None,
        folder_of: Callable[[KeyPath], Path] = lambda _: Path(),
    ) -> None:
        expect(isinstance(spec, SolverSpec), "Solver", "a SolverSpec", spec, _MADE)
        self.spec, self._locate = spec, locate
        self._entries: list[Entry] = []
        self._save_into: Path | None = None
        self._save_every = 1
        self._file_exists: FileExists = "merge"
        problems: list[Problem] = []
        for i, item in enumerate(spec.coffee_breaks):
            position = locate(("coffee_breaks", i))
            with noted(problems), located(position, f"coffee_breaks[{i}] ({item.type}): "):
                made = make_break(item, break_types, ("coffee_breaks", i), folder_of)
                self._add(item.type, made, item.schedule, position)
        if problems:
            raise SpecError.of(problems)

    def __repr__(self) -> str:
        spec = self.spec
        ends = [f"{key} {n:,}" for key in ("max_iter", "max_epoch") if (n := getattr(spec, key))]
        parts = [spec.method.type, f"lr {spec.lr_policy.type}", *ends]
        breaks = ", ".join(entry.name for entry in self._entries)
        where = f", runs in {spec.exp_dir}" if spec.exp_dir else ""
        return f"<Solver: {', '.join(parts)}; {breaks or 'no coffee breaks'}{where}>"

    def add_coffee_break(
        self,
        break_: CoffeeBreak | Callable[..., Request | None],
        every_n_iter: int = 0,
        every_n_epoch: int = 0,
    ) -> None:
        """Add a break behind those that are there.

        Args:
            break_: The break; or a function, which is given the net, the solver's state and the
                coffee lounge when it is due, and may return a ``Request``.
            every_n_iter: Due after every so many iterations, and at iteration 0.
            every_n_epoch: Due after every so many epochs.

        Raises:
            SpecError: If it is no coffee break, or would never be due.
        """
        hint = "derive its class from CoffeeBreak"
        if isinstance(break_, type) and issubclass(break_, CoffeeBreak):
            hint = f"make one: {break_.__name__}(…)"
        if isinstance(break_, FunctionType | MethodType):
            break_ = called(break_)
        expect(isinstance(break_, CoffeeBreak), "add_coffee_break", "a coffee break", break_, hint)
        made = cast(CoffeeBreak, break_)
        name = type(made).__name__
        with located(None, f"coffee break '{name}': "):
            every_n_iter = whole_number("every_n_iter", every_n_iter, 0)
            every_n_epoch = whole_number("every_n_epoch", every_n_epoch, 0)
            self._add(name, made, schedule(every_n_iter, every_n_epoch))

    def _add(
        self,
        name: str,
        break_: CoffeeBreak,
        whens: tuple[Every, ...],
        position: Position | None = None,
    ) -> None:
        same = Counter(entry.name.partition("#")[0] for entry in self._entries)[name]
        unique = f"{name}#{same + 1}" if same else name
        try:
            initial = break_.state_dict()
        except (Exception, SystemExit) as error:
            raise SpecError(
                f"its state_dict() failed: {type(error).__name__}: {error}\n"
                "  it must work from the moment the break is made"
            ) from error
        check_hooks(break_, whens)
        if isinstance(break_, Snapshot) and has(self._entries, Snapshot):
            raise SpecError(
                "there is a Snapshot before this one, and they would disagree on what is kept\n"
                "  one is enough: it takes every_n_iter and every_n_epoch together"
            )
        self._entries.append(Entry(unique, break_, whens, initial, position))

    def setup_coffee_lounge(
        self,
        save_into: Path | str = "",
        every_n_iter: int = 1,
        file_exists: FileExists = "merge",
    ) -> None:
        """Say where the statistics go.

        Args:
            save_into: A file; default: ``statistics.jsonl`` in the run's directory.
            every_n_iter: How often the lines are handed to the system. Default: at once.
            file_exists: What a new run does with a file it finds at ``save_into``: ``merge``
                (default) adds to it, and later values replace earlier ones of the same
                iteration; ``overwrite`` empties it first; ``panic`` is an error.

        Raises:
            SpecError: If ``file_exists`` is something else, or ``every_n_iter`` is not positive.
        """
        expect_path("save_into", save_into, call="setup_coffee_lounge(FILE)")
        expect_one_of("file_exists", file_exists, get_args(FileExists))
        every_n_iter = whole_number("every_n_iter", every_n_iter, 1)
        self._save_into = Path(save_into).absolute() if save_into else None
        self._save_every, self._file_exists = every_n_iter, file_exists

    def solve(
        self,
        net: TrainableNet,
        *,
        fresh: bool = False,
        reporter: Reporter | None = None,
        override: Collection[str] = (),
        elastic: bool = False,
        min_ranks: int | None = None,
    ) -> SolverState:
        """Train ``net``; see :func:`solve`."""
        return self._solve(net, fresh, reporter, override, elastic, min_ranks)

    def _solve(
        self,
        net: TrainableNet,
        fresh: bool,
        reporter: Reporter | None,
        override: Collection[str],
        elastic: bool,
        min_ranks: int | None,
    ) -> SolverState:
        override = (override,) if isinstance(override, str) else tuple(override)
        for key in override:
            expect_one_of("override", key, (*OVERRIDABLE, PROCESSORS))
        expect_net("solve", net, call="solve(solver, net)")
        expect(isinstance(reporter, Reporter | None), "solve: reporter", "a Reporter", reporter)
        say = _warn if reporter is None else reporter.warning
        job, doubt = job_of(net, min_ranks, elastic=elastic)
        reporter = reporter or (NotebookReporter() if in_notebook() else PlainReporter())
        while True:
            if doubt and not job.rank:
                say(doubt)
            try:
                with ExitStack() as leaving:
                    begin = partial(self._begin, net, job, reporter, leaving, override)
                    files = together(job, begin)
                    if not job.rank:
                        for problem in [*net.suspicions(), *self.doubts()]:
                            say(str(problem))
                    check_alike(files.run, job, any_processor=PROCESSORS in override)
                    with watched(files.run.net, job):
                        return Training(files.run, files).solve(fresh=fresh)
            except LostRankError as lost:
                job, doubt = left_of(net, job, lost)

    def _begin(
        self,
        net: TrainableNet,
        communicator: Communicator,
        reporter: Reporter,
        leaving: ExitStack,
        override: Collection[str],
    ) -> RunFiles:
        """The run as this rank sees it; its files are on rank 0 alone."""
        self.check_breaks(net.statistic_keys)
        if problems := self.without_params(net.store.declared):
            raise SpecError.of(problems)
        check_phase(net)
        spec = self.spec
        count = shard_count(spec.shards, net, communicator)
        if count > 1 or communicator.size > 1:
            spec = spec.model_copy(update={"shards": count})
            if net.in_shards is None:
                with located(self._locate(("shards",))):
                    sharded = cut(net, count, communicator)
                leaving.callback(sharded.close)
                if communicator.is_elastic:
                    leaving.callback(lambda: go_on_with(sharded.communicator))
                net = sharded
        check_elastic(spec, communicator)
        reporter = reporter_of_rank(reporter, net, communicator)
        lounge = CoffeeLounge(self._save_every)
        run = Run(spec, net, guarded(self._entries), lounge, reporter)
        place = RunDirectory(placed(spec.exp_dir, Path())) if spec.exp_dir else None
        if place is not None and not communicator.rank:
            place.open(reporter.warning)
        if place is not None:
            leaving.callback(place.close)
        files = RunFiles(
            run,
            None if communicator.rank else place,
            self._save_into,
            self._file_exists,
            self._locate(("load_from",)),
            override,
            place if communicator.is_elastic else None,
        )
        leaving.callback(files.close)
        return files

    def check_breaks(self, keys_of: KeysOf) -> None:
        """See that every break will find what it needs.

        Args:
            keys_of: The statistics that a phase of the net measures.

        Raises:
            SpecError: With every break that will not.
        """
        if problems := self.unmet(keys_of):
            raise SpecError.of(problems)

    def unmet(self, keys_of: KeysOf) -> list[Problem]:
        """What the breaks need and will not find; ``keys_of`` is that of :meth:`check_breaks`."""
        breaks = [entry.coffee_break for entry in self._entries]
        return list(unmet(breaks, self.spec, keys_of, self._locate))

    def without_params(self, declared: Mapping[str, DeclaredParams]) -> list[Problem]:
        """The names of params in the solver that no param of a net has.

        Args:
            declared: The net's params, by layer.
        """
        return list(without_params(self.spec.chosen_params(), declared, self._locate))

    def places(self) -> list[Problem]:
        """The files a run would start from that are missing, and folders it could not write to."""
        return list(places(self.spec, self._locate))

    def doubts(self) -> list[Problem]:
        """What is legal in the solver but probably not meant, each at its place."""
        return list(doubts(self.spec, self._locate))

    @property
    def validates(self) -> bool:
        """Whether a coffee break runs the test phase of the net."""
        return any(entry.coffee_break.validates for entry in self._entries)


def _warn(text: str) -> None:
    """Warn the caller of :func:`solve` or :meth:`Solver.solve`."""
    warnings.warn(text, GraphnetWarning, stacklevel=5)


@spelled_out
def solve(
    solver: Solver,
    net: TrainableNet,
    *,
    fresh: bool = False,
    reporter: Reporter | None = None,
    override: Collection[str] = (),
    elastic: bool = False,
    min_ranks: int | None = None,
) -> SolverState:
    """Train a net.

    In a job of several ranks all of them call this, with the same solver and net.
    With an ``exp_dir``, a run found there is continued from its newest good snapshot; a
    finished one is left as it is.

    Args:
        solver: How to train it.
        net: The net.
        fresh: Start over even if there is a run; it is moved into a folder of the same directory.
        reporter: Told how the run goes. Default: prints plain lines on standard output; in a
            notebook a bar moves below them.
        override: What a run that goes on may be declared differently from before: ``lr_policy``,
            ``mom_policy``, ``regu_coef``, ``clip_gradients``, ``clip_layers`` (recorded in
            ``run.json``). With ``processors``, the ranks of a job may be on processors of several
            kinds.
        elastic: Whether a job that loses ranks goes on with the others, now and later: by Open MPI
            5 (``mpiexec --with-ft ulfm``), with an ``exp_dir``. Else a warning says why not.
        min_ranks: With how few of them it goes on. Default: 1.

    Returns:
        The state at the end of the run.

    Raises:
        TopologyError: If the net cannot be trained.
        SpecError: If the solver and the net, or its breaks, do not go together.
        SnapshotError: If the directory holds another run, is in use, or cannot be written.
        BreakError: If a coffee break raised; a snapshot has been written.
        DivergedError: If the loss or a param became NaN or infinite.
        Interrupted: If SIGINT or SIGTERM stopped it; a snapshot has been written.
        RankError: If the ranks of a job disagree, or one of them has gone.
        SystemExit: On the other ranks, where one of these was raised on rank 0.

    Example:
        >>> state = gn.solve(gn.load_solver({"max_epoch": 2}), gn.load_net("iris/net.yaml"))
        finished at iteration 15, epoch 2...
    """
    expect(isinstance(solver, Solver), "solve", "a Solver first", solver, _solver_hint(solver))
    # a call of solver.solve would be a call deeper
    return solver._solve(net, fresh, reporter, override, elastic, min_ranks)  # noqa: SLF001


def _solver_hint(found: Any) -> str:
    """How a solver is made from what was given instead."""
    if isinstance(found, SolverSpec):
        return "make one of it: Solver(spec)"
    if isinstance(found, str | Path | Mapping):
        return "load it first: load_solver(…)"
    return "the solver comes first, then the net: solve(solver, net)"
