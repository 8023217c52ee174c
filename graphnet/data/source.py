"""What ``source:`` may name, and the files or arrays behind it.

``dataset:NAME/SPLIT`` is a named set; anything else is a path: of an HDF5 file, a glob, or a text
file that names one HDF5 file on each line. The entries of a list are read one after the other.
"""

from __future__ import annotations

import glob
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from graphnet.blob import Shape
from graphnet.data.file_kind import TABLES
from graphnet.data.file_list import listed
from graphnet.data.hdf5.opening import is_hdf5
from graphnet.data.hdf5.reader import HDF5File
from graphnet.data.regular_file import regular_file
from graphnet.data.sets import store
from graphnet.data.sets.download import ProgressCallback
from graphnet.data.sets.store import PREFIX
from graphnet.data.table import ArrayPart, Part
from graphnet.errors import DataError, about, did_you_mean
from graphnet.files.bounds import check_read
from graphnet.files.paths import is_there, user_path

Source: TypeAlias = str | tuple[str, ...]
Place: TypeAlias = Path | store.EmbeddedSplit

#: Files with these endings are never lists of files.
_NO_LISTS = {".h5", ".hdf5", ".hdf", ".mat", ".nc", *TABLES}


def entries(source: Source) -> tuple[str, ...]:
    """The entries of a source, one or several."""
    return (source,) if isinstance(source, str) else source


def check_names(source: Source) -> None:
    """See that each named set exists and an entry is not blank."""
    if not entries(source):
        raise DataError("the source is an empty list")
    for entry in entries(source):
        if not entry.strip():
            raise DataError("the source is blank\n  expected dataset:NAME/SPLIT or a path")
        if entry.startswith(PREFIX):
            store.lookup(entry.removeprefix(PREFIX))


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
    """The shape of a row in each data set of a named set; None for files."""
    first = entries(source)[0]
    if not first.startswith(PREFIX):
        return None
    return dict(store.lookup(first.removeprefix(PREFIX))[0].shapes)


def missing(source: Source) -> str:
    """Why the source is not on this machine; blank if it is. No file is opened."""
    try:
        _places(source)
    except DataError as error:
        return str(error)
    return ""


def fetch(
    source: Source, *, offline: bool = False, progress: ProgressCallback | None = None
) -> None:
    """Get the named sets of a source that are not on this machine."""
    for entry in entries(source):
        if entry.startswith(PREFIX):
            name = entry.removeprefix(PREFIX).partition("/")[0]
            store.fetch(name, offline=offline, progress=progress)
    _places(source)


def open_parts(source: Source, names: Sequence[str]) -> list[Part]:
    """The parts of a source in order, their headers read.

    Two different entries may not name the same file.
    """
    parts: list[Part] = []
    named_by: dict[Path, str] = {}
    for entry, places in _places(source):
        for place in places:
            if isinstance(place, Path) and named_by.setdefault(place.resolve(), entry) != entry:
                raise DataError(
                    f"{place} is named twice: by {named_by[place.resolve()]} and by {entry}\n"
                    "  its rows would be there twice; to mean that, write the same entry twice"
                )
            parts.append(_open(place, names))
    return parts


def open_first(source: Source, names: Sequence[str]) -> Part:
    """The first part of a source, its header read; it gives the shapes."""
    ((_, places),) = _places(entries(source)[0])
    return _open(places[0], names)


def files(source: Source) -> list[Path]:
    """The files of a source in order, without the sets that come with graphnet."""
    return [p for _, places in _places(source) for p in places if isinstance(p, Path)]


def _places(source: Source) -> list[tuple[str, Sequence[Place]]]:
    """Each entry, and the files or arrays it means; an error about one of several names it."""
    if isinstance(source, str):
        return [(source, _locate(source))]
    found = []
    for i, entry in enumerate(source):
        with about(i):
            found.append((entry, _locate(entry)))
    return found


def _open(place: Place, names: Sequence[str]) -> Part:
    if isinstance(place, Path):
        return HDF5File(place, names)
    return ArrayPart(place.name, place.values, names)


def _locate(entry: str) -> Sequence[Place]:
    """The files or arrays of an entry."""
    if entry.startswith(PREFIX):
        return [store.resolve(entry.removeprefix(PREFIX))]
    path = Path(entry)
    check_read(path)  # a glob may lead out later: each match is judged when it is opened
    if is_there(path):
        if path.is_dir():
            raise DataError(_of_a_folder(path))
        regular_file(path)  # no pipe or device
        is_file = is_hdf5(path) or path.suffix.lower() in _NO_LISTS
        return [path] if is_file else listed(path)
    if glob.has_magic(entry):
        matches = [Path(p) for p in sorted(glob.glob(entry, recursive=True))]  # noqa: PTH207 - an absolute pattern
        if matches:
            return matches
        raise DataError(f"no file matches the source {entry}")
    raise DataError(f"there is no file {entry}{_meant(path)}")


def _of_a_folder(path: Path) -> str:
    """The message about a folder as a source."""
    text = f"the source {path} is a folder\n"
    if not any(path.glob("*.h5")) and any(child.is_dir() for child in path.iterdir()):
        made = path.with_name(f"{path.name}-packed")
        text += (
            "  if it holds a folder of pictures for each class: "
            f"graphnet data pack {shlex.quote(str(path))} --to {shlex.quote(str(made))}\n"
        )
    return f"{text}  to read all files in it: {path}/*.h5"


def _meant(path: Path) -> str:
    """A hint what may have been meant by a file that is not there."""
    there = path.parent
    if not path.suffix:
        for name in (f"{there.name}/{path.name}", path.name):
            if near := did_you_mean(name, store.split_names()):
                return near.replace("'", f"'{PREFIX}", 1)
    if not is_there(there):
        return f"\n  there is no folder {there} either"
    try:
        names = [child.name for child in there.iterdir()]
    except OSError:
        names = []
    return did_you_mean(path.name, names) or f"\n  expected {_EXPECTED}"


_EXPECTED = (
    "an HDF5 file, a glob such as part-*.h5, a text file naming HDF5 files,\n"
    f"  or a named data set, {PREFIX}NAME/SPLIT: graphnet data lists them"
)
