"""A net as a table: what ``graphnet check`` and ``net.summary()`` show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graphnet.amounts import bytes_text
from graphnet.blob import shape_text
from graphnet.net.compiled import CompiledNet
from graphnet.net.folding import Folded, foldable
from graphnet.net.graph import BlobVertex, LayerVertex


class Summary(str):
    """A text that a prompt shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class LayerTable:
    """A net as a table.

    Attributes:
        columns: The headings, ``>`` before those of numbers.
        rows: One for each layer.
        counts: Of each row its multiply-adds, or connections.
    """

    columns: list[str]
    rows: list[tuple[str, ...]]
    counts: list[int]


def layer_table(
    compiled: CompiledNet, *, connections: bool = False, fold: bool = False
) -> LayerTable:
    """A row for each layer.

    Args:
        compiled: The net.
        connections: Count connections, biases included, instead of multiply-adds.
        fold: Of a block that is repeated, show the layers once; a row stands for all the others.
    """
    heading = ">connections" if connections else ">multiply-adds"
    columns = ["layer", "type", "bottoms → tops", "shape", ">params", heading, ">bytes"]
    hidden: dict[str, Folded] = {}
    for alike in _alike(compiled) if fold else ():
        hidden |= {node.name: alike for node, _ in alike.others}
    rows: list[tuple[str, ...]] = []
    counts: list[int] = []
    shown: set[str] = set()
    for layer in compiled.layers:
        block = hidden.get(_owner(layer))
        if not block:
            rows.append(_row(layer, connections=connections))
            counts.append(layer.connections if connections else layer.macs)
        elif block.name not in shown:
            shown.add(block.name)
            others = [each for each in compiled.layers if hidden.get(_owner(each)) is block]
            counts.append(sum(each.connections if connections else each.macs for each in others))
            rows.append(_folded_row(block, others, counts[-1]))
    return LayerTable(columns, rows, counts)


def _owner(layer: LayerVertex) -> str:
    """The declared layer that it is of; of a Split, the one whose top it hands on."""
    return layer.of or layer.bottoms[0].producer.of


def _alike(compiled: CompiledNet) -> list[Folded]:
    """The repetitions whose blocks are alike in what the table shows of them, except for names."""
    looks: dict[str, list[tuple[object, ...]]] = {}
    for layer in compiled.layers:
        look = (layer.type, layer.top_shapes, layer.n_params, layer.macs)
        looks.setdefault(layer.of, []).append(look)
    here = [n for n in compiled.spec.nodes if n.spec.phase in (None, compiled.phase)]
    return foldable(here, lambda node: looks.get(node.name))


def _folded_row(block: Folded, others: Sequence[LayerVertex], count: int) -> tuple[str, ...]:
    """What stands for the other repetitions of a block."""
    name = f"{block.name} 2" if block.count == 2 else f"{block.name} 2 to {block.count}"  # noqa: PLR2004
    n_params = sum(layer.n_params for layer in others)
    n_bytes = sum(layer.n_bytes for layer in others)
    return (
        name,
        "as block 1",
        "",
        "",
        f"{n_params:,}" if n_params else "",
        f"{count:,}" if count else "",
        bytes_text(n_bytes) if n_bytes else "",
    )


def summary(compiled: CompiledNet) -> Summary:
    """The table as lines of text, and the sums below it."""
    made = layer_table(compiled)
    columns = made.columns
    cells: Sequence[Sequence[str]] = [[name.removeprefix(">") for name in columns], *made.rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    lines = [
        "  ".join(
            f"{cell:{'>' if name[0] == '>' else '<'}{width}}"
            for cell, name, width in zip(row, columns, widths, strict=True)
        ).rstrip()
        for row in cells
    ]
    numbers = f"{compiled.n_param_numbers:,} params"
    macs = f"{sum(layer.macs for layer in compiled.layers):,} multiply-adds"
    size = f"{bytes_text(compiled.planned_bytes)} planned"
    head = f"net '{compiled.spec.name}', phase {compiled.phase}"
    return Summary("\n".join([head, *lines, f"{numbers}, {macs}, {size}"]))


def _row(layer: LayerVertex, *, connections: bool) -> tuple[str, ...]:
    count = layer.connections if connections else layer.macs
    return (
        layer.name,
        layer.role,
        f"{_names(layer.bottoms)} → {_names(layer.tops)}".strip(),
        ", ".join(dict.fromkeys(shape_text(shape) for shape in layer.top_shapes)),
        f"{layer.n_params:,}" if layer.n_params else "",
        f"{count:,}" if count else "",
        bytes_text(layer.n_bytes) if layer.n_bytes else "",
    )


def _names(blobs: Iterable[BlobVertex]) -> str:
    return ", ".join(dict.fromkeys(blob.name for blob in blobs))
