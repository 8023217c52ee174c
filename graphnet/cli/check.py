"""``graphnet check``: the compiled net as a table, and what its run would stop at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graphnet.cli.given.net_and_solver import NetAndSolver, read_net_and_solver
from graphnet.cli.output.summary import compile_to_show, fallback_notice, net_facts, settings
from graphnet.cli.output.terminal import (
    count_text,
    facts,
    notice,
    say,
    say_json,
    table,
)
from graphnet.declare.overrides import Override
from graphnet.errors import Problem, SpecError, TopologyError, noted
from graphnet.layers.base import Kind, Phase
from graphnet.net.checks.in_step import chance_meetings
from graphnet.net.checks.sharing import check_shared
from graphnet.net.checks.suspicions import suspicions
from graphnet.net.compiled import CompiledNet
from graphnet.net.flow import unreached
from graphnet.net.graph import LayerVertex
from graphnet.net.sources import resolve_data
from graphnet.net.spec import NetSpec
from graphnet.net.summary import layer_table


def check(
    path: Path,
    phase: Phase,
    overrides: Sequence[Override],
    *,
    as_json: bool,
    user_code: bool,
    connections: bool = False,
    unfold: bool = False,
    memory_limit: int | None = None,
) -> None:
    """Compile a net and print it.

    What a run would stop at as things stand (see :meth:`Solver.unmet` and :meth:`Solver.places`) is
    an error behind it.

    Raises:
        GraphnetError: If it cannot be compiled, or cannot be trained by its solver.
    """
    declared = read_net_and_solver(path, overrides, user_code=user_code, translates=True)
    data = resolve_data(declared.net, phase=phase)
    solver = declared.solver
    precision = solver.spec.precision if solver else "float32"
    compiled = compile_to_show(data.spec, phase, memory_limit, precision)
    problems: list[Problem] = []
    with noted(problems):
        _check_other_phase(declared, data.spec, compiled)
    n_samples = _look_into_data(compiled)
    if as_json:
        say_json(json.dumps(as_dict(compiled), indent=2, ensure_ascii=False))
    else:
        _print_table(compiled, connections=connections, fold=not unfold)
        say()
        facts([*net_facts(compiled, data), *settings(declared)])
        notice(fallback_notice(data))
        doubts = [*suspicions(compiled, n_samples), *(solver.doubts() if solver else ())]
        for warning in [*warnings(compiled), *map(str, doubts)]:
            say(f"warning: {warning}")
    if solver is not None:
        problems += [*solver.unmet(declared.net.statistic_keys), *solver.places()]
        problems += solver.without_params(compiled.declared)
    if problems:
        raise SpecError.of(problems)


def _check_other_phase(declared: NetAndSolver, spec: NetSpec, compiled: CompiledNet) -> None:
    """See that the other phase can be used too, where it has layers of its own or is validated.

    Raises:
        GraphnetError: If it cannot.
    """
    other: Phase = "test" if compiled.phase == "train" else "train"
    validates = declared.solver is not None and declared.solver.validates
    if validates and not spec.has_phase("test"):
        raise TopologyError(
            f"net '{spec.name}' has no loss and no statistic in phase test, so its solver has"
            " nothing to validate\n  add a layer such as Accuracy with 'phase: test'",
            declared.position("coffee_breaks"),
        )
    if not any(node.spec.phase == other for node in spec.nodes) and not validates:
        return
    if not any(node.spec.phase in (None, other) for node in spec.nodes):
        return
    if resolve_data(spec, phase=other).missing:  # its shapes may not be known here
        return
    more = (compiled.memory_limit, compiled.backend.precision)
    both = {compiled.phase: compiled, other: compile_to_show(spec, other, *more)}
    if spec.has_phase("test"):
        check_shared(both["test"], both["train"], both["train"].declared)


def _look_into_data(compiled: CompiledNet) -> dict[str, int | None]:
    """How many samples each data layer has, where its data are here.

    Raises:
        DataError: If they are not as the net declares them.
    """
    found = {}
    for layer in compiled.layers:
        if layer.kind is Kind.DATA:
            with layer.located():
                found[layer.name] = layer.spec.samples_there()
    return found


def as_dict(compiled: CompiledNet) -> dict[str, Any]:
    """The compiled net as ``--json`` prints it."""
    return {
        "name": compiled.spec.name,
        "phase": compiled.phase,
        "layers": [
            {
                "name": layer.name,
                "type": layer.type,
                "within": layer.within.name if layer.within else None,
                "bottoms": [blob.name for blob in layer.bottoms],
                "tops": [blob.name for blob in layer.tops],
                "top_shapes": [list(shape) for shape in layer.top_shapes],
                "params": layer.n_params,
                "macs": layer.macs,
                "bytes": layer.n_bytes,
            }
            for layer in compiled.layers
        ],
        "totals": {
            "params": compiled.n_param_numbers,
            "macs": sum(layer.macs for layer in compiled.layers),
            "planned_bytes": compiled.planned_bytes,
        },
    }


def warnings(compiled: CompiledNet) -> list[str]:
    """What is legal but hardly meant."""
    kinds = {layer.kind for layer in compiled.layers}
    found = []
    if compiled.phase == "train":
        if Kind.LOSS not in kinds:
            found.append("no loss in phase train, so nothing can be learned")
        else:
            found += [
                f"{_where(layer)}no loss depends on its params, so they cannot learn"
                for layer in unreached(compiled.graph)
            ]
    elif not kinds & {Kind.LOSS, Kind.STATISTIC}:
        found.append("no loss and no statistic in phase test, so testing it tells nothing")
    return found + chance_meetings(compiled.layers)


def _where(layer: LayerVertex) -> str:
    return (f"{layer.position}: " if layer.position else "") + layer.subject


def _print_table(compiled: CompiledNet, *, connections: bool, fold: bool) -> None:
    found = layer_table(compiled, connections=connections, fold=fold)
    columns, rows = found.columns, found.rows
    # a narrow terminal does without what --json has in full
    pairs = zip(rows, found.counts, strict=True)
    short = [(*row[:5], count_text(n) if n else "") for row, n in pairs]
    heading = columns[5] if connections else ">MACs"
    table(
        columns,
        rows,
        narrow=([*columns[:5], heading], short),
        leave_out=("MACs", "type", "bottoms → tops", "connections"),
    )
