"""``graphnet data statistics``: the mean and the deviation of each channel, in a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from graphnet.cli.output.progress import RowBar
from graphnet.cli.output.terminal import facts, is_terminal, notice, say, say_json, table
from graphnet.data.source import files
from graphnet.data.tools.statistics import channel_statistics, write_statistics
from graphnet.files.paths import refuse_to_replace, refuse_to_write_over, shown

_MOST_SHOWN = 20


def statistics(
    source: str, target: Path, *, name: str, rows: str | None, as_json: bool, force: bool
) -> None:
    """Find them, write them, and say how a net uses them.

    Args:
        source: An HDF5 file, ``dataset:NAME/SPLIT``, or a list of files.
        target: The file for them.
        name: Of the data set.
        rows: ``START:STOP``; None: all.
        as_json: Print JSON.
        force: Replace the file.

    Raises:
        DataError: If the data cannot be read, or the file not be written.
    """
    refuse_to_write_over(target, {f"the source {path}": path for path in files(source)})
    refuse_to_replace([target], force=force)
    with RowBar(None, is_shown=is_terminal(sys.stderr) and not as_json) as bar:
        found = channel_statistics(source, name, rows, lambda done, _: bar.at(done))
    write_statistics(found, target, force=force)
    if as_json:
        value = {
            "rows": found.n_rows,
            "mean": found.mean.tolist(),
            "deviation": found.deviation.tolist(),
            "constant": list(found.constant),
        }
        say_json(json.dumps(value, indent=2))
        return
    pairs = list(zip(found.mean.tolist(), found.deviation.tolist(), strict=True))
    table(
        ["channel", ">mean", ">deviation"],
        [[str(i), f"{m:.6g}", f"{d:.6g}"] for i, (m, d) in enumerate(pairs[:_MOST_SHOWN])],
    )
    if len(pairs) > _MOST_SHOWN:
        say(f"and {len(pairs) - _MOST_SHOWN:,} more: --json lists all")
    say()
    facts([("rows", f"{found.n_rows:,}"), ("written to", str(target))])
    transformer = f"{{type: Normalize, statistics_file: {shown(target)}}}"
    say(f"in a net: transformers: {{{name}: [{transformer}]}}")
    if found.constant:
        some = ", ".join(map(str, found.constant[:_MOST_SHOWN]))
        more = ", …" if len(found.constant) > _MOST_SHOWN else ""
        notice([f"the same everywhere, so divided by 1: channel {some}{more}"])
