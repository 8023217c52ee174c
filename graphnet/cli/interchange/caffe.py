"""``graphnet import caffe`` and ``export caffe``: write the files, and say what was done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graphnet.blob import shape_text
from graphnet.cli.output.terminal import bytes_text, facts, say, table
from graphnet.interchange.caffe.exporting import export_caffe
from graphnet.interchange.caffe.imported import Imported
from graphnet.interchange.caffe.importing import import_caffe, written
from graphnet.layers.base import Phase


def caffe(  # noqa: PLR0913  # one for each option
    model: Path,
    to: Path,
    weights: Path | None,
    solver: Path | None,
    mean: Path | None,
    *,
    level: int,
    stages: Sequence[str],
    force: bool,
    state: Path | None = None,
) -> None:
    """Import, and print a table of the layers.

    Raises:
        GraphnetError: Listing all that is wrong or has no equal.
    """
    made = import_caffe(
        *(model, to, weights, solver, mean),
        level=level,
        stages=stages,
        force=force,
        state=state,
    )
    headings = ["layer", "caffe", "graphnet", "filled with"]
    table(headings, made.rows(), leave_out=("filled with", "caffe"))
    say()
    facts([*((path.name, _size(path)) for path in written(made, to)), *_left_out(made)])
    notes = [note for entry, _ in made.entries for note in entry.made.notes]
    if made.notes or notes:
        n = len(made.notes) + len(notes)
        what = "a note" if n == 1 else f"{n} notes"
        say(f"{what} on what differs: see the comments in {to / 'net.yaml'}")


def to_caffe(net: Path, to: Path, weights: Path | None, phase: Phase, *, force: bool) -> None:
    """Export, and print a table of the layers.

    Raises:
        GraphnetError: Listing all that Caffe has no equal of.
    """
    found = export_caffe(net, to, weights, phase, force=force)
    rows = [
        (
            each.of.name,
            each.of.type,
            each.part.message["type"],
            ", ".join(map(shape_text, each.shapes)),
        )
        for each in found
    ]
    table(["layer", "graphnet", "caffe", "params"], rows, leave_out=("params", "graphnet"))
    say()
    files = [to, *([to.with_suffix(".caffemodel")] if weights else [])]
    facts([(path.suffix[1:], _size(path)) for path in files])


def _size(path: Path) -> str:
    return f"{path} ({bytes_text(path.stat().st_size)})"


def _left_out(made: Imported) -> list[tuple[str, str]]:
    """What the model has for layers that the net has not."""
    if made.weights is None:
        return []
    names = {entry.message["name"] for entry, _ in made.entries}
    unused = [name for name in made.weights.blobs if name not in names]
    return [("unused", f"in the model, not in the net: {', '.join(unused)}")] if unused else []
