"""``graphnet export onnx``: write the file, and say what was done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graphnet.cli.terminal import bytes_text, facts, notice, say, table
from graphnet.interchange.onnx.exporting import export_onnx
from graphnet.interchange.onnx.parity import Parity
from graphnet.layers.base import Phase


def to_onnx(
    net: Path,
    to: Path,
    weights: Path | None,
    phase: Phase,
    *,
    gives: Sequence[str],
    force: bool,
) -> None:
    """Export, and print a table of the layers.

    Raises:
        GraphnetError: Listing all that ONNX has no equal of.
    """
    made = export_onnx(net, to, weights, phase, gives=gives, force=force)
    table(["layer", "graphnet", "onnx", "params"], made.rows())
    say()
    facts(
        [
            ("onnx", f"{to} ({bytes_text(made.n_bytes)})"),
            ("takes", ", ".join(made.graph.inputs)),
            ("gives", ", ".join(made.graph.outputs)),
            ("onnxruntime", _compared(made.parity)),
        ]
    )
    if made.notes:
        say()
        notice(made.notes)


def _compared(parity: Parity | None) -> str:
    if parity is None:
        return "not installed, so nothing was compared"
    return (
        f"largest difference {parity.difference:.1e}, of blob '{parity.blob}'"
        f" ({parity.relative:.1e} of its largest number), in {parity.n_rows} rows"
    )
