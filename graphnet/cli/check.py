"""``graphnet check``: the compiled net as a table, without opening any data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.backend import open_backend
from graphnet.blob import shape_text
from graphnet.cli.declared import read_declared
from graphnet.cli.summary import defaults_in_force, fallback_notice, net_facts
from graphnet.cli.terminal import Justify, bytes_text, count_text, facts, notice, say, table
from graphnet.layers.base import Kind, Phase
from graphnet.net.compiled import CompiledNet, compile_net
from graphnet.net.passes import VERSION_MARK
from graphnet.net.sources import resolve_data
from graphnet.net.spec import Node
from graphnet.overrides import Override


def check(
    path: Path,
    phase: Phase,
    overrides: Sequence[Override],
    *,
    as_json: bool,
    user_code: bool,
    connections: bool = False,
    memory_limit: int | None = None,
) -> None:
    """Compile a net and print it.

    Raises:
        GraphnetError: If it cannot be compiled.
    """
    declared = read_declared(path, overrides, user_code=user_code)
    data = resolve_data(declared.net, phase=phase)
    compiled = compile_net(
        data.spec,
        phase,
        open_backend("numpy"),
        np.dtype("float32"),
        "needed",
        memory_limit=memory_limit,
    )
    if as_json:
        say(json.dumps(as_dict(compiled), indent=2, ensure_ascii=False))
        return
    _print_table(compiled, connections=connections)
    say()
    facts([*net_facts(compiled, data), *defaults_in_force(declared)])
    notice(fallback_notice(data))
    for warning in warnings(compiled):
        say(f"warning: {warning}")


def as_dict(compiled: CompiledNet) -> dict[str, Any]:
    """The compiled net as ``--json`` prints it."""
    return {
        "name": compiled.spec.name,
        "phase": compiled.phase,
        "layers": [
            {
                "name": node.name,
                "type": type(node.spec).__name__,
                "bottoms": list(blob_names(node.bottoms)),
                "tops": list(blob_names(node.tops)),
                "top_shapes": [list(shape) for shape in compiled.top_shapes(node)],
                "params": compiled.n_params(node),
                "macs": compiled.macs(node),
                "bytes": compiled.top_bytes(node),
            }
            for node in compiled.ordered
        ],
        "totals": {
            "params": compiled.n_param_numbers,
            "macs": sum(compiled.macs(node) for node in compiled.ordered),
            "planned_bytes": compiled.planned_bytes,
        },
    }


def blob_names(blobs: Iterable[str]) -> Iterable[str]:
    """Blobs as the user's readers see them: the versions of one have its one name."""
    return (blob.split(VERSION_MARK)[0] for blob in blobs)


def warnings(compiled: CompiledNet) -> list[str]:
    """What is legal but hardly meant."""
    kinds = {node.spec.kind for node in compiled.ordered}
    found = []
    if compiled.phase == "train":
        if Kind.LOSS not in kinds:
            found.append("no loss in phase train, so nothing can be learned")
        else:
            found += [
                f"{_where(node)}no loss depends on its params, so they cannot learn"
                for node in compiled.flow.unreached
            ]
    elif not kinds & {Kind.LOSS, Kind.STATISTIC}:
        found.append("no loss and no statistic in phase test, so testing it tells nothing")
    return found


def _where(node: Node) -> str:
    return (f"{node.position}: " if node.position else "") + node.subject


def _print_table(compiled: CompiledNet, *, connections: bool) -> None:
    count = compiled.connections if connections else compiled.macs
    first = [_first_cells(compiled, node) for node in compiled.ordered]
    counts = [count(node) for node in compiled.ordered]
    sizes = [compiled.top_bytes(node) for node in compiled.ordered]
    rows = [
        (*cells, f"{n:,}" if n else "", bytes_text(size) if size else "")
        for cells, n, size in zip(first, counts, sizes, strict=True)
    ]
    # what can be had from --json in full is what a narrow terminal does without
    short = [(*cells, count_text(n) if n else "") for cells, n in zip(first, counts, strict=True)]
    heading, heading_short = ("connections",) * 2 if connections else ("multiply-adds", "MACs")
    table(
        [*_FIRST_COLUMNS, (heading, "right"), ("bytes", "right")],
        rows,
        narrow=([*_FIRST_COLUMNS, (heading_short, "right")], short),
    )


_FIRST_COLUMNS: list[tuple[str, Justify]] = [
    ("layer", "left"),
    ("type", "left"),
    ("bottoms → tops", "left"),
    ("shape", "left"),
    ("params", "right"),
]


def _first_cells(compiled: CompiledNet, node: Node) -> tuple[str, ...]:
    n_params = compiled.n_params(node)
    return (
        node.name,
        type(node.spec).__name__,
        _flow_text(node),
        ", ".join(dict.fromkeys(shape_text(s) for s in compiled.top_shapes(node))),
        f"{n_params:,}" if n_params else "",
    )


def _flow_text(node: Node) -> str:
    bottoms, tops = (", ".join(dict.fromkeys(blob_names(b))) for b in (node.bottoms, node.tops))
    return f"{bottoms} → {tops}".strip()
