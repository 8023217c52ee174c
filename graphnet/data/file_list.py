"""Lists of files: a text file that names one HDF5 file on each line."""

from __future__ import annotations

import re
from pathlib import Path

from graphnet.data.file_kind import is_table, what_else
from graphnet.data.regular_file import first_bytes, read_bytes
from graphnet.data.text_file import NAMES, encoding_of, is_text
from graphnet.errors import DataError
from graphnet.files.bounds import current
from graphnet.files.paths import is_there, user_path

#: How the names of HDF5 files end, which messages may repeat.
_HDF5 = (".h5", ".hdf5", ".hdf", ".he5", ".mat", ".nc")


def listed(path: Path) -> list[Path]:
    """The files that a text file names, relative to its folder or else to the working directory.

    Blank lines, lines that begin with ``#``, and blanks around a name are passed over; ``~`` is the
    home folder. The text is UTF-8, or what its byte order mark says.
    """
    found: dict[Path, int] = {}
    for number, line in enumerate(_lines(path), 1):
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        candidates = _candidates(path.parent, name)
        there = [c for c in candidates if is_there(c) and c.is_file()]
        if not there:
            raise DataError(_not_there(path, number, name, candidates))
        if there[0] in found:
            raise DataError(
                f"{path}:{number}: {name} is named twice, first on line {found[there[0]]}\n"
                "  its rows would be there twice; remove one of the lines"
            )
        found[there[0]] = number
    if not found:
        raise DataError(f"{path} names no files\n  expected the name of an HDF5 file on each line")
    return list(found)


def _candidates(folder: Path, name: str) -> list[Path]:
    """Where a name may lead, the first place first; an absolute one leads to one place."""
    named = user_path(name)
    try:
        return list(dict.fromkeys([folder / named, Path.cwd() / named]))
    except FileNotFoundError:  # the working directory has been removed
        return [folder / named]


def _lines(path: Path) -> list[str]:
    found = read_bytes(path)
    if not is_text(found):
        raise DataError(what_else(path, found))
    encoding = encoding_of(found)
    try:
        # names of files are bytes, which need not be UTF-8
        text = found.decode(encoding, "surrogateescape" if "8" in encoding else "strict")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not text in {NAMES[encoding]}, as its first bytes say\n"
            "  write it again, in UTF-8"
        ) from error
    return re.split("\r\n|\n|\r", text)


def _may_be_quoted(name: str) -> bool:
    """Whether a line is a name of a data file: any other may be a secret of any file's."""
    return current() is None and Path(name).suffix.lower() in _HDF5


def _not_there(path: Path, number: int, name: str, candidates: list[Path]) -> str:
    """The message about a name that leads to no file."""
    begin = first_bytes(path)
    if is_table(path, begin):
        return what_else(path, begin)
    if not _may_be_quoted(name):
        return (
            f"{path}:{number}: this line names no file\n"
            "  expected the name of an HDF5 file on each line, such as train-1.h5"
        )
    shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    looked = " or ".join(map(str, candidates)).replace(name, shown)
    text = f"{path}:{number}: there is no file {shown}\n  looked for {looked}"
    if shown != name:
        text += "\n  the name is not UTF-8: if the list was saved in Latin-1, save it in UTF-8"
    elif any(c.is_dir() for c in candidates if is_there(c)):
        text += "\n  which is a folder"
    return text
