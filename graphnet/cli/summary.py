"""What ``check`` and ``solve`` say of a compiled net before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from graphnet.cli.declared import Declared
from graphnet.cli.terminal import bytes_text
from graphnet.net.compiled import CompiledNet
from graphnet.net.sources import ResolvedData
from graphnet.solver.spec import SolverSpec

#: Names and what they stand for, one line each.
Facts: TypeAlias = list[tuple[str, str]]


def net_facts(compiled: CompiledNet, data: ResolvedData) -> Facts:
    """The net, its data, its size."""
    spec = compiled.spec
    sources = [f"{layer}: {source}" for layer, source in data.used.items()]
    return [
        ("net", f"{spec.name}, phase {compiled.phase}" + (f" ({spec.file})" if spec.file else "")),
        *[("data" if i == 0 else "", source) for i, source in enumerate(sources)],
        ("params", f"{compiled.n_param_numbers:,}"),
        ("memory", f"{bytes_text(compiled.planned_bytes)} planned"),
    ]


def defaults_in_force(declared: Declared) -> Facts:
    """Mocha's defaults, which are not everybody's, and whether they hold here."""
    solver, file = declared.solver, declared.solver_file
    spec = solver.spec if solver else None
    biased = [
        node
        for node in declared.net.nodes
        if hasattr(node.spec, "bias_lr") and getattr(node.spec, "bias", True)
    ]
    plain = [node.name for node in biased if "bias_lr" not in node.spec.model_fields_set]
    coef = spec.regu_coef if spec else SolverSpec.model_fields["regu_coef"].default
    found = [
        f"seed {spec.seed if spec else 0}{_origin(spec, 'seed', file)}",
        f"regu_coef {coef:g}{_origin(spec, 'regu_coef', file)},"
        f" so the L2 gradient is 2·{coef:g}·w",
    ]
    if plain:
        found.append(f"bias_lr 2 (default) in {', '.join(plain)}: biases learn twice as fast")
    return [("in force" if i == 0 else "", text) for i, text in enumerate(found)]


def _origin(spec: SolverSpec | None, key: str, file: str) -> str:
    if spec is None:
        return " (default; the net names no solver)"
    return f" ({file})" if key in spec.model_fields_set else " (default)"


def fallback_notice(data: ResolvedData) -> Sequence[str]:
    """What must be said where the declared fall-back was taken; nothing where it was not."""
    if not data.fell_back:
        return []
    missing = data.missing.splitlines()
    lines = ["This is not the data the net asks for.", *missing]
    changed = [name for name in data.used if data.used[name] != data.wanted[name]]
    lines += [f"{name} reads {data.used[name]}, not {data.wanted[name]}" for name in changed]
    return [*lines, *how_to_get(data)]


def how_to_get(data: ResolvedData) -> list[str]:
    """The commands that would get the named sets that were wanted."""
    named = [w.removeprefix("dataset:").partition("/")[0] for w in data.wanted.values() if _is_named(w)]
    return [f"To get it: graphnet data {name}" for name in dict.fromkeys(named)]


def _is_named(source: str) -> bool:
    return source.startswith("dataset:") and "," not in source
