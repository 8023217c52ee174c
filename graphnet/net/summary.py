"""A net as a table: what ``graphnet check`` and ``net.summary()`` show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from graphnet.amounts import bytes_text
from graphnet.blob import shape_text
from graphnet.net.compiled import CompiledNet
from graphnet.net.graph import BlobVertex, LayerVertex


class Summary(str):
    """A text that a prompt shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def layer_table(
    compiled: CompiledNet, *, connections: bool = False
) -> tuple[list[str], list[tuple[str, ...]]]:
    """The headings, ``>`` before those of numbers, and a row for each layer.

    Args:
        compiled: The net.
        connections: Count connections, biases included, instead of multiply-adds.
    """
    heading = ">connections" if connections else ">multiply-adds"
    columns = ["layer", "type", "bottoms → tops", "shape", ">params", heading, ">bytes"]
    return columns, [_row(layer, connections=connections) for layer in compiled.layers]


def summary(compiled: CompiledNet) -> Summary:
    """The table as lines of text, and the sums below it."""
    columns, rows = layer_table(compiled)
    cells: Sequence[Sequence[str]] = [[name.removeprefix(">") for name in columns], *rows]
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
        layer.type,
        f"{_names(layer.bottoms)} → {_names(layer.tops)}".strip(),
        ", ".join(dict.fromkeys(shape_text(shape) for shape in layer.top_shapes)),
        f"{layer.n_params:,}" if layer.n_params else "",
        f"{count:,}" if count else "",
        bytes_text(layer.n_bytes) if layer.n_bytes else "",
    )


def _names(blobs: Iterable[BlobVertex]) -> str:
    return ", ".join(dict.fromkeys(blob.name for blob in blobs))
