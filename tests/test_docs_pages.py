"""The pages of docs/ that a reader follows: every command works, every transcript is true."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

from graphnet.declare.yaml_reader import parse_yaml
from graphnet.net.spec import parse_net
from graphnet.solver.load_solver import load_solver
from graphnet.starters.catalog import SHIPPED

DOCS = Path(__file__).parent.parent / "docs"
SCRIPT = runpy.run_path(str(DOCS / "transcripts.py"))
PAGES = SCRIPT["pages"]()

#: How much shorter the runs are than shown.
SHORTER = 100


def shortened(text):
    """Commands with runs of a hundredth."""
    return re.sub(
        r"(max_(?:iter|epoch)=)(\d+)", lambda m: f"{m[1]}{-(-int(m[2]) // SHORTER)}", text
    )


@pytest.mark.any_python
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the pages are written for a POSIX shell")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_page_can_be_followed(path, tmp_path, monkeypatch):
    """From its first to its last command, in an empty folder."""
    monkeypatch.setenv("GRAPHNET_OFFLINE", "1")
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path / "data"))
    folder = tmp_path / "work"
    folder.mkdir()
    for block, expected in SCRIPT["followed"](path.read_text("utf-8"), folder, shortened):
        assert block.text == expected, f"{path}: renew it by python docs/transcripts.py {path}"


@pytest.mark.parametrize("name", ["solver", "commands", "errors", "python", "gallery"])
def test_a_page_is_what_the_program_says(name):
    """It is made from docstrings, fields, commands, cases: ``python docs/make_NAME.py``."""
    script = runpy.run_path(str(DOCS / f"make_{name}.py"))
    assert (DOCS / f"{name}.md").read_text("utf-8") == script["page"]()


def test_pictures_of_policies_are_up_to_date():
    """They are drawn by the program: ``python docs/make_solver.py``."""
    script = runpy.run_path(str(DOCS / "make_solver.py"))
    for name, text in script["pictures"]():
        assert (DOCS / "images" / "policies" / name).read_text("utf-8") == text


@pytest.mark.parametrize("name", list(SHIPPED))
def test_drawings_of_nets_are_up_to_date(name, tmp_path):
    """They are drawn by the program: ``python docs/make_gallery.py``."""
    runpy.run_path(str(DOCS / "make_gallery.py"))["draw"](name, tmp_path / "net.svg")
    shipped = DOCS / "images" / "nets" / f"{name}.svg"
    assert shipped.read_text("utf-8") == (tmp_path / "net.svg").read_text("utf-8")


def test_every_net_has_its_curve_or_a_reason():
    """A picture of a run of its recipe, by ``python docs/make_gallery.py --train NET``."""
    script = runpy.run_path(str(DOCS / "make_gallery.py"))
    drawn = {path.stem for path in (DOCS / "images" / "curves").iterdir()}
    assert drawn == SHIPPED.keys() - script["NO_CURVE"].keys()
    for name in drawn:
        text = (DOCS / "images" / "curves" / f"{name}.svg").read_text("utf-8")
        assert f">{name}<" in text or f">{name} " in text, name
        assert "<path" in text or "<polyline" in text, name
        assert len(text) < 60_000, name


@pytest.mark.slow
def test_a_curve_is_made_by_the_recipe(tmp_path, monkeypatch):
    """Of the net that trains in no time."""
    monkeypatch.chdir(tmp_path)
    script = runpy.run_path(str(DOCS / "make_gallery.py"))
    script["train"]("backprop-2-3-2", tmp_path / "curve.svg")
    assert "backprop-2-3-2" in (tmp_path / "curve.svg").read_text("utf-8")


def test_every_policy_is_drawn():
    """A new one needs a picture."""
    script = runpy.run_path(str(DOCS / "make_solver.py"))
    for union, drawn in (("AnyLRPolicy", "DRAWN"), ("AnyMomentumPolicy", "DRAWN_MOMENTA")):
        names = [p.model_fields["type"].default for p in script["policies"](script[union])]
        assert names == list(script[drawn])


def test_every_command_has_an_example():
    """A new one needs an entry in ``EXAMPLES``."""
    script = runpy.run_path(str(DOCS / "make_commands.py"))
    assert sorted(script["EXAMPLES"]) == [name for name, _ in script["commands"]()]


@pytest.mark.parametrize("name", sorted(runpy.run_path(str(DOCS / "make_commands.py"))["EXAMPLES"]))
def test_examples_of_commands_are_understood(name):
    """The options are there, and nothing that is required is missing."""
    script = runpy.run_path(str(DOCS / "make_commands.py"))
    command = dict(script["commands"]())[name]
    words = script["EXAMPLES"][name].removeprefix(f"graphnet {name}").split()
    if name in ("data get", "data list"):
        words = script["EXAMPLES"][name].removeprefix("graphnet data").split()
    command.make_context(name, words)


def yaml_blocks(kind):
    """The blocks of all pages that declare a net, or a solver."""
    for path in sorted(DOCS.rglob("*.md")):
        for block in SCRIPT["blocks"](path.read_text("utf-8")):
            is_net = re.match(r"(#.*\n)*(- \{?name:|layers:|name:)", block.text)
            is_solver = re.match(
                r"(#.*\n)*(method|max_iter|max_epoch|coffee_breaks|\w+_policy):", block.text
            )
            is_run = SCRIPT["_FILE"].match(block.text)
            if block.kind == "yaml" and not is_run and (is_net if kind == "net" else is_solver):
                yield pytest.param(block.text, id=f"{path.stem}-{block.text[:20]}")


@pytest.mark.parametrize("text", list(yaml_blocks("net")))
def test_nets_on_the_pages_are_read(text):
    """Each layer has a type that there is, and keys that it has."""
    parse_net(parse_yaml(text, "page"), "page")


@pytest.mark.parametrize("text", list(yaml_blocks("solver")))
def test_solvers_on_the_pages_are_read(text, tmp_path):
    """Parts are completed by what they need."""
    whole = text if re.search(r"^max_(iter|epoch):", text, re.MULTILINE) else f"max_iter: 1\n{text}"
    path = tmp_path / "solver.yaml"
    path.write_text(whole)
    load_solver(path)
