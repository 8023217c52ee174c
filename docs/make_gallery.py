# ruff: noqa: INP001  # a script, not a module of a package
"""Writes docs/gallery.md, the nets that come with graphnet, and their drawings.

Run it from the root of the repository after changing a net, a solver or the way nets are drawn:
``python docs/make_gallery.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from graphnet.cli import main
from graphnet.starters.catalog import SHIPPED

OUTPUT = Path(__file__).with_name("gallery.md")
ROOT = OUTPUT.parent.parent
PICTURES = OUTPUT.parent / "images" / "nets"

INTRODUCTION = """\
<!-- Made by docs/make_gallery.py from nets/ and solvers/; change those instead. -->

# Gallery

The nets that come with graphnet, each with its drawing and its recipe. `graphnet new mine --like
NET` copies one into a folder of its own, `graphnet solve mine/net.yaml` trains it. How the figures
were measured stands in [The classic nets](nets.md).
"""


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *("\n\n".join(entry(name)) + "\n" for name in SHIPPED)])


def entry(name: str) -> Iterator[str]:
    """A net: what it is, what it reached, how it looks, how it is trained."""
    net = (ROOT / "nets" / f"{name}.yaml").read_text("utf-8")
    solver = (ROOT / "solvers" / f"{name}.yaml").read_text("utf-8")
    shipped = SHIPPED[name]
    yield f"## {name}"
    yield " ".join(comment(net))
    reached = f"; it reached {shipped.reached}" if shipped.reached.strip("-") else ""
    yield f"Trained on {shipped.data}{reached}."
    yield f"![{name}: its layers and blobs](images/nets/{name}.svg)"
    yield f"The recipe, [solvers/{name}.yaml](../solvers/{name}.yaml):"
    yield f"```yaml\n{solver.split(chr(10), 1)[1].strip()}\n```"


def comment(text: str) -> list[str]:
    """The lines of the comment that a file begins with, its schema left out."""
    found = re.match(r"(?:#.*\n)+", text)
    lines = found[0].splitlines() if found else []
    return [line.removeprefix("#").strip() for line in lines if "$schema" not in line]


def draw(name: str, path: Path) -> None:
    """Draw a net as ``graphnet draw`` does."""
    if main(["draw", str(ROOT / "nets" / f"{name}.yaml"), "-o", str(path)]):
        raise RuntimeError(f"{name} cannot be drawn")


if __name__ == "__main__":
    OUTPUT.write_text(page(), encoding="utf-8")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for each in SHIPPED:
        draw(each, PICTURES / f"{each}.svg")
