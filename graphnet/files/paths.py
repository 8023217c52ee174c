"""Paths: where those in a YAML lead, how messages name them, and which must not be written to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from graphnet.errors import SpecError


def user_path(text: str) -> Path:
    """A path as YAML has it: ``~`` is the home folder; ``~x`` is a name if there is no user x."""
    if "\0" in text:  # no user has such a name, and the system is not to be asked
        return Path(text)
    return Path(os.path.expanduser(text))  # noqa: PTH111  # pathlib's raises for such a name


def placed(text: str, folder: Path) -> Path:
    """Where a path leads that stands in a file of ``folder``, absolute and without ``..``."""
    return Path(os.path.normpath(folder.absolute() / user_path(text)))


def is_there(path: Path) -> bool:
    """Whether there is such a file or folder; there is none under a name that no system takes."""
    return os.path.exists(path)  # noqa: PTH110  # pathlib's raises for such a name


def shown(path: Path) -> Path:
    """A path as a message names it: relative where it lies below the working directory."""
    try:
        here = Path.cwd()
    except FileNotFoundError:  # it has been removed
        return path
    is_below = path.is_relative_to(here) and path != here  # a lone dot would not be understood
    return path.relative_to(here) if is_below else path


def is_same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file: by links, by another spelling, by hard links."""
    try:
        return os.path.samefile(one, other)  # noqa: PTH121  # pathlib's takes no missing file
    except (OSError, ValueError):
        return one.absolute() == other.absolute()


def refuse_to_write_over(target: Path, needed: Mapping[str, Path]) -> None:
    """See that what is to be written is none of the files that are read.

    Args:
        target: What is to be written.
        needed: What is read, by what it is.

    Raises:
        SpecError: Naming the file that would be lost.
    """
    for what, path in needed.items():
        if is_same_file(target, path):
            raise SpecError(
                f"{target}: this is {what}, which would be lost\n  choose another file to write to"
            )
