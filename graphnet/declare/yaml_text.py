"""The text of a YAML file: how large it may be, and in which encoding it is."""

from __future__ import annotations

import codecs
from pathlib import Path

from graphnet.errors import Position, SpecError

#: What a file may hold, and is read in seconds: a net of 10,000 layers has less of each.
MAX_CHARACTERS, MAX_VALUES = 1 << 22, 300_000
MAX_BYTES = 4 * MAX_CHARACTERS
_HDF5 = b"\x89HDF\r\n\x1a\n"


def decoded(data: bytes, path: Path) -> str:
    """The text of a file in UTF-8, or in UTF-16 with a byte order mark.

    Raises:
        SpecError: If it is something else.
    """
    if data.startswith(_HDF5):
        raise SpecError(
            "this is an HDF5 file, not YAML\n"
            "  a model or snapshot is loaded into a net: load_weights(net, FILE), or 'load_from'"
            " in the solver",
            Position(str(path), 1, 1),
        )
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    try:
        return data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        is_text = b"\0" not in data
        cure = "save it as UTF-8 in your editor" if is_text else "is it a binary file?"
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise SpecError(
            f"the file is not {encoding.upper()} text\n  {cure}", Position(str(path), line, column)
        ) from None


def too_much(found: str, most: int, file: str = "") -> str:
    """The message that a text is larger than a net or solver can be."""
    what = f"{file}: " if file else ""
    return f"{what}{found}, expected {most:,} at most\n  numbers by the thousand belong into HDF5"
