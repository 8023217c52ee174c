"""``graphnet import onnx`` and ``export onnx``: write the files, and say what was done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graphnet.cli.output.terminal import bytes_text, facts, notice, say, table
from graphnet.interchange.onnx.exporting import export_onnx
from graphnet.interchange.onnx.importing import import_onnx
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
    files = to if made.beside is None else f"{to} and {made.beside.name}"
    facts(
        [
            ("onnx", f"{files} ({bytes_text(made.n_bytes)})"),
            ("takes", ", ".join(made.graph.inputs)),
            ("gives", ", ".join(made.graph.outputs)),
            ("onnxruntime", _compared(made.parity)),
        ]
    )
    if made.notes:
        say()
        notice(made.notes)


def from_onnx(file: Path, to: Path, *, force: bool) -> None:
    """Import, and print a table of the nodes.

    Raises:
        GraphnetError: Listing all that graphnet has no equal of.
    """
    made = import_onnx(file, to, force=force)
    table(["node", "onnx", "graphnet", "filled with"], made.rows())
    say()
    paths = [to / "net.yaml", to / "model.h5"]
    facts(
        [
            *((path.name, f"{path} ({bytes_text(path.stat().st_size)})") for path in paths),
            ("takes", ", ".join(made.feed["tops"])),
            ("gives", ", ".join(value.blob for value in made.gives.values())),
        ]
    )
    notes = [*made.notes, *(note for entry in made.entries for note in entry.notes)]
    if notes:
        say()
        notice(notes)


def _compared(parity: Parity | None) -> str:
    if parity is None:
        return "not installed, so nothing was compared"
    return (
        f"largest difference {parity.difference:.1e}, of blob '{parity.blob}'"
        f" ({parity.relative:.1e} of its largest number), in {parity.n_rows} rows"
    )
