"""check_same_run: sees that a snapshot is of the run that is declared now."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from graphnet.declare.yaml_reader import parse_yaml
from graphnet.errors import SnapshotError
from graphnet.solver.record.run_directory import START_OVER
from graphnet.solver.record.snapshot_file import Contents
from graphnet.solver.spec import FREE_KEYS, OVERRIDABLE, SolverSpec
from graphnet.solver.trainable_net import TrainableNet


def check_same_run(
    contents: Contents,
    file: Path,
    net: TrainableNet,
    spec: SolverSpec,
    fingerprints: Mapping[str, Mapping[str, str]],
    override: Collection[str] = (),
) -> dict[str, Any]:
    """See that net, solver, precision, backend, seed and data are those of the snapshot.

    ``max_iter``, ``max_epoch`` and the coffee breaks may differ. The data are compared by their
    sources and by the contents of their files.

    Args:
        contents: What is in the snapshot.
        file: Its path.
        net: The net that is declared now.
        spec: The solver that is declared now.
        fingerprints: The fingerprints of each data layer's files, by path.
        override: The solver's keys that may differ as well.

    Returns:
        What has changed of these keys: ``{key: {"from": …, "to": …}}``.

    Raises:
        SnapshotError: Listing every difference.
    """
    meta = contents.meta
    if meta.kind != "run" or meta.solver is None:
        raise SnapshotError(f"{file}: is a model, not a run\n  start from it with load_from")
    then = {
        "net": _with_new_keys(_parsed(contents.net_yaml, f"{file}: net.yaml")),
        "solver": _bound(_parsed(contents.solver_yaml, f"{file}: solver.yaml")),
        "precision": meta.dtype,
        "backend": meta.backend,
        "seed": meta.seed,
        "data": _plain(meta.data),
    }
    now = declared(net, spec) | {"data": _plain(net.data_summary())}
    now["solver"] = _bound(now["solver"])
    changed = {
        key: {"from": then["solver"].pop(key, None), "to": now["solver"].pop(key, None)}
        for key in override
        if key in OVERRIDABLE
    }
    found = list(differences(then, now))
    if found:
        free = {key for key in OVERRIDABLE if any(_is_of(key, one) for one in found)}
        is_free = all(any(_is_of(key, one) for key in free) for one in found)
        asked = " ".join(f"--override {key}" for key in sorted(free))
        named = ", ".join(f"{key!r}" for key in sorted(free))
        way_on = f"to go on with what is declared now: {asked} (in Python override=[{named}]);\n  "
        raise SnapshotError(
            f"{file}: this run was declared differently, so it cannot go on:\n  "
            + "\n  ".join(found)
            + f"\n  {way_on * is_free}{START_OVER}, or choose another exp_dir"
        )
    files = list(_changed_files(meta.fingerprints, fingerprints))
    if files:
        raise SnapshotError(
            f"{file}: the data of this run has changed since, so it cannot go on:\n  "
            + "\n  ".join(files)
            + f"\n  put it back as it was, or {START_OVER}"
        )
    return {key: one for key, one in changed.items() if one["from"] != one["to"]}


def _is_of(key: str, difference: str) -> bool:
    """Whether a difference is of a key of the solver."""
    return difference.startswith((f"solver.{key}:", f"solver.{key}."))


def declared(net: TrainableNet, spec: SolverSpec) -> dict[str, Any]:
    """What is declared of a run, but its data."""
    return {
        "net": _parsed(net.yaml_text, "the net"),
        "solver": _parsed(spec.to_yaml(), "the solver"),
        "precision": str(net.store.dtype),
        "backend": net.store.backend.name,
        "seed": net.context.seed,
    }


def _changed_files(
    then: Mapping[str, Mapping[str, str]], now: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    """The files with other contents than then; their paths may differ."""
    for layer, before in then.items():
        files = now.get(layer, {})
        if len(files) != len(before):
            yield f"{layer} has read {len(before)} files, and there are {len(files)}"
        for (path, print_), old in zip(files.items(), before.values(), strict=False):
            if print_ != old:
                yield f"{path}, which {layer} reads"


def _parsed(text: str, where: str) -> Any:
    return parse_yaml(text, where).value if text.strip() else {}


#: Keys of layers that were called otherwise when a snapshot was written.
_RENAMED = {"coeff": "coef", "eps": "epsilon", "output_dims": "shape", "weight": "loss_weight"}


def _with_new_keys(net: Any) -> Any:
    """A net from a snapshot with the keys of today; layers of the user's own stay as they are."""
    layers = net.get("layers") if isinstance(net, Mapping) else None
    if not isinstance(layers, list):
        return net
    ours = [isinstance(one, Mapping) and "." not in str(one.get("type")) for one in layers]
    return {
        **net,
        "layers": [
            {_RENAMED.get(key, key): value for key, value in one.items()} if is_ours else one
            for one, is_ours in zip(layers, ours, strict=True)
        ],
    }


#: What the solver's keys are by default, where that is a number or a word.
_DEFAULTS = {"shards": 1} | {
    key: field.default
    for key, field in SolverSpec.model_fields.items()
    if isinstance(field.default, int | float | str)
}


def _bound(solver: Any) -> dict[str, Any]:
    """The solver without the keys that may change, and without the seed, which the net has too.

    A key that it lacks, perhaps since there was none when the snapshot was written, has its
    default.
    """
    solver = solver if isinstance(solver, Mapping) else {}
    whole = {**solver, **_DEFAULTS, **solver}  # in the order in which they are declared
    return {k: v for k, v in whole.items() if k not in (*FREE_KEYS, "seed")}


def _plain(value: Any) -> Any:
    """The value as it comes back from JSON."""
    return json.loads(json.dumps(value, default=str))


def differences(then: Any, now: Any, path: str = "") -> Iterator[str]:
    """Each leaf that differs, as ``path: … there, … here``; named items are found by name."""
    are_lists = isinstance(then, list) and isinstance(now, list)
    then, now = _by_name(then), _by_name(now)
    if isinstance(then, dict) and isinstance(now, dict):
        if are_lists and then.keys() == now.keys() and list(then) != list(now):
            yield f"{path}: in the order {', '.join(then)} there, {', '.join(now)} here"
        for key in {**then, **now}:
            inner = f"{path}.{key}" if path else str(key)
            if key not in now:
                yield f"{inner}: {_short(then[key])} there, absent here"
            elif key not in then:
                yield f"{inner}: absent there, {_short(now[key])} here"
            else:
                yield from differences(then[key], now[key], inner)
    elif then != now:
        yield f"{path}: {_short(then)} there, {_short(now)} here"


def _by_name(value: Any) -> Any:
    """A list of named items as a mapping; anything else as it is."""
    if (
        isinstance(value, list)
        and value
        and all(isinstance(v, dict) and "name" in v for v in value)
    ):
        return {v["name"]: v for v in value}
    return value


def _short(value: Any, most: int = 60) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else text[: most - 1] + "…"
