# ruff: noqa: INP001  # a script, not a module of a package
"""The pages that a reader follows step by step: run, and their transcripts kept true.

The blocks of such a page are one session in an empty folder, from its first to its last:

- ``bash``: commands that must succeed; what they print is not shown.
- ``console``: lines ``$ command``, each followed by all that it prints.
- ``python``: a program.
- A block whose first line is ``# FILE.yaml``, ``.py``, ``.csv`` or ``.prototxt``: that file.

Anything else, such as ``yaml``, ``text`` or ``shell``, is only shown.

``python docs/transcripts.py`` runs every such page as it stands and writes what the ``console``
blocks print into them. With ``--check`` it writes nothing, and fails where they print something
else; with ``--installed`` the commands are those of the graphnet that is installed, such as a wheel
in an environment of its own, and not those of this clone.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).resolve().parent
#: Where commands find the package of this clone.
CLONE = str(DOCS.parent)
FOLDERS = ("tutorials", "guides", "coming-from")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ([\w/.-]+\.(?:py|yaml|csv|prototxt))\n")


class Block(NamedTuple):
    """A block of a page.

    Attributes:
        kind: Such as ``bash``.
        text: Its lines.
        start: Where the lines begin in the page.
    """

    kind: str
    text: str
    start: int


def pages() -> list[Path]:
    """Those that are followed step by step."""
    return sorted(path for folder in FOLDERS for path in (DOCS / folder).glob("*.md"))


def blocks(page: str) -> list[Block]:
    """The blocks of a page, in order."""
    return [Block(found[1], found[2], found.start(2)) for found in _BLOCK.finditer(page)]


def followed(
    page: str,
    folder: Path,
    rewrite: Callable[[str], str] = lambda text: text,
    package: str = CLONE,
) -> Iterator[tuple[Block, str]]:
    """Go through a page.

    Args:
        page: Its text.
        folder: Where; empty at first.
        rewrite: Gives the commands to run in place of those of a ``bash`` block.
        package: The folder that graphnet is in; blank: where it is installed.

    Yields:
        Each ``console`` block, and what it should be.

    Raises:
        RuntimeError: If a command fails that should not.
    """
    for block in blocks(page):
        file = _FILE.match(block.text)
        if file:
            path = folder / file[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, "utf-8")
        elif block.kind == "bash":
            _succeeds(["bash", "-euo", "pipefail", "-c", rewrite(block.text)], folder, package)
        elif block.kind == "python":
            _succeeds([sys.executable, "-c", block.text], folder, package)
        elif block.kind == "console":
            commands = re.findall(r"^\$ (.*(?:\\\n.*)*)$", block.text, re.MULTILINE)
            yield block, "".join(f"$ {c}\n{_printed(c, folder, package)}" for c in commands)


def _succeeds(command: list[str], folder: Path, package: str) -> None:
    done = _run(command, folder, package)
    if done.returncode:
        raise RuntimeError(f"{command[-1]}\n{done.stdout}")


def _printed(command: str, folder: Path, package: str) -> str:
    """All that a command prints, whether it succeeds or not."""
    printed = _run(["bash", "-c", command], folder, package).stdout
    lines = [line.rstrip() for line in printed.replace(f"{folder}/", "").strip("\n").split("\n")]
    return "".join(f"{line}\n" for line in lines)


def _run(command: list[str], folder: Path, package: str) -> subprocess.CompletedProcess[str]:
    """With ``graphnet`` and ``python`` of this interpreter, 80 columns and no colour."""
    bin_ = folder.with_name(f"{folder.name}-bin")
    if not bin_.exists():
        bin_.mkdir()
        for name, starts in (("python", ""), ("graphnet", " -m graphnet")):
            (bin_ / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{starts} "$@"\n')
            (bin_ / name).chmod(0o755)
    set_here = {
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "PYTHONPATH": package,
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    return subprocess.run(  # noqa: S603  # what a page of ours says
        command,
        cwd=folder,
        env={**os.environ, **set_here},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )


def renewed(page: str, folder: Path, package: str = CLONE) -> str:
    """A page with what its ``console`` blocks print now."""
    for block, text in reversed(list(followed(page, folder, package=package))):
        page = page[: block.start] + text + page[block.start + len(block.text) :]
    return page


def where_installed(folder: Path) -> str:
    """The file that ``import graphnet`` reads in a folder, where the clone is out of sight."""
    code = "import graphnet; print(graphnet.__file__)"
    return _run([sys.executable, "-c", code], folder, "").stdout.strip()


def main(words: Sequence[str]) -> int:
    """Renew or check pages.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(description="Run the pages that are followed step by step.")
    parser.add_argument("pages", nargs="*", type=Path, help="default: all")
    parser.add_argument("--check", action="store_true", help="write nothing; fail at what differs")
    parser.add_argument("--installed", action="store_true", help="use the package installed")
    asked = parser.parse_args(words)
    differing = 0
    for path in asked.pages or pages():
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder, "work")
            work.mkdir()
            if asked.installed and Path(where_installed(work)).is_relative_to(
                DOCS.parent / "graphnet"
            ):
                sys.stderr.write("graphnet is not installed here: the clone's own is found\n")
                return 1
            shown = path.read_text("utf-8")
            found = renewed(shown, work, "" if asked.installed else CLONE)
        sys.stdout.write(f"{path}\n")
        if not asked.check:
            path.write_text(found, "utf-8")
        elif found != shown:
            lines = shown.splitlines(), found.splitlines()
            sys.stdout.write("\n".join(difflib.unified_diff(*lines, "shown", "printed")) + "\n")
            differing += 1
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
