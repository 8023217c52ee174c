"""The README and the tour as a user goes through them: blocks, and one shell session of them.

Used by the tests, which shorten it, and by CI, which runs it as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

README = Path(__file__).parent.parent.parent / "README.md"
TOUR = README.parent / "docs" / "tour.md"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: A block whose first line is a file's name is that file.
_FILE = re.compile(r"# ([\w/.-]+\.(?:py|yaml))\n")


class Block(NamedTuple):
    """A block of code.

    Attributes:
        kind: ``bash``, ``python``, ``yaml``; empty for what is only shown.
        text: Its lines.
    """

    kind: str
    text: str

    @property
    def file(self) -> str | None:
        """The file it is the content of, if it is one's."""
        found = _FILE.match(self.text)
        return found[1] if found else None


def blocks(page: Path) -> list[Block]:
    """All blocks of a page, in order."""
    return [Block(*found) for found in _BLOCK.findall(page.read_text(encoding="utf-8"))]


def commands() -> tuple[str, str]:
    """The two commands: the one that trains, and the one that passes the tests."""
    train, test = [b.text.strip() for b in blocks(README) if b.kind == "bash"]
    return train, test


def tour(rewrite: Callable[[str], str] = lambda text: text) -> str:
    """The tour, then the README's other blocks, as one script; it stops at what fails.

    Args:
        rewrite: Gives the block to run in place of one that is shown.
    """
    others = [b for b in blocks(README) if b.text.strip() not in commands()]
    return "set -euo pipefail\n" + "\n".join(_steps([*blocks(TOUR), *others], rewrite))


def _steps(shown: Iterable[Block], rewrite: Callable[[str], str]) -> Iterable[str]:
    for block in shown:
        text = rewrite(block.text)
        if block.kind == "bash":
            yield "\n".join(f"echo {_quoted('$ ' + line)}\n{line}" for line in text.splitlines())
        elif block.file:
            yield f"cat > {block.file} <<'README'\n{text}README"
        elif block.kind == "python":
            yield f"echo '$ python'\npython - <<'README'\n{text}README"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
