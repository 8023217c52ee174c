"""``graphnet report``: a run as one page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path

import numpy as np

from graphnet import __version__
from graphnet.cli.given.net_and_solver import read_net_alone
from graphnet.cli.given.run_data import choose_data
from graphnet.cli.given.weights import load_all
from graphnet.cli.options import NetOptions
from graphnet.cli.output.summary import compile_to_show
from graphnet.cli.output.terminal import bytes_text, command_text, file_word, say, warn
from graphnet.draw.diagram import diagram
from graphnet.draw.picture import picture
from graphnet.errors import GraphnetError, SnapshotError, SpecError
from graphnet.files.paths import is_there, refuse_to_write_over, shown
from graphnet.files.reading import open_regular, read_regular
from graphnet.files.writing import Advice, write_durably
from graphnet.inference.examination.choosing import examined, examiner_of
from graphnet.inference.trained import Trained, read_best
from graphnet.layers.base import Kind, Phase
from graphnet.layers.shape.axis import axis_of
from graphnet.net.compiled import CompiledNet
from graphnet.net.sources import resolve_data
from graphnet.net.spec import NetSpec
from graphnet.report import sections
from graphnet.report.answers import (
    MOST_CLASSES,
    MOST_WORST,
    Answers,
    answers_of,
    seen_blobs,
)
from graphnet.report.distributions import (
    chosen,
    distributions_picture,
    histograms_picture,
    quantiles,
)
from graphnet.report.memory_picture import memory_picture
from graphnet.report.page import GENERATOR, Section, figure, note, page
from graphnet.runs.curves import picture_of
from graphnet.runs.found import FoundRun, read_run
from graphnet.solver.record.claim import BEST, DECLARED, RECORD, STATISTICS
from graphnet.solver.record.run_directory import snapshots_in
from graphnet.solver.record.snapshot_file import Contents, read
from graphnet.solver.record.stored_array import Stored
from graphnet.timing import time_net

_ADVICE = Advice(GraphnetError)
_DEFAULT = Path("report.html")
#: The most that a net may need to be drawn: nothing of it is ever allocated.
_ANY_SIZE = 2**62


def report(
    run: Path, output: Path | None, net: Path | None, options: NetOptions, *, n_steps: int
) -> None:
    """Write a page about a run.

    What cannot be shown, because the data or a snapshot are not here, says so on the page.

    Args:
        run: The run's directory.
        output: The page. Default: ``report.html`` here.
        net: The net's YAML file. Default: the one that the run has recorded.
        options: Where and how nets run, for answers and timing.
        n_steps: Steps that are timed; 0 for none.

    Raises:
        GraphnetError: If there is no run, or the page cannot be written.
    """
    found = read_run(run)
    target = output or _DEFAULT
    _check_target(target, found, net, is_chosen=output is not None)
    text = _Report(found, net or run / DECLARED[0], options, n_steps).text()
    write_durably(target, text.encode(), _ADVICE)
    size = bytes_text(len(text.encode()))
    say(f"report of {shown(run.absolute())}: {shown(target.absolute())} ({size})")


def _check_target(target: Path, run: FoundRun, net: Path | None, *, is_chosen: bool) -> None:
    if target.suffix.lower() not in (".html", ".htm"):
        raise SpecError(f"{target}: a report is a page of HTML\n  name it such as report.html")
    needed = {f"the run's {name}": run.path / name for name in (RECORD, STATISTICS, *DECLARED)}
    needed |= {"the net": net} if net else {}
    refuse_to_write_over(target, needed)
    if not is_chosen and is_there(target) and not _is_report(target):
        raise SpecError(f"{target}: there already, and no report\n  name another: -o FILE")


def _is_report(path: Path) -> bool:
    try:
        with open_regular(path) as file:
            return GENERATOR.encode() in file.read(500)
    except OSError:
        return False


class _Report:
    """Gathers what is on the page; what cannot be had is replaced by the reason."""

    def __init__(self, run: FoundRun, net: Path, options: NetOptions, n_steps: int) -> None:
        self._run, self._net_file, self._options, self._n_steps = run, net, options, n_steps
        self._file, self._contents = _weights(run)
        self._spec: NetSpec | None = None
        self._why = ""
        try:
            self._spec = read_net_alone(net, user_code=options.user_code)
        except GraphnetError as error:
            self._why = f"{error}\ngive the net's own file: --net FILE"
            warn(f"warning: the net cannot be read: {error}")

    def text(self) -> str:
        run = self._run
        answers, why = self._answers()
        about = f"{run.net}, {run.iter:,} iterations, {run.ended.partition(chr(10))[0]}"
        about = f"{about}. Directory: {shown(run.path.absolute())}"
        lead = f'<p class="lead">{escape(about)}</p>'
        answered = note(why)
        if answers is not None:
            answered = sections.mistakes(answers) + note(self._taken())
        is_numbers = answers is None or answers.kind == "numbers"
        parts = [
            Section("outcome", "What came out", sections.outcome(run)),
            Section("curves", "Curves", self._try("the curves", self._curves)),
            Section("answers", "Answers" if is_numbers else "Right and wrong", answered),
            Section("worst", "The worst answers", sections.worst(answers) if answers else ""),
            Section("net", "The net", self._try("the net's drawing", self._drawing)),
            Section("filters", "First layer", self._try("the filters", self._filters)),
            Section(
                "embedding", "What the net sees", sections.embedding(answers) if answers else ""
            ),
            Section("params", "Params over time", self._try("the params", self._distributions)),
            Section("gradients", "Gradients", self._try("the gradients", self._gradients)),
            Section("time", "Time of a step", self._try("the timing", self._timing)),
            Section("memory", "Memory", self._try("the memory plan", self._memory)),
            Section("asked", "What was asked", sections.asked(run, self._texts())),
            Section("data", "Data", sections.sources(run, self._fingerprints())),
            Section("again", "Machine, versions, and how to run it again", self._machine()),
        ]
        title = f"{run.net or 'a run'}: {run.path.absolute().name}"
        return page(title, lead, parts, f"Written by graphnet {escape(__version__)}.")

    def _try(self, what: str, make: Callable[[], str]) -> str:
        """A part of the page, or why it is not there."""
        try:
            return make()
        except GraphnetError as error:
            warn(f"warning: {what} cannot be shown: {error}")
            return note(f"Cannot be shown: {error}")

    @property
    def _net(self) -> NetSpec:
        if self._spec is None:
            raise SpecError(self._why)
        return self._spec

    def _compiled(self, phase: Phase) -> CompiledNet:
        spec = resolve_data(self._net, phase=phase).spec
        return compile_to_show(spec, phase, _ANY_SIZE)

    def _answers(self) -> tuple[Answers | None, str]:
        """What the net answers to its test data; or else why it is not known."""
        try:
            return self._answered()
        except GraphnetError as error:
            warn(f"warning: the answers cannot be shown: {error}")
            return None, f"Cannot be shown: {error}"

    def _answered(self) -> tuple[Answers | None, str]:
        spec = self._net
        if examined(spec) is None:
            return None, "No layer of phase test compares an answer with the data."
        if self._contents is None:
            return None, "There is no snapshot yet."
        trained = Trained(spec, self._file, self._contents)
        data = choose_data(
            spec,
            offline=self._options.offline,
            phase="test",
            recorded=trained.recorded_data,
            run=self._run.path,
        )
        one = examined(data.spec)
        if one is None:
            return None, "No layer of phase test compares an answer with the data."
        seen = seen_blobs(data.spec, one)
        keep = list(dict.fromkeys((*one.blobs, *seen.names)))
        with self._options.open_net(_silent(data.spec), "test", keep=keep) as net:
            load_all(net.store, self._file, self._contents)
            shape = net.blobs[one.answer].shape
            if one.how.kind == "classes" and shape[axis_of(shape, one.how.axis)] > MOST_CLASSES:
                return None, f"There are more than {MOST_CLASSES:,} classes."
            examiner = examiner_of(data.spec, one, shape, trained.record, MOST_WORST)
            return answers_of(net, one, examiner, seen), ""

    # --- parts --------------------------------------------------------------------------

    def _curves(self) -> str:
        return figure(picture_of([self._run])) if self._run.statistics else note("Nothing yet.")

    def _drawing(self) -> str:
        spec = self._net
        phases: list[Phase] = ["train"]
        if any(node.spec.phase == "test" for node in spec.nodes):
            phases.append("test")
        return figure(picture(diagram([self._compiled(phase) for phase in phases], spec)))

    def _filters(self) -> str:
        if self._contents is None:
            return ""
        shapes = [
            shape[1:]
            for layer in self._compiled("train").layers
            if layer.kind is Kind.DATA
            for shape in layer.top_shapes
        ]
        for name, stored in self._in_order(self._contents.params):
            weights = np.asarray(stored)
            if weights.ndim >= 2:  # noqa: PLR2004  # the first that is no bias
                row = next((s for s in shapes if np.prod(s) == weights[0].size), None)
                return sections.filters(name, weights, row)
        return ""

    def _in_order(self, params: Mapping[str, Stored]) -> list[tuple[str, Stored]]:
        """The params in the order of the layers."""
        places = {node.name: i for i, node in enumerate(self._net.nodes)}
        named = [(name.rpartition("/")[0], name) for name in params]
        order = sorted(named, key=lambda pair: places.get(pair[0], len(places)))
        return [(name, params[name]) for _, name in order]

    def _distributions(self) -> str:
        paths = snapshots_in(self._run.path)
        spreads: dict[int, dict[str, list[float]]] = {}
        last: Mapping[str, Stored] = {}
        for iteration in chosen(list(paths)):
            try:
                params = read(paths[iteration]).params
                last = params
            except SnapshotError:  # damaged, or pruned meanwhile
                continue
            ordered = self._in_order(params) if self._spec else list(params.items())
            spreads[iteration] = {n: quantiles(np.asarray(v)) for n, v in ordered if v.size}
        if not spreads:
            return ""
        if len(spreads) == 1:
            ordered = self._in_order(last) if self._spec else list(last.items())
            return figure(
                histograms_picture({n: np.asarray(v) for n, v in ordered}),
                "Of the one snapshot that is kept.",
            )
        caption = f"From {len(spreads)} snapshots that the run has kept."
        return figure(distributions_picture(spreads), caption)

    def _gradients(self) -> str:
        if self._contents is None:
            return ""
        with self._options.open_net(self._training_spec(), "train", keep="needed") as net:
            load_all(net.store, self._file, self._contents)
            net.forward_backward()
            pairs = {
                f"{layer}/{name}": tuple(
                    np.asarray(net.backend.download(x)) for x in (param.data, param.diff)
                )
                for layer, named in net.params.items()
                for name, param in named.items()
                if param.diff is not None
            }
            return sections.gradients(pairs, net.batch_size)

    def _timing(self) -> str:
        if not self._n_steps:
            return ""
        with self._options.open_net(self._training_spec(), "train", keep="needed") as net:
            return sections.timing(time_net(net, self._n_steps), net.batch_size)

    def _training_spec(self) -> NetSpec:
        """The net with the training data of the run."""
        recorded = self._run.record.get("data")
        data = choose_data(
            self._net,
            offline=self._options.offline,
            phase="train",
            recorded=recorded if isinstance(recorded, dict) else {},
            run=self._run.path,
        )
        return _silent(data.spec)

    def _memory(self) -> str:
        return figure(
            memory_picture(self._compiled("train")),
            "Phase train. Params and their gradients are not in it.",
        )

    def _texts(self) -> dict[str, str]:
        found = {}
        for name in DECLARED:
            path = self._run.path / name
            try:
                found[name] = read_regular(path).decode("utf-8", "replace")
            except OSError:
                continue
        return found

    def _fingerprints(self) -> Mapping[str, Mapping[str, str]]:
        return self._contents.meta.fingerprints if self._contents else {}

    def _machine(self) -> str:
        run = self._run
        net = file_word(shown(self._net_file.absolute()))
        solver = file_word(shown((run.path / DECLARED[1]).absolute()))
        seed = run.record.get("seed")
        more = ["--seed", str(seed)] if isinstance(seed, int) else []
        words = [
            "graphnet",
            "solve",
            net,
            "--solver",
            solver,
            "--exp-dir",
            f"{run.path.absolute().name}-again",
        ]
        return sections.machine(run, command_text(*words, *more), self._taken())

    def _taken(self) -> str:
        """Which params the answers, the filters and the gradients are of."""
        if self._contents is None or self._contents.meta.solver is None:
            return ""
        which = "the best snapshot" if self._file.name == BEST else "the newest snapshot"
        at, file = self._contents.meta.solver.iter, shown(self._file.absolute())
        return f"Answers, first layer and gradients: params of iteration {at:,}, {which}, {file}."


def _weights(run: FoundRun) -> tuple[Path, Contents | None]:
    """The best snapshot, else the newest good one, as of ``predict``; None if there is none."""
    try:
        return read_best(run.path)
    except SnapshotError:
        return run.path, None


def _silent(spec: NetSpec) -> NetSpec:
    """The net without the layers that write files: a report leaves nothing but its page."""
    return spec.with_nodes([n for n in spec.nodes if n.spec.kind is not Kind.OUTPUT or n.tops])
