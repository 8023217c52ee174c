"""load_solver: makes a Solver of YAML or a dict, and imports the user's own coffee breaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphnet.declare.arguments import expect, spelled_out
from graphnet.declare.user_code import import_named
from graphnet.declare.user_types import UserCode
from graphnet.declare.validation import validate
from graphnet.declare.yaml_reader import Document, KeyPath, plain_document, read_source
from graphnet.errors import Problem, SpecError, located, noted
from graphnet.files.paths import placed
from graphnet.solver.coffee import COFFEE_BREAKS
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.coffee.function_break import break_class
from graphnet.solver.coffee.items import break_model
from graphnet.solver.solver import Solver
from graphnet.solver.spec import ENDLESS, ENDS, SolverSpec


@spelled_out
def load_solver(source: Path | str | Mapping[str, Any], *, user_code: bool = True) -> Solver:
    """Load a solver.

    Args:
        source: A YAML file, YAML text of several lines, or a dict of the same form. The paths in a
            file are relative to its folder, all others to the working directory.
        user_code: Whether coffee breaks may be classes named by a dotted path. Their modules are
            looked for beside the file first.

    Returns:
        The solver, its coffee breaks made.

    Raises:
        SpecError: With every problem found, each at its line and column.

    Example:
        >>> gn.load_solver({"method": "Adam", "max_iter": 100})
        <Solver: Adam, lr Fixed, max_iter 100; no coffee breaks>
    """
    if isinstance(source, str | Path):
        return parse_solver(read_source(source), user_code=user_code)
    hint = "to make a solver of a SolverSpec write Solver(spec)"
    expect(isinstance(source, Mapping), "load_solver", "a YAML file or a dict", source, hint)
    return parse_solver(plain_document(source), user_code=user_code)


def parse_solver(document: Document, *, user_code: bool = True) -> Solver:
    """A solver from a parsed document; see :func:`load_solver`."""
    if _is_net(document.value):
        raise SpecError(
            "this is a net, not a solver: it has layers\n"
            f"  graphnet solve {document.file or 'NET'} --solver SOLVER; in Python: load_net(…)",
            document.at(()),
        )
    problems: list[Problem] = []
    break_types: dict[str, type[CoffeeBreak]] = dict(COFFEE_BREAKS)
    for path, item in _custom_breaks(document.value):
        with noted(problems):
            break_types[item["type"]] = _import_break(item, document, path, user_code=user_code)
    with noted(problems):
        spec = validate(
            SolverSpec, document.value, document, context=UserCode(document.folder, user_code)
        )
    if problems:
        problems += _endless(document, problems)
        raise SpecError.of(dict.fromkeys(problems))
    spec = spec.model_copy(
        update={
            key: str(placed(path, document.folder_of((key,))))
            for key in ("exp_dir", "load_from")
            if document.file and (path := getattr(spec, key)) is not None
        }
    )
    return Solver(spec, break_types, document.at, document.folder_of)


def _endless(document: Document, problems: Sequence[Problem]) -> list[Problem]:
    """That a solver beside whose other problems it was not looked at has no end."""
    if not isinstance(document.value, dict) or ENDS & document.value.keys():
        return []
    said = any(f"'{key}'" in problem.message for key in ENDS for problem in problems)
    return [] if said else [Problem(ENDLESS, document.at(()))]


def _is_net(value: Any) -> bool:
    if isinstance(value, Mapping):
        return "layers" in value
    items = value if isinstance(value, list) else ()
    return any(isinstance(item, Mapping) and "type" in item for item in items)


def _custom_breaks(value: Any) -> list[tuple[KeyPath, dict[str, Any]]]:
    """The items of ``coffee_breaks`` whose type is a dotted path, each with its place."""
    items = value.get("coffee_breaks") if isinstance(value, Mapping) else None
    return [
        (("coffee_breaks", i), item)
        for i, item in enumerate(items if isinstance(items, list | tuple) else ())
        if isinstance(item, dict) and isinstance(item.get("type"), str) and "." in item["type"]
    ]


def _import_break(
    item: dict[str, Any], document: Document, path: KeyPath, *, user_code: bool
) -> type[CoffeeBreak]:
    """The class that an item names; the item's keywords are checked."""
    kind, subject = item["type"], f"coffee_breaks[{path[-1]}] ({item['type']}): "
    with located(document.at((*path, "type")), subject):
        found = import_named(kind, CoffeeBreak, document.folder, allowed=user_code)
        cls = break_class(found, kind)
        model = break_model(cls, kind)
    validate(model, item, document, path, subject)
    return cls
