"""Importing from Caffe: a net, a solver and a model of graphnet, and what was done, as a table.

graphnet import caffe deploy.prototxt --weights net.caffemodel -o net
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, get_args

from graphnet.data.hdf5.patient_output import hdf5_file
from graphnet.data.text_file import is_text
from graphnet.declare.arguments import expect_one_of, expect_path, spelled_out
from graphnet.errors import GraphnetError, Position, Problem, SnapshotError, SpecError, noted
from graphnet.files.paths import refuse_to_replace, refuse_to_write_over
from graphnet.files.reading import open_regular
from graphnet.files.writing import Advice, output_file, write_durably
from graphnet.interchange.caffe.databases.datum import convert
from graphnet.interchange.caffe.files.blobs import (
    Weights,
    read_blob_file,
    read_solver_state,
    read_weights,
)
from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.files.text_format import read_text
from graphnet.interchange.caffe.files.upgrade import upgrade_net, upgrade_solver
from graphnet.interchange.caffe.further_tests import FurtherTest, further_tests
from graphnet.interchange.caffe.imported import Imported
from graphnet.interchange.caffe.layers.reading import Files
from graphnet.interchange.caffe.net.phases import PhaseNet, merge_phases
from graphnet.interchange.caffe.net.rules import State
from graphnet.interchange.caffe.net.translation import translate_net
from graphnet.interchange.caffe.resuming import snapshot_path, write_snapshot
from graphnet.interchange.caffe.solver import decay_of, translate_solver
from graphnet.interchange.caffe.writing import net_text, solver_text
from graphnet.interchange.model_file import write_model
from graphnet.layers.base import Kind, Phase
from graphnet.net.load_net import load_net
from graphnet.net.net import Net
from graphnet.net.spec import read_net
from graphnet.params.filling import fill, parts_of

_PHASES = {"train": "TRAIN", "test": "TEST"}
_BATCH_NORM = (
    "BatchNorm: the stored sums are divided by their count. In training the running statistics"
    " move by a fixed part of each batch; in the first thousands of batches Caffe's move faster."
)


# --- translating ------------------------------------------------------------------------


def translate(
    model: Path,
    stored: Weights | None = None,
    solver: Path | None = None,
    mean: Path | None = None,
    *,
    phases: Sequence[Phase] = ("train", "test"),
    out: Path | None = None,
    level: int = 0,
    stages: Sequence[str] = (),
) -> Imported:
    """A Caffe net, with its model and solver, as what it is in graphnet.

    Args:
        model: The net as .prototxt, or a .caffemodel, which holds it and its arrays.
        stored: The arrays.
        solver: A solver's .prototxt.
        mean: A mean in place of the one that the net names.
        phases: Which are translated.
        out: The folder that is written; None where nothing is.
        level: For the net's rules.
        stages: For the net's rules.

    Raises:
        SpecError: With all that is wrong or has no equal, each at its line and column.
        SnapshotError: If the model cannot be read.
    """
    if model.suffix in (".yaml", ".yml"):
        raise SpecError(
            f"{model}: is YAML, as nets of graphnet are; expected a .prototxt or .caffemodel\n"
            "  graphnet check reads it as it is; in Python: load_net"
        )
    if model.suffix in (".caffemodel", ".h5") or _is_binary(model):
        whole = read_weights(model)
        if whole.net is None:
            raise SpecError(
                f"{model}: holds no net, as models in HDF5 do not\n  give the prototxt, too"
            )
        stored, net = stored or whole, whole.net
        place: AbstractContextManager[None] = named_in(model)
    else:
        net, place = upgrade_net(read_text(model, "NetParameter")), nullcontext()
    if not net["layer"]:
        raise SpecError("the net has no layers", Position(str(model), 1, 1))
    with place:
        how = upgrade_solver(read_text(solver, "SolverParameter")) if solver is not None else None
        files = Files.beside(model, mean, out)
        decay = decay_of(how) if how is not None else "L2Regu"
        found = {
            phase: translate_net(
                net,
                _state(_PHASES[phase], how, level, stages),
                files,
                stored.blobs if stored else None,
                decay,
            )
            for phase in phases
        }
        made = Imported(net["name"] or model.stem, weights=stored, files=files)
        problems = _problems(found, made)
        if how is not None:
            with noted(problems):
                further = _further(
                    how, found, files, stored, net, State("TEST", level, tuple(stages))
                )
                made.solver = translate_solver(
                    how, tests=_measures(found.get("test")), further=further
                )
        if mean is not None and out is not None and mean not in files.means:
            said = f"{mean}: is given as the mean, and no data layer of the net takes one"
            problems.append(Problem(f"{said}\n  leave it out, and subtract it from what is fed"))
        if problems:
            raise SpecError.of(dict.fromkeys(problems))
        made.entries = list(merge_phases(found))
        made.time_first = frozenset().union(*(net.time_first for net in found.values()))
        if any(layer["type"] == "BatchNorm" for layer in made.layers()):
            made.notes.append(_BATCH_NORM)
        made.spec()  # see that nothing is wrong with it
    return made


@contextmanager
def named_in(file: Path) -> Iterator[None]:
    """Errors that have no place get a file's name: a net in a model has no lines.

    Raises:
        GraphnetError: The same, with the name.
    """
    try:
        yield
    except GraphnetError as error:
        raise type(error).of(
            p
            if p.position or p.message.startswith(f"{file}: ")
            else Problem(f"{file}: {p.message}")
            for p in error.problems
        ) from error


def _further(  # one for each thing a phase is made of
    solver: Message,
    found: dict[Phase, PhaseNet],
    files: Files,
    stored: Weights | None,
    net: Message,
    state: State,
) -> list[FurtherTest]:
    """The test nets of a solver behind the first."""
    if "test" not in found:
        return []
    decay, blobs, before = decay_of(solver), stored.blobs if stored else None, set(files.converted)
    tests = further_tests(
        solver, found["test"], state, lambda one: translate_net(net, one, files, blobs, decay)
    )
    used = [test.source for test in tests]
    for key in set(files.converted) - before:  # what nobody will read is not converted
        if str(files.converted[key].file) not in used:
            del files.converted[key]
    return tests


def _is_binary(path: Path) -> bool:
    try:
        with open_regular(path) as file:
            begin = file.read(4096)
            return b"\0" in begin and not is_text(begin)  # as text in UTF-16 may be
    except OSError:
        return False  # which reading it says in words


def _state(phase: str, solver: Message | None, level: int, stages: Sequence[str]) -> State:
    """The state of a phase: what was asked for, and what the solver says of it."""
    state = State(phase, level, tuple(stages))
    if solver is None:
        return state
    said = [solver["train_state"]] if phase == "TRAIN" else solver["test_state"][:1]
    for each in said:
        merged = state.merged(each)
        state = State(phase, merged.level, merged.stages)
    return state


def _problems(found: dict[Phase, PhaseNet], made: Imported) -> list[Problem]:
    """What is wrong in the phases.

    One that lacks nothing but its inputs is left out where the other is whole.
    """
    whole = [phase for phase, net in found.items() if not net.problems]
    for phase, net in list(found.items()):
        if whole and net.problems and net.lacks_inputs:
            del found[phase]
            made.notes.append(
                f"there is no phase {phase}: {net.problems[0].message.splitlines()[0]}"
            )
    return [problem for net in found.values() for problem in net.problems]


def _measures(net: PhaseNet | None) -> bool:
    kinds = (Kind.LOSS, Kind.STATISTIC)
    return net is not None and any(
        read_net({"name": "n", "layers": [layer]}).nodes[0].spec.kind in kinds
        for entry in net.layers
        for layer in [*entry.made.layers[-1:], *entry.made.after]
    )


# --- the public ways --------------------------------------------------------------------


@spelled_out
def load_caffe(
    prototxt: Path | str,
    weights: Path | str | None = None,
    phase: Phase = "test",
    *,
    level: int = 0,
    stages: Sequence[str] = (),
    **options: Any,
) -> Net:
    """Load a Caffe net, its blobs and layers by Caffe's names.

    Args:
        prototxt: The net, or a .caffemodel, which holds it.
        weights: A .caffemodel, or its variant in HDF5. Default: the net's fillers fill it.
        phase: ``train`` or ``test``.
        level: For the net's rules.
        stages: For the net's rules.
        **options: As of :func:`graphnet.load_net`.

    Returns:
        The net, filled with the weights; without them, by its fillers.

    Raises:
        SpecError: With all that is wrong or has no equal, each at its line and column.
        SnapshotError: If the weights cannot be read or do not fit.
    """
    _check_paths("load_caffe(PROTOTXT)", prototxt=prototxt, weights=weights)
    expect_one_of("phase", phase, get_args(Phase))
    stages = _stages(stages)
    stored = read_weights(Path(weights)) if weights is not None else None
    made = translate(Path(prototxt), stored, phases=(phase,), level=level, stages=stages)
    net = load_net(made.spec(), phase, **options)
    if made.weights is None:
        return net
    with named_in(Path(weights or prototxt)):
        for name, array in made.arrays():
            group, _, path = name.partition("/")
            layer, _, param = path.rpartition("/")
            if group == "params":
                target = net.store.params[layer][param].data
            else:
                target = net.store.state[layer][param]
            fill(net.backend, target, parts_of(array))
    return net


@spelled_out
def import_caffe(  # noqa: PLR0913  # one for each option of the command
    model: Path | str,
    to: Path | str,
    weights: Path | str | None = None,
    solver: Path | str | None = None,
    mean: Path | str | None = None,
    *,
    level: int = 0,
    stages: Sequence[str] = (),
    force: bool = False,
    state: Path | str | None = None,
) -> Imported:
    """Write a Caffe net as ``net.yaml``, ``solver.yaml`` and ``model.h5``.

    Args:
        model: The net as .prototxt, or a .caffemodel, which holds it.
        to: The folder that is written to.
        weights: A .caffemodel, or its variant in HDF5. Default: none; no ``model.h5`` is written.
        solver: A solver's .prototxt. Default: none; no ``solver.yaml`` is written.
        mean: A mean as .binaryproto. Default: the one that the net names.
        level: For the net's rules.
        stages: For the net's rules.
        force: Whether files that are there may be replaced.
        state: A .solverstate, or its variant in HDF5: the run goes on from there. It needs the
            solver, the weights that were written with it, and the net's data. Default: none.

    Returns:
        What was done.

    Raises:
        SpecError: With all that is wrong or has no equal; nothing is then written.
    """
    paths = {"model": model, "to": to, "weights": weights, "solver": solver, "mean": mean}
    paths["state"] = state
    _check_paths("import_caffe(MODEL, FOLDER)", **paths)
    stages = _stages(stages)
    folder = Path(to)
    given = {"the net": model, "the weights": weights, "the solver": solver, "the mean": mean}
    given["the solver's state"] = state
    read = {what: Path(path) for what, path in given.items() if path is not None}
    for name in ("net.yaml", "solver.yaml", "model.h5", "mean.h5"):
        refuse_to_write_over(folder / name, read)
    made = translate(
        Path(model),
        read_weights(Path(weights)) if weights is not None else None,
        read.get("the solver"),
        read.get("the mean"),
        out=folder.absolute(),
        level=level,
        stages=stages,
    )
    if folder.exists() and not folder.is_dir():
        raise SpecError(f"{folder}: is a file\n  name the folder that is to be written")
    stood = read_solver_state(Path(state)) if state is not None else None
    if stood is not None:
        made.snapshot = snapshot_path(folder, made, stood)
    refuse_to_replace(written(made, folder), force=force)
    folder.mkdir(parents=True, exist_ok=True)
    for each in made.files.converted.values():
        convert(each.samples(), each.file, each.names)
    for source, target in made.files.means.items():
        _write_mean(source, target)
    if made.weights is not None:
        source, text = Path(weights or model), made.spec().to_yaml()
        with named_in(source):
            write_model(folder / "model.h5", made.arrays(), text, source=source)
    advice = Advice(SpecError)
    if made.solver is not None:
        text = solver_text(
            made, Path(solver or ""), folder.absolute(), has_model=made.weights is not None
        )
        write_durably(folder / "solver.yaml", text.encode(), advice)
    text = net_text(made, Path(model), folder.absolute())
    write_durably(folder / "net.yaml", text.encode(), advice)
    if stood is not None:
        write_snapshot(folder, made, stood)
    return made


def _check_paths(call: str, **paths: object) -> None:
    for name, path in paths.items():
        if path is not None or name in ("prototxt", "model", "to"):
            expect_path(name, path, call=call)


def _stages(found: Sequence[str] | str) -> Sequence[str]:
    """The stages; one alone may be given as it is."""
    return (found,) if isinstance(found, str) else found


def written(made: Imported, folder: Path) -> list[Path]:
    """The files that an import writes, those of data and means last."""
    names = ["net.yaml"]
    names += ["solver.yaml"] if made.solver is not None else []
    names += ["model.h5"] if made.weights is not None else []
    snapshot = [made.snapshot] if made.snapshot is not None else []
    of_data = [each.file for each in made.files.converted.values()]
    return [*(folder / name for name in names), *snapshot, *made.files.means.values(), *of_data]


def _write_mean(source: Path, target: Path) -> None:
    mean = read_blob_file(source)
    with output_file(target, Advice(SnapshotError)) as output, hdf5_file(output) as (file, _):
        file.create_dataset("mean", data=mean.reshape(mean.shape[-3:]), track_times=False)
