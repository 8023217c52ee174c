# ruff: noqa: INP001  # a script, not a module of a package
"""Writes docs/gallery.md, the nets that come with graphnet, and their pictures.

Run it from the root of the repository after changing a net, a solver or the way nets are drawn:
``python docs/make_gallery.py``. With ``--train NET…`` it also trains those by their recipes, which
takes the times of docs/nets.md and needs their data, and draws their curves anew.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from graphnet.cli import main
from graphnet.starters.catalog import SHIPPED

OUTPUT = Path(__file__).with_name("gallery.md")
ROOT = OUTPUT.parent.parent
PICTURES = OUTPUT.parent / "images" / "nets"
CURVES = OUTPUT.parent / "images" / "curves"

#: Nets without a curve, and why.
NO_CURVE = {
    "cifar10-quick": "its data was not available",
    "cifar10-full": "its data was not available",
    "fashion-cnn": "its recipe takes 3 minutes on two cores, more than are spent on a picture",
    "resnet20-fashion": "its recipe takes some 4 minutes, more than are spent on a picture",
    "mobilenet-fashion": "its recipe takes some 2 minutes, more than are spent on a picture",
    "lenet-adam": "its recipe takes 6 minutes on two cores, more than are spent on a picture",
    "tiny-gpt": "its recipe takes some 5 minutes on two cores, more than are spent on a picture",
    "mnist-dropout": "its recipe takes 14 minutes on two cores, more than are spent on a picture",
}

INTRODUCTION = """\
<!-- Made by docs/make_gallery.py from nets/ and solvers/; change those instead. -->

# Gallery

The nets that come with graphnet, each with its drawing, its recipe and the curves of a whole run of
that recipe, made by `graphnet draw`, `graphnet solve` and `graphnet plot`. A run on another kind of
processor than that of the figures ends with other last digits; so do these. `graphnet new mine
--like NET` copies one into a folder of its own, `graphnet solve mine/net.yaml` trains it. How the
figures were measured stands in [The classic nets](nets.md).
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
    if name in NO_CURVE:
        yield f"No curve: {NO_CURVE[name]}."
    else:
        yield f"![{name}: its loss and what else it measured](images/curves/{name}.svg)"


def comment(text: str) -> list[str]:
    """The lines of the comment that a file begins with, its schema left out."""
    found = re.match(r"(?:#.*\n)+", text)
    lines = found[0].splitlines() if found else []
    return [line.removeprefix("#").strip() for line in lines if "$schema" not in line]


def draw(name: str, path: Path) -> None:
    """Draw a net as ``graphnet draw`` does."""
    if main(["draw", str(ROOT / "nets" / f"{name}.yaml"), "-o", str(path)]):
        raise RuntimeError(f"{name} cannot be drawn")


def train(name: str, path: Path) -> None:
    """Train a net by its recipe, as ``graphnet solve`` does, and draw its curves."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder, name)
        solved = main(["solve", str(ROOT / "nets" / f"{name}.yaml"), "--exp-dir", str(run)])
        if solved or main(["plot", str(run), "-o", str(path)]):
            raise RuntimeError(f"{name} cannot be trained")


if __name__ == "__main__":
    os.chdir(ROOT)
    for given in sys.argv[2:] if sys.argv[1:2] == ["--train"] else ():
        CURVES.mkdir(parents=True, exist_ok=True)
        train(given, CURVES / f"{given}.svg")
    OUTPUT.write_text(page(), encoding="utf-8")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for each in SHIPPED:
        draw(each, PICTURES / f"{each}.svg")
