"""Weights of other formats: write the files, and say which array has filled which param."""

from __future__ import annotations

from pathlib import Path

from graphnet.blob import shape_text
from graphnet.cli.output.terminal import bytes_text, facts, say, table
from graphnet.errors import SpecError
from graphnet.interchange.weights.formats import FORMATS
from graphnet.interchange.weights.importing import FilledNet, fill_net, write_filled


def take(
    name: str,
    net: Path,
    weights: Path,
    to: Path | None,
    map_file: Path | None,
    *,
    prints: bool,
    force: bool,
) -> None:
    """Import, and print a table of the params; or print the map alone.

    Raises:
        GraphnetError: Listing all that does not fit.
    """
    if to is None and not prints:
        raise SpecError("there is no folder to write to\n  give one: -o DIR; or see --print-map")
    made = fill_net(FORMATS[name].read_file, net, weights, map_file)
    if prints:
        say(made.map_text().rstrip("\n"))
        return
    files = write_filled(made, to or Path(), force=force)
    table(["param", "shape", "from", "by"], _rows(made))
    say()
    unused = [("not used", ", ".join(map(str, made.match.unused)))] if made.match.unused else []
    facts(
        [*((path.name, f"{path} ({bytes_text(path.stat().st_size)})") for path in files), *unused]
    )


def _rows(made: FilledNet) -> list[tuple[str, str, str, str]]:
    found = made.match
    return [
        (
            each.path,
            shape_text(each.shape),
            ", ".join(found.fills[each.path].arrays),
            made.how(found.fills[each.path]),
        )
        for each in found.needed
    ]


def give(name: str, net: Path, weights: Path, to: Path, names: str | None, *, force: bool) -> None:
    """Export, and print a table of the params.

    Raises:
        GraphnetError: Listing all that the format has no name for.
    """
    written = FORMATS[name].export(net, to, weights, names=names, force=force)
    table(
        ["param", "shape", "there"],
        [(each.path, shape_text(each.shape), other) for each, other in written],
    )
    say()
    facts([(name, f"{to} ({bytes_text(to.stat().st_size)})")])
