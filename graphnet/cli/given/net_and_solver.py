"""The files that a command begins with: a net and the solver that trains it, with overrides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphnet.declare.overrides import NET_KEYS, Override, override
from graphnet.declare.repetition import overridden
from graphnet.declare.yaml_reader import Document, read_yaml
from graphnet.errors import Position, Problem, SpecError, located, noted, one_of
from graphnet.files.bounds import check_read, current
from graphnet.files.paths import is_there, placed, shown
from graphnet.interchange.declared import (
    check_samples_known,
    declared_elsewhere,
    translated_document,
)
from graphnet.net.spec import NetSpec, parse_net
from graphnet.solver.load_solver import parse_solver
from graphnet.solver.solver import Solver
from graphnet.solver.spec import SolverSpec


@dataclass(frozen=True)
class NetAndSolver:
    """A net and its solver, as their files and the command line declare them.

    Attributes:
        net: The net.
        solver: The solver that the command line or the net names; None if neither does.
        solver_document: The YAML of the solver.
    """

    net: NetSpec
    solver: Solver | None = None
    solver_document: Document | None = None

    def origin(self, key: str) -> str:
        """Where a key of the solver was given: its file, an option, or nowhere."""
        if self.solver is None or self.solver_document is None:
            return "default; the net names no solver"
        if key not in self.solver.spec.model_fields_set:
            return "default"
        position = self.position(key)
        return position.file if position else ""

    def position(self, key: str) -> Position | None:
        """Where a key of the solver stands, or what is around it."""
        return self.solver_document.at((key,)) if self.solver_document else None


def read_net_alone(
    path: Path,
    overrides: Sequence[Override] = (),
    *,
    user_code: bool = True,
    translates: bool = False,
) -> NetSpec:
    """A net from its YAML file with overrides, for a command that uses no solver.

    Args:
        path: The file.
        overrides: For the net.
        user_code: Whether classes may be named by a dotted path.
        translates: Whether it may be a file of Caffe or ONNX, for a command that only shows it.

    Raises:
        SpecError: With every problem at its line and column.
    """
    document = _net_document(path, overrides, translates=translates)
    _refuse_misplaced(overrides, document, without_solver="leave it out: no solver is used here")
    return parse_net(document, path.stem, user_code=user_code)


def read_net_and_solver(
    path: Path,
    overrides: Sequence[Override],
    *,
    solver_file: Path | None = None,
    user_code: bool = True,
    translates: bool = False,
) -> NetAndSolver:
    """A net and its solver, the problems of both reported at once.

    Args:
        path: The net's YAML file.
        overrides: For either.
        solver_file: Instead of the one the net names.
        user_code: Whether classes may be named by a dotted path.
        translates: Whether the net may be a file of Caffe or ONNX.

    Raises:
        SpecError: With every problem at its line and column.
    """
    document = _net_document(path, overrides, translates=translates)
    problems: list[Problem] = []
    net, solver, source = None, None, None
    with noted(problems):
        net = parse_net(document, path.stem, user_code=user_code)
    with noted(problems):
        source = _solver_document(document, solver_file)
        named = "the net names no solver: write 'solver: FILE' at its top"
        _refuse_misplaced(overrides, document, without_solver=None if source else named)
        if source is not None:
            source = override(source, [one for one in overrides if not one.for_net])
            solver = parse_solver(source, user_code=user_code)
            if (bounds := current()) and solver.spec.exp_dir:
                with located(source.at(("exp_dir",)), "key 'exp_dir': "):
                    bounds.let_write(Path(solver.spec.exp_dir))
    if net is None or problems:
        raise SpecError.of(_with_whole_value(problem, overrides) for problem in problems)
    return NetAndSolver(net, solver, source)


def _net_document(path: Path, overrides: Sequence[Override], *, translates: bool) -> Document:
    for_net = [one for one in overrides if one.for_net]
    if not (translates and declared_elsewhere(path)):
        return overridden(read_yaml(path), for_net)
    document = overridden(translated_document(path), for_net)
    check_samples_known(document)
    return document


def _solver_document(net: Document, chosen: Path | None) -> Document | None:
    """The YAML of the solver, or None where none is named."""
    if chosen is not None:
        return read_yaml(chosen)
    named = net.value.get("solver") if isinstance(net.value, Mapping) else None
    if not isinstance(named, str):
        return None
    path = shown(placed(named, net.folder_of(("solver",))))
    check_read(path)
    if not is_there(path) or path.is_dir():
        raise SpecError(
            f"key 'solver': there is no file {path}\n  a path in a YAML is relative to that file",
            net.at(("solver",)),
        )
    found = read_yaml(path)
    if not isinstance(
        found.value, Mapping | list
    ):  # it may be any file, whose text is nobody's business
        raise SpecError(
            "this file holds no solver\n  expected keys and values, such as max_iter: 200",
            found.at(()),
        )
    return found


def _refuse_misplaced(
    overrides: Sequence[Override], net: Document, *, without_solver: str | None
) -> None:
    """See that no path begins with a layer's name, or with a solver's key where none is used.

    Args:
        overrides: What is set.
        net: The net's YAML.
        without_solver: Why there is no solver; None if there is one.

    Raises:
        SpecError: If one does.
    """
    layers = net.value.get("layers") if isinstance(net.value, Mapping) else net.value
    names = [
        str(layer.get("name"))
        for layer in (layers if isinstance(layers, list) else ())
        if isinstance(layer, Mapping)
    ]
    problems = []
    for one in (one for one in overrides if not one.for_net):
        first = one.path[0]
        if first in names and first not in SolverSpec.model_fields:
            option = one.text.removeprefix("--set ")
            said = f"'{first}' is a layer\n  write --set layers.{option}"
            problems.append(Problem(said, one.position))
        elif without_solver and first in SolverSpec.model_fields:
            said = f"'{first}' is a key of a solver\n  {without_solver}"
            problems.append(Problem(said, one.position))
        elif without_solver:
            said = f"'{first}' is not a key of a net{one_of(NET_KEYS)}"
            problems.append(Problem(said, one.position))
    if problems:
        raise SpecError.of(problems)


def _with_whole_value(problem: Problem, overrides: Sequence[Override]) -> Problem:
    """How a key is set whose neighbour ``type`` is missing, where an option has made it."""
    made = [one for one in overrides if one.position == problem.position and len(one.path) > 1]
    if not made or "missing key 'type'" not in problem.message:
        return problem
    (*outer, last), value = made[0].path, made[0].text.partition("=")[2]
    said, _, hint = problem.message.partition("\n")
    start, write, keys = hint.partition("write ")
    whole = keys if write else f"{{type: …, {last}: {value}}}"
    cure = f"the file has no {'.'.join(outer)}; give all of it: --set '{'.'.join(outer)}={whole}'"
    others = "" if write else f"\n{start}"
    return Problem(f"{said}\n  {cure}{others}", problem.position)
