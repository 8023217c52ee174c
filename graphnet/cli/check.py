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
from graphnet.net.flow import unreached
from graphnet.net.graph import BlobVertex, LayerVertex
from graphnet.net.sources import resolve_data
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
                "name": layer.name,
                "type": layer.type,
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
    return found


def _where(layer: LayerVertex) -> str:
    return (f"{layer.position}: " if layer.position else "") + layer.subject


def _print_table(compiled: CompiledNet, *, connections: bool) -> None:
    layers = compiled.layers
    first = [_first_cells(layer) for layer in layers]
    counts = [layer.connections if connections else layer.macs for layer in layers]
    sizes = [layer.n_bytes for layer in layers]
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


def _first_cells(layer: LayerVertex) -> tuple[str, ...]:
    return (
        layer.name,
        layer.type,
        f"{_names(layer.bottoms)} → {_names(layer.tops)}".strip(),
        ", ".join(dict.fromkeys(shape_text(shape) for shape in layer.top_shapes)),
        f"{layer.n_params:,}" if layer.n_params else "",
    )


def _names(blobs: Iterable[BlobVertex]) -> str:
    return ", ".join(dict.fromkeys(blob.name for blob in blobs))
