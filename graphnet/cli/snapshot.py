"""``graphnet snapshot``: what is in a snapshot or model, and a model made of it."""

from __future__ import annotations

import json
from math import isfinite, prod
from pathlib import Path
from typing import Any

from graphnet.blob import shape_text
from graphnet.cli.output.summary import Facts
from graphnet.cli.output.terminal import bytes_text, facts, say, say_json
from graphnet.data.text_file import one_line
from graphnet.declare.yaml_reader import parse_yaml
from graphnet.files.paths import shown
from graphnet.solver.record.snapshot_file import Contents
from graphnet.solver.record.weights import read_weights, save_model_of


def info(path: Path, *, as_json: bool) -> None:
    """Print what a file holds.

    Args:
        path: A run's directory (its newest good snapshot is taken), a snapshot or a model.
        as_json: As JSON.

    Raises:
        SnapshotError: If there is none, or it is damaged.
    """
    file, contents = read_weights(path)
    found = as_dict(file, contents)
    if as_json:
        say_json(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        facts(_facts(found))


def model(source: Path, path: Path, *, averaged: bool) -> None:
    """Write the params of a run, snapshot or model as a model.

    Raises:
        SnapshotError: If they cannot be read or written, or there is no average of them.
    """
    read = save_model_of(source, path, averaged=averaged)
    what = "the average of the params" if averaged else "the params"
    say(f"{what} of {shown(read)} in {shown(path)} ({bytes_text(path.stat().st_size)})")


def as_dict(file: Path, contents: Contents) -> dict[str, Any]:
    """What ``--json`` prints; a model has no ``run``."""
    meta = contents.meta
    net = _parsed(contents.net_yaml, f"{file}: net.yaml")
    solver = _parsed(contents.solver_yaml, f"{file}: solver.yaml")
    found: dict[str, Any] = {
        "file": str(file),
        "bytes": file.stat().st_size,
        "checksum": "right",  # a file whose checksum is wrong is not read
        "kind": meta.kind,
        "format_version": meta.format_version,
        "versions": meta.versions,
        "net": net.get("name", ""),
        "precision": meta.dtype,
        "backend": meta.backend,
        "seed": meta.seed,
        "params": {name: list(array.shape) for name, array in contents.params.items()},
        "samples": json.loads(contents.data.to_json() or "{}"),
    }
    if meta.solver is not None:
        found["run"] = {
            "iter": meta.solver.iter,
            "epoch": meta.solver.epoch,
            "obj_val": _finite(meta.solver.obj_val),
            "lr": meta.solver.lr,
            "momentum": meta.solver.momentum,
            "method": next((m["type"] for m in _items(solver, "method")), ""),
            "data": meta.data,
            "cursors": meta.cursors,
            "best": _best(contents, solver),
        }
    return found


def _parsed(text: str, where: str) -> dict[str, Any]:
    value = parse_yaml(text, where).value if text.strip() else {}
    return value if isinstance(value, dict) else {}


def _items(declared: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The mappings with a type at a key, which may hold one or a list of them."""
    value = declared.get(key)
    listed = value if isinstance(value, list) else [value]
    return [item for item in listed if isinstance(item, dict) and "type" in item]


def _finite(value: float | None) -> float | None:
    """The value if JSON can hold it."""
    return value if value is not None and isfinite(value) else None


def _best(contents: Contents, solver: dict[str, Any]) -> dict[str, Any] | None:
    """The best value so far, where the run keeps its best snapshot."""
    state = contents.meta.breaks.get("Snapshot", {})
    value, when = state.get("best"), state.get("best_iter")
    if not (isinstance(value, float) and isinstance(when, int)):
        return None
    keys = [b for b in _items(solver, "coffee_breaks") if b["type"] == "Snapshot"]
    return {"key": keys[0].get("keep_best") if keys else "", "value": _finite(value), "iter": when}


def _facts(found: dict[str, Any]) -> Facts:
    params = found["params"]
    size = f"{bytes_text(found['bytes'])}, format {found['format_version']}"
    pairs = [
        (found["kind"], found["file"]),
        ("file", f"{size}, checksum {found['checksum']}"),
        ("net", f"{found['net']}, {found['precision']} on {found['backend']}"),
        *(_run_facts(found["run"], found["seed"]) if "run" in found else ()),
    ]
    pairs.append(("params", f"{sum(map(prod, params.values())):,} numbers"))
    pairs += [("", f"{name} {shape_text(shape)}") for name, shape in params.items()]
    pairs += _class_facts(found["samples"])
    return [*pairs, ("versions", ", ".join(f"{k} {v}" for k, v in found["versions"].items()))]


def _class_facts(samples: dict[str, Any]) -> Facts:
    """The names of classes, once for each top."""
    named = {top: names for one in samples.values() for top, names in one["classes"].items()}
    return [
        (f"classes of '{top}'", ", ".join(f"{i} {one_line(n)}" for i, n in enumerate(names)))
        for top, names in named.items()
    ]


def _run_facts(run: dict[str, Any], seed: int) -> Facts:
    momentum = "" if run["momentum"] is None else f", momentum {run['momentum']:g}"
    pairs = [
        ("iteration", f"{run['iter']:,}, epoch {run['epoch']:,}"),
        ("loss", "none yet" if run["obj_val"] is None else f"{run['obj_val']:.6g}"),
        ("method", f"{run['method']}, lr {run['lr']:g}{momentum}, seed {seed}"),
    ]
    if best := run["best"]:
        pairs.append(("best", f"{best['key']} {best['value']} at iteration {best['iter']:,}"))
    cursors = [f"{name}, {at:,} samples delivered" for name, at in run["cursors"].items()]
    return [*pairs, *(("data" if i == 0 else "", text) for i, text in enumerate(cursors))]
