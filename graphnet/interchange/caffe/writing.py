"""An imported net and its solver as YAML, with what is to be said of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphnet.interchange.caffe.imported import Imported
from graphnet.interchange.caffe.solver import MadeSolver
from graphnet.interchange.yaml_text import comment, document, item, mapping, ordered, short
from graphnet.net.spec import read_net
from graphnet.net.yaml_form import layer_dict

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
            lines += item(_relative(ordered(layer_dict(spec)), folder))
    return document(lines)


def _relative(value: Any, folder: Path, key: str = "") -> Any:
    """Absolute paths as they lead from the folder of the net."""
    if isinstance(value, dict):
        return {k: _relative(v, folder, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_relative(v, folder, key) for v in value]
    if key in _PATH_KEYS and isinstance(value, str) and os.path.isabs(value):  # noqa: PTH117
        return os.path.relpath(value, folder)
    return value


def solver_text(made: Imported, source: Path, folder: Path, *, has_model: bool) -> str:
    """The solver as YAML, its paths as they lead from the folder of the net."""
    solver = made.solver or MadeSolver()
    lines = [*comment(f"From {source.name}, a solver of Caffe.")]
    values, notes = dict(solver.values), dict(solver.notes)
    if has_model:
        values["load_from"] = "model.h5"
        notes["load_from"] = ["the weights that were given, as a start"]
    written: Mapping[str, Any] = {
        key: short(_relative(value, folder)) for key, value in values.items()
    }
    return document([*lines, *mapping(written, notes)])
