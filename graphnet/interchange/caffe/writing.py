"""An imported net and its solver as YAML, with what is to be said of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphnet.interchange.caffe.imported import Imported
from graphnet.interchange.caffe.reading import LayerDict
from graphnet.interchange.caffe.solver import MadeSolver
from graphnet.interchange.yaml_text import comment, document, item, mapping
from graphnet.net.spec import read_net
from graphnet.net.yaml_form import layer_dict

_MOST_PLAIN = 1e6  # of a number that is written without exponent or point
_PATH_KEYS = ("source", "mean_file", "filename")


def net_text(made: Imported, source: Path, folder: Path) -> str:
    """The net as YAML, with Caffe's comments and what could not be said exactly."""
    lines = [*comment(f"From {source.name}, a net of Caffe.")]
    for note in made.notes:
        lines += comment(note)
    lines.append(next(iter(item({"name": made.name}, ""))).removeprefix("- {").removesuffix("}"))
    if made.solver is not None:
        lines.append("solver: solver.yaml")
    lines += ["", "layers:"]
    for entry, layers in made.entries:
        if not layers:
            continue
        for said in entry.message.comments:
            lines += comment(said.strip(), "  ")
        for note in entry.made.notes:
            lines += comment(note, "  ")
        for layer in layers:
            spec = read_net({"name": "n", "layers": [layer]}).nodes[0].spec
            lines += item(_relative(_ordered(layer_dict(spec)), folder))
    return document(lines)


def _ordered(written: LayerDict) -> LayerDict:
    """The layer without defaults, its keys in the order in which people read them."""
    first = {key: written[key] for key in ("name", "type", "phase", "source") if key in written}
    last = {key: written[key] for key in ("bottoms", "tops") if key in written}
    rest = {key: value for key, value in written.items() if key not in {*first, *last}}
    return first | {key: _short(value) for key, value in rest.items() if value != {}} | last


def _short(value: Any) -> Any:
    """As people write it: a pair of equal numbers as one, a type alone as its name."""
    if isinstance(value, dict):
        inner = {key: _short(each) for key, each in value.items()}
        return inner["type"] if list(inner) == ["type"] else inner
    if isinstance(value, float) and value.is_integer() and abs(value) < _MOST_PLAIN:
        return int(value)
    is_pair = isinstance(value, list) and len(value) == 2 and value[0] == value[1]  # noqa: PLR2004
    return value[0] if is_pair and isinstance(value[0], int) else value


def _relative(value: Any, folder: Path, key: str = "") -> Any:
    """Absolute paths as they lead from the folder of the net."""
    if isinstance(value, dict):
        return {k: _relative(v, folder, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_relative(v, folder, key) for v in value]
    if key in _PATH_KEYS and isinstance(value, str) and os.path.isabs(value):  # noqa: PTH117
        return os.path.relpath(value, folder)
    return value


def solver_text(made: Imported, source: Path, *, has_model: bool) -> str:
    """The solver as YAML."""
    solver = made.solver or MadeSolver()
    lines = [*comment(f"From {source.name}, a solver of Caffe.")]
    values, notes = dict(solver.values), dict(solver.notes)
    if has_model:
        values["load_from"] = "model.h5"
        notes["load_from"] = ["the weights that were given, as a start"]
    short: Mapping[str, Any] = {key: _short(value) for key, value in values.items()}
    return document([*lines, *mapping(short, notes)])
