"""What ``check`` and ``solve`` print about a compiled net before anything runs."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from pydantic import BaseModel

from graphnet.backend import open_backend
from graphnet.backend.precision import Precision
from graphnet.cli.given.net_and_solver import NetAndSolver
from graphnet.cli.output.terminal import bytes_text
from graphnet.data.sets.store import PREFIX
from graphnet.layers.base import Phase
from graphnet.net.compiled import CompiledNet, compile_net
from graphnet.net.sources import ResolvedData
from graphnet.net.spec import NetSpec
from graphnet.solver.param_groups import ParamGroup, is_meant
from graphnet.solver.spec import SolverSpec

#: Names and what they stand for, one line each.
Facts: TypeAlias = list[tuple[str, str]]


def compile_to_show(
    spec: NetSpec,
    phase: Phase,
    memory_limit: int | None = None,
    precision: Precision = "float32",
) -> CompiledNet:
    """A net as it would run on NumPy in float32, products in ``precision``. Nothing is allocated.

    Raises:
        GraphnetError: If it cannot be compiled.
    """
    backend, dtype = open_backend("numpy", precision=precision), np.dtype("float32")
    return compile_net(spec, phase, backend, dtype, "needed", memory_limit=memory_limit)


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


def settings(declared: NetAndSolver) -> Facts:
    """How the net is trained, and where each setting comes from.

    Defaults are shown too: some are Mocha's, and will surprise others.
    """
    spec = declared.solver.spec if declared.solver else SolverSpec(max_iter=0)
    coef = spec.regu_coef
    regularized = f"the L2 gradient is 2·{coef:g}·w" if coef else "nothing is regularized"
    found = [
        f"method {_with_values(spec.method)} ({declared.origin('method')})",
        f"lr_policy {_with_values(spec.lr_policy)} ({declared.origin('lr_policy')})",
    ]
    if spec.mom_policy is not None:
        found.append(
            f"mom_policy {_with_values(spec.mom_policy)} ({declared.origin('mom_policy')})"
        )
    found += [
        f"regu_coef {coef:g} ({declared.origin('regu_coef')}): {regularized}",
        f"seed {spec.seed} ({declared.origin('seed')})",
    ]
    if spec.precision != "float32":
        found.append(_precision(spec, declared.origin("precision")))
    groups = spec.param_groups or ()
    if groups:
        each = "; ".join(f"{', '.join(group.params)}: {_given(group)}" for group in groups)
        found.append(f"param_groups {each} ({declared.origin('param_groups')})")
    with_rate = [group for group in groups if group.lr is not None]
    plain = [
        layer
        for layer in _default_bias_rates(declared)
        if not any(is_meant(group.params, layer, "bias", (1,)) for group in with_rate)
    ]
    if plain:
        found.append(f"bias_lr 2 (default) in {', '.join(plain)}: biases learn twice as fast")
    return [("settings" if i == 0 else "", text) for i, text in enumerate(found)]


def _precision(spec: SolverSpec, origin: str) -> str:
    """What mixed precision does, and what it costs."""
    scale = spec.scale if isinstance(spec.scale, str) else f"{spec.scale:g}"
    return (
        f"precision {spec.precision} ({origin}), loss_scale {scale}: products of rounded operands,"
        " added up in float32; on the backend numpy this takes longer than float32"
    )


def _with_values(model: BaseModel) -> str:
    """A model's values that differ from its defaults: ``Step, base_lr 0.01, gamma 0.1``."""
    fields = type(model).model_fields
    parts = [str(fields["type"].default)] if "type" in fields else []
    for name, field in fields.items():
        value = getattr(model, name)
        if name != "type" and value != field.default:
            parts.append(f"{name} {_value_text(value)}")
    return ", ".join(parts)


def _value_text(value: Any) -> str:
    if isinstance(value, BaseModel):
        return f"({_with_values(value)})"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value_text, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _given(group: ParamGroup) -> str:
    """What a group says of its params."""
    said = {"decay": group.decay, "lr": group.lr}
    return ", ".join(f"{key} {value:g}" for key, value in said.items() if value is not None)


def _default_bias_rates(declared: NetAndSolver) -> list[str]:
    """The layers whose biases learn at a default rate other than 1."""
    return [
        node.name for node in declared.net.nodes if node.spec.unstated_lr("bias") not in (None, 1)
    ]


def fallback_notice(data: ResolvedData) -> list[str]:
    """The notice that the fall-back was taken; nothing if it was not."""
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
