"""libyaml and PyYAML make the same nodes of the same text."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml

from graphnet.declare import yaml_nodes
from graphnet.declare.yaml_nodes import compose
from tests.fuzz.inputs import yaml_input

ROOT = Path(__file__).parents[2]
NETS = [path.read_text("utf-8") for path in sorted((ROOT / "nets").glob("*.yaml"))]
SOLVERS = [path.read_text("utf-8") for path in sorted((ROOT / "solvers").glob("*.yaml"))]
#: What a text is made of, for texts that look like no net at all.
PIECES = [*"abn01-:,[]{}#&*!|>'\"%@` \n?.~<é×−\t\\\0\x85\xa0\u2028\ufeff\U0001f600"]
PIECES += [
    "- ",
    ": ",
    "\n  ",
    "\n- ",
    " #",
    "<<: ",
    "\r\n",
    "'x'",
    '"y"',
    "\n---\n",
    "a: &b ",
    "*b",
]

needs_libyaml = pytest.mark.skipif(
    not yaml_nodes.HAS_LIBYAML, reason="this PyYAML was built without libyaml"
)


def tree(node, seen):
    """A node as plain values: its tag, place, and text and style or what is in it; once."""
    if node is None:
        return None
    if id(node) in seen:
        return ("alias", node.start_mark.index)
    seen.add(id(node))
    of_it = node.value
    if isinstance(node, yaml.ScalarNode):
        of_it = (node.value, node.style or None)
    elif isinstance(node, yaml.SequenceNode):
        of_it = [tree(item, seen) for item in node.value]
    elif isinstance(node, yaml.MappingNode):
        of_it = [(tree(key, seen), tree(value, seen)) for key, value in node.value]
    return {"tag": node.tag, "at": node.start_mark.index, "of it": of_it}


def made_of(text):
    """The tree of a text, or what is wrong with it."""
    try:
        return tree(compose(text), set())
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        return (error.problem, error.context, place.index if place else None)
    except yaml.YAMLError as error:
        return str(error)


def by_both(text, monkeypatch):
    """What libyaml and what PyYAML make of a text."""
    with monkeypatch.context() as patch:
        quick = made_of(text)
        patch.setattr(yaml_nodes, "HAS_LIBYAML", False)
        return quick, made_of(text)


def texts(n):
    """Texts to compare: mutated nets and solvers, and pieces in any order."""
    for i in range(n):
        rng = random.Random(i)  # noqa: S311  # no secret
        if i % 2:
            yield yaml_input(rng, NETS if i % 4 == 1 else SOLVERS).decode("utf-8", "replace")
        else:
            yield "".join(rng.choices(PIECES, k=rng.randint(1, 20)))


@needs_libyaml
@pytest.mark.parametrize("text", NETS + SOLVERS)
def test_the_shipped_files_are_read_by_libyaml(text, monkeypatch):
    """And the nodes are those that PyYAML makes."""
    quick, slow = by_both(text, monkeypatch)
    assert quick == slow
    monkeypatch.setattr(yaml_nodes, "_Loader", None)
    assert made_of(text) == slow


@needs_libyaml
def test_any_text_is_read_alike(monkeypatch):
    """Nodes, tags, styles and places are the same, and so is what is wrong with a text."""
    for text in texts(3_000):
        quick, slow = by_both(text, monkeypatch)
        assert quick == slow, text
