"""Paths: where those in YAML lead, how messages name them, and which must not be written to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from graphnet.errors import SpecError


def user_path(text: str) -> Path:
    """A path as written in YAML: ``~`` is the home folder; without a user x, ``~x`` is a name."""
    if "\0" in text:  # no user has such a name, and asking the system would raise
        return Path(text)
    return Path(os.path.expanduser(text))  # noqa: PTH111  # pathlib's raises for such a name


def placed(text: str, folder: Path) -> Path:
    """Where a path written in a file of ``folder`` leads, absolute and without ``..``."""
    return Path(os.path.normpath(folder.absolute() / user_path(text)))


def is_there(path: Path) -> bool:
    """Whether there is such a file or folder; no, if no system takes the name."""
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


def refuse_to_replace(targets: Iterable[Path], *, force: bool = False) -> None:
    """See that nothing is there yet under the names that are to be written, before any of it is.

    Args:
        targets: All that is to be written together.
        force: Files may be there; folders and symbolic links may not.

    Raises:
        SpecError: Naming what is there.
    """
    targets = list(targets)
    if force:
        for path in targets:
            if path.is_symlink() or path.is_dir():
                what = "a symbolic link, and none is followed" if path.is_symlink() else "a folder"
                raise SpecError(f"{shown(path)}: is {what}\n  remove it, or choose another place")
        return
    there = [str(shown(path)) for path in targets if os.path.lexists(path)]
    if there:
        it = "it" if len(there) == 1 else "them"
        raise SpecError(
            f"{', '.join(there)}: there already\n"
            f"  choose another place; to replace {it}: --force, or force=True in Python"
        )


def refuse_to_write_over(target: Path, needed: Mapping[str, Path]) -> None:
    """Check that a file to be written is none of the files that are read.

    Args:
        target: The file to be written.
        needed: The files that are read, by what they are.

    Raises:
        SpecError: Naming the file that would be lost.
    """
    for what, path in needed.items():
        if is_same_file(target, path):
            raise SpecError(
                f"{target}: this is {what}, which would be lost\n  choose another file to write to"
            )
