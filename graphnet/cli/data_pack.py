"""``graphnet data pack``: HDF5 files out of pictures, a table or arrays."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from graphnet.cli.progress import downloads
from graphnet.cli.terminal import bytes_text, facts, say
from graphnet.data.packable import ArrayFiles, CsvTable, Packable, PictureFolder, PictureOptions
from graphnet.data.packing import PackOptions
from graphnet.data.packing import pack as pack_samples
from graphnet.errors import DataError


def pack(
    sources: Sequence[str],
    folder: Path,
    options: PackOptions,
    *,
    label: str | None,
    size: str | None,
    grey: bool,
) -> None:
    """Pack what is named, and say where it went.

    Args:
        sources: A folder, a ``.csv`` file, or ``NAME=FILE`` for each array.
        folder: Where the files go.
        options: How they are made.
        label: The column of a table.
        size: Of pictures, ``HEIGHTxWIDTH``.
        grey: Whether pictures have one channel.

    Raises:
        DataError: If something cannot be read or written.
    """
    samples = _samples(sources, label, PictureOptions(_size(size), grey))
    if sys.stderr.isatty():
        with downloads() as progress:
            made = pack_samples(samples, folder, options, progress)
    else:
        made = pack_samples(samples, folder, options)
    if samples.classes:
        say("classes: " + ", ".join(f"{i} {name}" for i, name in enumerate(samples.classes)))
    rows = [
        (name, f"{n:,} sample{'s'[: n != 1]} in {path} ({bytes_text(path.stat().st_size)})")
        for name, (path, n) in made.items()
    ]
    facts([(name, f"in {made[name][0]}" if name == "mean" else text) for name, text in rows])


def _samples(sources: Sequence[str], label: str | None, pictures: PictureOptions) -> Packable:
    """What the sources name."""
    named = [re.fullmatch(r"(\w+)=(.+)", source) for source in sources]
    if all(named):
        files = {found[1]: Path(found[2]) for found in named if found}
        if len(files) < len(named):
            raise DataError("two arrays have the same name")
        return ArrayFiles(files)
    if len(sources) == 1:
        path = Path(sources[0])
        if path.is_dir():
            return PictureFolder(path, pictures)
        if path.suffix.lower() == ".csv":
            return CsvTable(path, label)
    raise DataError(
        f"cannot tell what to pack: {' '.join(sources)}\n"
        "  expected a folder of pictures, a .csv file, or arrays by name, as in\n"
        "  data=images.npy label=labels.npy"
    )


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"([1-9]\d*)[x×]([1-9]\d*)", text)
    if found is None:
        raise DataError(f"--size {text}: expected HEIGHTxWIDTH, such as 32x32")
    return int(found[1]), int(found[2])
