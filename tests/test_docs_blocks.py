"""Every block of code on every page: run, compiled, or shown with the reason why it is not run.

Run are the blocks of the pages that are followed step by step, of the README, the tour,
docs/extending.md and CONTRIBUTING.md: by the tests of those. All others are compiled here: a net or
a solver is read, a program is compiled and its names of graphnet are looked up, the words of each
command are understood. What is left has ``<!-- not run: REASON -->`` above it; the pages that are
made from the program are made again by their tests.
"""

from __future__ import annotations

import ast
import json
import re
import runpy
import shlex
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

import graphnet as gn
from graphnet.declare.yaml_reader import parse_yaml
from graphnet.net.spec import parse_net

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^( *)```([\w{}-]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"<!-- not run: (.+) -->\n$")
#: A block whose first line is a file's name is that file.
FILE = re.compile(r"# [\w/.-]+\.(?:py|yaml|csv|prototxt)\n")
FOLLOWED = runpy.run_path(str(DOCS / "transcripts.py"))["pages"]()
COMMANDS = dict(runpy.run_path(str(DOCS / "make_commands.py"))["commands"]())
#: Pages that have tests which run their blocks: the README's tour, and those of files.
RUN = {
    **dict.fromkeys(FOLLOWED, ("bash", "console", "python")),
    ROOT / "README.md": ("bash", "python", ""),
    DOCS / "tour.md": ("bash", "python"),
    ROOT / "CONTRIBUTING.md": ("python",),
    DOCS / "extending.md": ("python",),
    DOCS / "repetition.md": (),  # except for its files, by tests/declare/test_repetition.py
}
#: Pages that the program writes.
MADE = {DOCS / f"{name}.md" for name in ("commands", "errors", "gallery", "layers", "solver")}
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")])


class Block(NamedTuple):
    """A block of code.

    Attributes:
        page: Where it stands.
        line: On which line.
        kind: Such as ``bash``.
        text: Its lines.
        reason: Why it is not run, where the page says so.
    """

    page: Path
    line: int
    kind: str
    text: str
    reason: str

    @property
    def fate(self):
        """``run``, ``compiled``, ``made`` (text that the program wrote) or ``shown``."""
        if self.reason:
            return "shown"
        is_part = FILE.match(self.text) or "{include: " in self.text
        if self.kind in RUN.get(self.page, ()) or (self.page in RUN and is_part):
            return "run"
        if self.kind == "text" and self.page in MADE:
            return "made"
        return "compiled"


def blocks():
    """All of them; what builds the site itself is none."""
    for page in PAGES:
        text = page.read_text("utf-8")
        for found in BLOCK.finditer(text):
            if found[2].startswith("{"):
                continue
            above = NOT_RUN.search(text[: found.start()])
            line = text.count("\n", 0, found.start()) + 1
            yield Block(page, line, found[2], found[3], above[1] if above else "")


def of_fate(fate):
    """Those blocks, by page and line."""
    found = [block for block in blocks() if block.fate == fate]
    return [pytest.param(b, id=f"{b.page.relative_to(ROOT)}:{b.line}") for b in found]


def commands(text):
    """The words of each command of a shell's text."""
    text = re.sub(r"\\\n\s*", " ", text).replace('"$SLURM_CPUS_PER_TASK"', "8")
    for line in text.splitlines():
        for part in re.split(r"; (?=do |done)|\bdo (?=graphnet)|\|(?= )|&&|^if |; then", line):
            words = shlex.split(part, comments=True)
            if words:
                yield words


def understood(words):
    """See that a command of graphnet is one, and pip and python are asked for what there is."""
    if words[0] in ("mpiexec", "srun") and "graphnet" in words:
        words = words[words.index("graphnet") :]
    match words:
        case ["graphnet", *rest]:
            rest = rest[: rest.index(">")] if ">" in rest else rest
            _graphnet(rest)
        case ["pip", "install", *rest]:
            assert rest[-1].startswith((".", "'.")), words
        case [python, "-m", module, *_] if python.endswith(("python", "python3")):
            assert module == "venv" or find_spec(module), words
        case [other, *_]:
            known = (
                "source",
                "curl",
                "done",
                "for",
                "scontrol",
                "[",
                "fi",
                "exit",
                "code=$?",
                "ruff",
                "mypy",
                "bash",
                "sphinx-build",
            )
            assert Path(other).name in (*known, "pip", "python"), words


def _graphnet(rest):
    names = [name for name in COMMANDS if rest[: len(name.split())] == name.split()]
    if not names:  # a group by itself lists, or gets a data set
        groups = {"data": "data get" if rest[1:] else "data list", "runs": "runs list"}
        assert rest[0] in (*groups, "--install-completion"), rest
        names, rest = [groups.get(rest[0], "")], ["", *rest]
    name = max(names, key=len)
    if name:
        COMMANDS[name].make_context(name, rest[len(name.split()) :])


def read_yaml_block(text, folder):
    """A net, a solver, a part of one, or coffee breaks."""
    value = parse_yaml(text, "page").value
    first = value[0] if isinstance(value, list) else value
    if "layers" in first or ("name" in first and "type" in first):
        return parse_net(parse_yaml(text, "page"), "page")
    if isinstance(value, list):
        text = "max_iter: 1\ncoffee_breaks:\n" + re.sub("^", "  ", text, flags=re.MULTILINE)
    elif not {"max_iter", "max_epoch"} & first.keys():
        text = f"max_iter: 1\n{text}"
    path = folder / "solver.yaml"
    path.write_text(text)
    return gn.load_solver(path)


def check_program(text):
    """See that it compiles, and that its names of graphnet are there."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and re.fullmatch(r"gn(\.\w+)+", ast.unparse(node)):
            _look_up(ast.unparse(node))
        elif isinstance(node, ast.ImportFrom) and node.module.startswith("graphnet"):
            module = __import__(node.module, fromlist=[alias.name for alias in node.names])
            assert all(hasattr(module, alias.name) for alias in node.names)


def _look_up(dotted):
    found = gn
    for name in dotted.split(".")[1:]:
        try:
            found = getattr(found, name)
        except gn.MissingExtraError:
            return


@pytest.mark.parametrize("block", of_fate("compiled"))
def test_a_block_that_is_not_run_is_compiled(block, tmp_path, monkeypatch):
    """By what reads it when it is used."""
    monkeypatch.chdir(tmp_path)
    match block.kind:
        case "yaml" if block.page == DOCS / "weights.md":
            parse_yaml(block.text, "page")  # a map of weights
        case "yaml":
            read_yaml_block(block.text, tmp_path)
        case "python" | "py":
            check_program(block.text)
        case "bash" | "shell":
            for words in commands(block.text):
                understood(words)
        case "json":
            json.loads(block.text)
        case _:
            pytest.fail("nothing reads it: run it, or say above it <!-- not run: REASON -->")


def test_most_of_them_are_run_or_compiled():
    """What is only shown is counted, so that it stays little."""
    counts = Counter(block.fate for block in blocks())
    assert counts["run"] >= 90
    assert counts["compiled"] >= 240
    assert counts["shown"] <= 34
    assert counts["made"] >= 400


def test_a_reason_is_a_sentence():
    """And stands above a block."""
    for page in PAGES:
        text = page.read_text("utf-8")
        assert text.count("<!-- not run:") == len(re.findall(r"<!-- not run: .+ -->\n```", text)), (
            page
        )
    assert all(len(block.reason.split()) > 1 for block in blocks() if block.fate == "shown")


@pytest.mark.parametrize(
    "line",
    [
        "graphnet solv net.yaml",
        "graphnet solve net.yaml --fast",
        "graphnet draw -o net.svg",
        "mpiexec -n 2 graphnet solve",
        "python -m benchmarkz",
        "frobnicate",
    ],
)
def test_a_command_that_is_none_is_found(line):
    """Whatever is wrong with it."""
    (words,) = commands(line)
    with pytest.raises(Exception) as raised:  # noqa: PT011  # many kinds
        understood(words)
    assert raised.value


def test_a_program_that_names_nothing_is_found():
    """A name that the package does not have."""
    with pytest.raises(AttributeError, match="lod_net"):
        check_program("import graphnet as gn\nnet = gn.lod_net('x')")
