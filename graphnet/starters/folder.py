"""The folder that something new is written into: made, never written over."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from graphnet.errors import SpecError
from graphnet.files.paths import is_there, shown
from graphnet.files.writing import Advice, explained, write_durably

#: The texts of files by their names.
Files: TypeAlias = Mapping[str, str]

_SCHEMAS = Path(__file__).parent.parent / "schema"
_ADVICE = Advice(SpecError)
_PLAIN = re.compile(r"[A-Za-z_][\w-]*")
_NO_TEXTS = frozenset(("true", "false", "yes", "no", "on", "off", "null", "y", "n"))


def check_is_new(folder: Path) -> None:
    """See that nothing is in a folder, which need not be there.

    Raises:
        SpecError: If there is something.
    """
    with explained(folder, _ADVICE):
        if not is_there(folder) and not folder.is_symlink():
            return
        if not folder.is_dir():
            raise SpecError(f"{shown(folder.absolute())} is there already\n  choose another name")
        if any(folder.iterdir()):
            raise SpecError(
                f"the folder {shown(folder.absolute())} is there already, and it is not empty\n"
                "  choose another name: nothing is written over"
            )


def write_new(folder: Path, files: Files) -> None:
    """Make a folder with these files.

    Raises:
        SpecError: If it is there and not empty, or cannot be written.
    """
    check_is_new(folder)
    with explained(folder, _ADVICE):
        folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_durably(folder / name, text.encode(), _ADVICE)


def name_of(folder: Path) -> str:
    """What a net in a folder is called: as the folder is."""
    return folder.absolute().name or "net"


def yaml_name(name: str) -> str:
    """A name as YAML reads it as a text."""
    is_plain = _PLAIN.fullmatch(name) and name.lower() not in _NO_TEXTS
    return name if is_plain else json.dumps(name, ensure_ascii=False)


def schema_uri(which: str) -> str:
    """Where editors find the installed schema, ``net`` or ``solver``; without a space in it."""
    return (_SCHEMAS / f"{which}.json").resolve().as_uri()
