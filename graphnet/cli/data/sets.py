"""``graphnet data``: get a named data set, or list them all."""

from __future__ import annotations

from pathlib import Path

from graphnet.cli.output.progress import downloads
from graphnet.cli.output.terminal import facts, say, table
from graphnet.data.sets.catalog import SETS, NamedSet
from graphnet.data.sets.store import fetch, resolve
from graphnet.errors import DataError
from graphnet.files.paths import shown


def data(name: str, from_dir: Path | None, to_dir: Path | None, *, offline: bool) -> None:
    """Get a named set as HDF5 files, and print where they are.

    Raises:
        DataError: If there is no such set, or it is not available.
    """
    with downloads() as progress:
        files = fetch(name, from_dir=from_dir, to_dir=to_dir, offline=offline, progress=progress)
    found = SETS[name]
    say(f"{found.title} ({found.licence}, {found.home})")
    facts([(part, _contents(found, part, path)) for part, path in files.items()])


def _contents(found: NamedSet, part: str, path: Path) -> str:
    what = f"{found.rows[part]:,} samples" if part in found.rows else "of the training samples,"
    return f"{what} in {path}"


def list_data() -> None:
    """Print all named sets and whether they are here."""
    table(
        ["name", "what", ">train", ">test", ""],
        [
            (
                found.name,
                found.title,
                *(f"{found.rows[split]:,}" for split in ("train", "test")),
                _place(found),
            )
            for found in SETS.values()
        ],
        leave_out=("what", "test", "train"),
    )


def _place(found: NamedSet) -> str:
    if found.embedded is not None:
        return "part of graphnet"
    try:
        places = [resolve(f"{found.name}/{split}") for split in found.rows]
    except DataError:
        return f"not here: graphnet data {found.name}"
    first = places[0]
    return str(shown(first.parent)) if isinstance(first, Path) else ""
