"""``graphnet data pack``: make HDF5 files of pictures, a table or arrays."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from graphnet.cli.output.progress import downloads
from graphnet.cli.output.terminal import bytes_text, facts, is_terminal, say
from graphnet.cli.output.terminal import table as table_of
from graphnet.data.csv.column_roles import TableOptions
from graphnet.data.csv.table import CsvTable
from graphnet.data.file_kind import TABLES, is_table, kind
from graphnet.data.hdf5.opening import is_hdf5
from graphnet.data.pictures.class_folders import PictureFolder
from graphnet.data.pictures.picture_table import PictureTable, names_pictures
from graphnet.data.pictures.reader import PictureOptions
from graphnet.data.regular_file import first_bytes
from graphnet.data.text_file import one_line
from graphnet.data.tools.packable import ArrayFiles, Packable
from graphnet.data.tools.packing import PackOptions
from graphnet.data.tools.packing import pack as pack_samples
from graphnet.errors import DataError
from graphnet.files.paths import refuse_to_write_over

#: So many columns are told of one by one.
_MOST_COLUMNS = 60


def pack(
    sources: Sequence[str],
    folder: Path,
    options: PackOptions,
    table: TableOptions,
    pictures: PictureOptions,
) -> None:
    """Pack the sources, and print how they were read and where they went.

    Args:
        sources: A folder, a table of text, or ``NAME=FILE`` for each array.
        folder: Where the files go.
        options: How they are made.
        table: How a table is read.
        pictures: How pictures are.

    Raises:
        DataError: If something cannot be read or written, or options are given that are not for
            this kind of source.
    """
    read = {f"the source {path}": path for path in map(_path, sources)}
    for part in ("train", "test", "mean"):
        refuse_to_write_over(folder / f"{part}.h5", read)
    samples = _samples(sources, table, pictures)
    if is_terminal(sys.stderr):
        with downloads() as progress:
            made = pack_samples(samples, folder, options, progress)
    else:
        made = pack_samples(samples, folder, options)
    said = [(name, one_line(text)) for name, text in samples.notes]
    if samples.classes:
        named = ", ".join(f"{i} {one_line(name)}" for i, name in enumerate(samples.classes))
        said.append(("classes", named))
    for name, (path, n) in made.items():
        rows = f"{n:,} sample{'s'[: n != 1]} in {path} ({bytes_text(path.stat().st_size)})"
        said.append((name, f"in {path}" if name == "mean" else rows))
    facts(said)
    if samples.column_table:
        columns = samples.column_table
        shown = columns[:_MOST_COLUMNS]
        say()
        table_of(
            ["column", "taken for", ">features", "gaps"], [list(map(one_line, r)) for r in shown]
        )
        if len(columns) > len(shown):
            say(f"and {len(columns) - len(shown):,} more")


def _path(source: str) -> Path:
    return Path(re.sub(r"^\w+=", "", source))


def _samples(sources: Sequence[str], table: TableOptions, pictures: PictureOptions) -> Packable:
    """What the sources name."""
    named = [re.fullmatch(r"(\w+)=(.+)", source, re.DOTALL) for source in sources]
    path = Path(sources[0])
    is_one = len(sources) == 1
    if all(named):
        _refuse_options("arrays", table, pictures)
        files = {found[1]: Path(found[2]) for found in named if found}
        if len(files) < len(named):
            raise DataError("two arrays have the same name")
        return ArrayFiles(files)
    if is_one and path.is_dir():
        _refuse_options("pictures", table)
        return PictureFolder(path, _checked(pictures))
    if is_one and (
        path.suffix.lower() in TABLES or (path.is_file() and is_table(path, first_bytes(path)))
    ):
        if path.is_file() and names_pictures(path, table):
            for name in ("weight", "missing", "one_hot", "index", "standardize"):
                if getattr(table, name):
                    raise DataError(
                        f"--{name.replace('_', '-')} is not for a table of pictures: leave it out"
                    )
            return PictureTable(path, table, _checked(pictures))
        _refuse_options("a table", pictures)
        return CsvTable(path, table)
    raise DataError(_no_source(sources))


def _checked(pictures: PictureOptions) -> PictureOptions:
    if pictures.fit != "stretch" and pictures.size is None:
        raise DataError(f"--fit {pictures.fit} needs a size: --size HEIGHTxWIDTH")
    return pictures


def _no_source(sources: Sequence[str]) -> str:
    """The message that there is nothing to pack."""
    path, is_one = Path(sources[0]), len(sources) == 1
    if is_one and not path.exists():
        return f"there is no file or folder {path}\n{_EXPECTED}"
    if is_one and is_hdf5(path):
        return f"{path} is an HDF5 file, and need not be packed\n  in a net: source: {path}"
    if is_one and path.is_file():
        what = kind(path, first_bytes(path))[0] or "is nothing that can be packed"
        return f"{path} {what}\n{_EXPECTED}"
    return f"cannot tell what to pack: {' '.join(sources)}\n{_EXPECTED}"


_EXPECTED = (
    "  expected a folder with a folder of pictures for each class, a table of text such as a\n"
    "  .csv file, or arrays by name: data=images.npy label=labels.npy"
)


def _refuse_options(kind: str, *options: TableOptions | PictureOptions) -> None:
    """Check that no option was given that has no meaning for this kind of source."""
    for given in options:
        for field in fields(given):
            if getattr(given, field.name) != field.default:
                option = field.name.replace("_", "-")
                raise DataError(f"--{option} is not for {kind}: leave it out")


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Height and width of ``32x48``.

    Raises:
        DataError: If it is no such size.
    """
    if text is None:
        return None
    found = re.fullmatch(r"([1-9]\d*)[x×]([1-9]\d*)", text, re.ASCII)
    if found is None:
        raise DataError(f"--size {text}: expected HEIGHTxWIDTH, such as 32x32")
    return int(found[1]), int(found[2])


def parse_part(text: str) -> float:
    """The number that ``0.2`` or ``20%`` stands for.

    Raises:
        DataError: If it is not a number, or not from 0 to less than 1.
    """
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)(%?)", text.strip(), re.ASCII)
    part = float(found[1]) / (100 if found[2] else 1) if found else -1
    if not 0 <= part < 1:
        raise DataError(f"--split {text}: expected a part of the samples, such as 0.2 or 20%")
    return part
