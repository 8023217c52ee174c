"""Text files as other programs write them: with a byte order mark, or in UTF-8.

Windows writes UTF-16, and marks in front of UTF-8. Encodings without a mark that are not UTF-8
(Latin-1, code page 1252, …) cannot be told apart, and must be named by the user.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from pathlib import Path

from graphnet.data.regular_file import first_bytes
from graphnet.errors import DataError

# UTF-32's mark begins with UTF-16's, so it is looked for first
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: How messages call them.
NAMES = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "utf-16": "UTF-16", "utf-32": "UTF-32"}


def encoding_of(begin: bytes) -> str:
    """The encoding that the mark at the beginning of a text means; UTF-8 if it has none."""
    return next((name for mark, name in _MARKS if begin.startswith(mark)), "utf-8")


def one_line(text: str) -> str:
    """A name or text as messages show it: what cannot be printed is escaped."""
    return text if text.isprintable() else repr(text)[1:-1]


def is_text(begin: bytes) -> bool:
    """Whether these first bytes could be text: marked, or without the bytes that no text has."""
    if encoding_of(begin) != "utf-8":
        return True
    return not set(begin) & {*range(9), *range(14, 27), *range(28, 32)}


def known_encoding(name: str) -> str:
    """The encoding a user named, as Python calls it."""
    try:
        found = codecs.lookup(name)
        "".encode(name)  # refused by what is no encoding of text, such as base64
    except (LookupError, ValueError):
        raise DataError(
            f"there is no encoding '{name}'\n"
            "  expected one such as utf-8, utf-16, latin-1, cp1252, shift_jis"
        ) from None
    return found.name


def decoded_lines(path: Path, encoding: str | None = None) -> tuple[str, Iterator[str]]:
    """The encoding of a text file, and its lines with their ends, read as they are asked for.

    That it is not of this encoding may be found while the lines are read.
    """
    begin = first_bytes(path)
    chosen = known_encoding(encoding) if encoding else encoding_of(begin)
    if chosen == "utf-8" and b"\0" in begin:
        likely = f"utf-16-{'be' if begin[:1] == bytes(1) else 'le'}"
        hint = f"if it is UTF-16 without a mark: --encoding {likely}"
        raise DataError(f"{path} holds zero bytes, as no UTF-8 text does\n  {hint}")
    if chosen == "utf-8":
        chosen = "utf-8-sig"  # which a given utf-8 may have, too
    return chosen, _lines(path, chosen)


def _lines(path: Path, encoding: str) -> Iterator[str]:
    n_read = 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            for line in file:
                n_read += 1
                yield line
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeError as error:
        raise DataError(_undecodable(path, encoding, n_read, error)) from error


def _undecodable(path: Path, encoding: str, n_read: int, error: UnicodeError) -> str:
    """The message that a file is not text in an encoding, and where.

    The decoder works ahead of the lines, so the line is looked for if the encoding is UTF-8.
    """
    name = NAMES.get(encoding, encoding)
    place, found = f"{path}", str(error)
    if isinstance(error, UnicodeDecodeError):
        found = f"byte {error.object[error.start]:02x}"
    if encoding == "utf-8-sig":
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                try:
                    raw.decode("utf-8")
                except UnicodeDecodeError as wrong:
                    place, found = f"{path}:{number}", f"byte {raw[wrong.start]:02x}"
                    break
    else:
        place = f"{path}, after line {n_read}"
    return (
        f"{place}: {found} is not text in {name}\n"
        "  say how it was written, such as --encoding cp1252 (Windows), latin-1 or utf-16"
    )


def class_text(value: int, names: Sequence[str]) -> str:
    """The number of a class, and its name if that is known."""
    return f"{value} {one_line(names[value])}" if 0 <= value < len(names) else str(value)
