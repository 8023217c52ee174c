"""What ``source:`` may name, and the files or arrays behind it.

``dataset:NAME/SPLIT`` is a named set; anything else is a path: an HDF5 file, a glob, or a text
file that names one HDF5 file on each line. A list of any of these is one after the other.
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from graphnet.blob import Shape
from graphnet.data import datasets
from graphnet.data.datasets import PREFIX
from graphnet.data.download import Progress
from graphnet.data.hdf5_file import HDF5File, is_hdf5
from graphnet.data.table import ArrayPart, Part
from graphnet.errors import DataError
from graphnet.fields import is_there, user_path

Source: TypeAlias = str | tuple[str, ...]

_HDF5_SUFFIXES = (".h5", ".hdf5", ".hdf")


def entries(source: Source) -> tuple[str, ...]:
    """The entries of a source, one or several."""
    return (source,) if isinstance(source, str) else source


def check_names(source: Source) -> None:
    """See that each named set exists and an entry is not blank.

    Raises:
        DataError: With the names there are.
    """
    if not entries(source):
        raise DataError("the source is an empty list")
    for entry in entries(source):
        if not entry.strip():
            raise DataError("the source is blank\n  expected dataset:NAME/SPLIT or a path")
        if entry.startswith(PREFIX):
            datasets.lookup(entry.removeprefix(PREFIX))


def absolute_source(source: Source, folder: Path) -> Source:
    """The source with relative paths taken from ``folder``; a pure function."""
    if isinstance(source, str):
        return _absolute(source, folder)
    return tuple(_absolute(entry, folder) for entry in source)


def _absolute(entry: str, folder: Path) -> str:
    if entry.startswith(PREFIX):
        return entry
    path = user_path(entry)
    if path.is_absolute():
        return str(path)
    base = str(folder.absolute())
    return str(Path(glob.escape(base) if glob.has_magic(entry) else base) / path)


def known_shapes(source: Source) -> dict[str, Shape] | None:
    """The shapes of a row, where the source is a named set; None for files."""
    first = entries(source)[0]
    if not first.startswith(PREFIX):
        return None
    return dict(datasets.lookup(first.removeprefix(PREFIX))[0].shapes)


def missing(source: Source) -> str:
    """Why the source cannot be had on this machine as it is; nothing if it can.

    Whether what is there can be read is not looked at.
    """
    try:
        for entry in entries(source):
            _locate(entry)
    except DataError as error:
        return str(error)
    return ""


def fetch(source: Source, *, offline: bool = False, progress: Progress | None = None) -> None:
    """Get the named sets of a source that are not on this machine.

    Raises:
        DataError: If that fails, or a file of the source is missing.
    """
    for entry in entries(source):
        if entry.startswith(PREFIX):
            name = entry.removeprefix(PREFIX).partition("/")[0]
            datasets.fetch(name, offline=offline, progress=progress)
    if reason := missing(source):
        raise DataError(reason)


def open_parts(source: Source, names: Sequence[str]) -> list[Part]:
    """The parts of a source in order, their headers read.

    Args:
        source: With absolute paths.
        names: Of the data sets to read.

    Raises:
        DataError: If a part is missing or damaged.
    """
    return [_open(place, names) for entry in entries(source) for place in _locate(entry)]


def open_first(source: Source, names: Sequence[str]) -> Part:
    """The first part of a source, its header read; for shapes."""
    return _open(_locate(entries(source)[0])[0], names)


def files(source: Source) -> list[Path]:
    """The files of a source in order; what is part of graphnet is none.

    Raises:
        DataError: If one is missing.
    """
    places = (place for entry in entries(source) for place in _locate(entry))
    return [place for place in places if isinstance(place, Path)]


def _open(place: Path | datasets.Arrays, names: Sequence[str]) -> Part:
    if isinstance(place, Path):
        return HDF5File(place, names)
    return ArrayPart(place.name, place.values, names)


def _locate(entry: str) -> Sequence[Path | datasets.Arrays]:
    """Where an entry's samples are.

    Raises:
        DataError: If they are not on this machine.
    """
    if entry.startswith(PREFIX):
        return [datasets.resolve(entry.removeprefix(PREFIX))]
    path = Path(entry)
    if is_there(path):
        if path.is_dir():
            raise DataError(
                f"the source {entry} is a folder\n  to read all files in it: {entry}/*.h5"
            )
        return [path] if is_hdf5(path) or path.suffix in _HDF5_SUFFIXES else _listed(path)
    if glob.has_magic(entry):
        matches = [Path(p) for p in sorted(glob.glob(entry, recursive=True))]  # noqa: PTH207 - an absolute pattern
        if matches:
            return matches
        raise DataError(f"no file matches the source {entry}")
    raise DataError(f"there is no file {entry}\n  expected {_EXPECTED}")


_EXPECTED = (
    "an HDF5 file, a glob such as part-*.h5, a text file naming HDF5 files,\n"
    f"  or one of: {', '.join(PREFIX + name for name in datasets.split_names())}"
)


def _listed(path: Path) -> list[Path]:
    """The files a text file names, relative to its folder or else to the working directory."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is neither an HDF5 file nor a text file\n  expected {_EXPECTED}"
        ) from error
    found = []
    for number, line in enumerate(lines, 1):
        if name := line.strip():
            candidates = [path.parent / user_path(name), Path(name).absolute()]
            there = [c for c in candidates if is_there(c) and c.is_file()]
            if not there:
                looked = " or ".join(dict.fromkeys(map(str, candidates)))
                raise DataError(f"{path}:{number}: there is no file {name}\n  looked for {looked}")
            found.append(there[0])
    if not found:
        raise DataError(f"{path} names no files\n  expected the name of an HDF5 file on each line")
    return found
