"""What ``check`` and ``solve`` say of a compiled net before anything runs."""

from __future__ import annotations

from typing import TypeAlias

from graphnet.cli.declared import Declared
from graphnet.cli.terminal import bytes_text
from graphnet.data.datasets import PREFIX
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
    spec = declared.solver.spec if declared.solver else None
    biased = [
        node
        for node in declared.net.nodes
        if hasattr(node.spec, "bias_lr") and getattr(node.spec, "bias", True)
    ]
    plain = [
        node.name
        for node in biased
        if "bias_lr" not in node.spec.model_fields_set and getattr(node.spec, "bias_lr", 1) != 1
    ]
    coef = spec.regu_coef if spec else SolverSpec.model_fields["regu_coef"].default
    regularized = f"the L2 gradient is 2·{coef:g}·w" if coef else "nothing is regularized"
    found = [
        f"seed {spec.seed if spec else 0} ({declared.origin('seed')})",
        f"regu_coef {coef:g} ({declared.origin('regu_coef')}): {regularized}",
    ]
    if plain:
        found.append(f"bias_lr 2 (default) in {', '.join(plain)}: biases learn twice as fast")
    return [("in force" if i == 0 else "", text) for i, text in enumerate(found)]


def fallback_notice(data: ResolvedData) -> list[str]:
    """What must be said where the declared fall-back was taken; nothing where it was not."""
    if not data.fell_back:
        return []
    changed = [name for name in data.used if data.used[name] != data.wanted[name]]
    why = [line for line in data.missing.splitlines() if "graphnet data" not in line]
    return [
        "FALL-BACK DATA: this is not the data that the net names.",
        f"why: {why[0]}",
        *why[1:],
        *(f"{name} reads {data.used[name]} instead of {data.wanted[name]}" for name in changed),
        *(f"to get the real data: graphnet data {name}" for name in _named_sets(data)),
    ]


def _named_sets(data: ResolvedData) -> list[str]:
    """The named sets that were wanted."""
    sources = (s for wanted in data.wanted.values() for s in wanted.split(", "))
    names = (s.removeprefix(PREFIX).partition("/")[0] for s in sources if s.startswith(PREFIX))
    return list(dict.fromkeys(names))
