# ruff: noqa: INP001  # a script, not a module of a package
"""Writes docs/errors.md, the catalogue of messages, from the cases that the tests run.

Run it from the root of the repository after changing a message: ``python docs/make_errors.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

OUTPUT = Path(__file__).with_name("errors.md")
CASES = OUTPUT.parent.parent / "tests" / "golden" / "cases"

INTRODUCTION = """\
<!-- Made by docs/make_errors.py from tests/golden/cases; change those instead. -->

# Messages

What graphnet says when something is wrong, by what was done. A message begins with its place
(`FILE:LINE:COLUMN`), says what was found and what was expected, and ends with the cure. Each of
these is a test: what stands here is what is printed. Below the heading stands the line that it is
about.
"""

#: The headings, and the beginnings of the names of the cases that belong there.
GROUPS = {
    "YAML": ("yaml",),
    "Nets": ("net", "layers", "no", "params", "phase", "cycle", "several", "check", "backend"),
    "Layers": ("layer", "arity", "key", "init", "neuron", "regu", "name", "load"),
    "Blobs": ("blob", "bottoms", "top", "accuracy", "loss"),
    "Values and shapes": ("value", "shape", "conv", "pooling", "dropout", "scale", "seed"),
    "Data": ("data", "memory", "batch", "transformer"),
    "Solver files": ("solver", "solve"),
    "Coffee breaks": ("break", "hook"),
    "Settings on the command line": ("set",),
    "Runs, snapshots, tests": ("resume", "snapshot", "diverged", "test", "predict"),
}
_LONGEST = 180


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    left = sorted(CASES.glob("*.txt"))
    for title, beginnings in GROUPS.items():
        mine = [path for path in left if path.stem.split("_")[0].startswith(beginnings)]
        left = [path for path in left if path not in mine]
        parts += [f"## {title}\n", *("\n\n".join(entry(path)) + "\n" for path in mine)]
    if left:
        raise ValueError(f"cases that belong nowhere: {[path.stem for path in left]}")
    return "\n".join(parts)


def entry(path: Path) -> Iterator[str]:
    """What was done, the line it is about, what is said."""
    head, *rest = re.split(r"^== (.+)\n", path.read_text("utf-8"), flags=re.MULTILINE)
    sections = dict(zip(rest[::2], rest[1::2], strict=True))
    done, *commands = head.strip().split("\n")
    yield f"### {done.rstrip('.')}"
    said = sections["stderr"].strip("\n")
    shown = line_of(said, sections)
    if not shown:
        yield fenced("shell", commands[-1].removeprefix("$ "))
    else:
        yield fenced("text", shown)
    yield fenced("text", said)


def line_of(said: str, sections: dict[str, str]) -> str:
    """The line that a message is about, if it names one."""
    found = re.match(r"([\w./-]+):(\d+):\d+: ", said)
    if not found or found[1] not in sections:
        return ""
    lines = sections[found[1]].split("\n")
    line = lines[int(found[2]) - 1].rstrip() if int(found[2]) <= len(lines) else ""
    return line if len(line) <= _LONGEST else line[: _LONGEST - 2] + " …"


def fenced(kind: str, text: str) -> str:
    """A block of code, with a fence that the text does not contain."""
    fence = "```" if "```" not in text else "~~~~"
    return f"{fence}{kind}\n{text}\n{fence}"


if __name__ == "__main__":
    OUTPUT.write_text(page(), encoding="utf-8")
