"""YAML for people: what is written is read back the same."""

import pytest

from graphnet.declare.yaml_reader import parse_yaml
from graphnet.interchange.yaml_text import comment, document, inline, item, mapping


@pytest.mark.parametrize(
    "value",
    [
        {"name": "a, b", "x": [1, 2.5, "yes", "", "1e3", None, True]},
        {"a: b": {"c": []}, "empty": {}},
        ["- x", "#y", "a" * 200 + " " + "b" * 100, "'q'", 'say "so"'],
        [1e-5, float("inf"), -3],
    ],
)
def test_one_line(value):
    """Whatever stands in it."""
    text = inline(value)
    assert "\n" not in text
    assert parse_yaml(text, "t").value == value


def test_items():
    """On one line if it fits; else a line for each key."""
    short = {"name": "a", "type": "ReLU"}
    paths = [f"../a folder/with-a-name/file-{i}  x.h5" for i in range(9)]
    long = {
        "name": "b",
        "list": list(range(80)),
        "paths": paths,
        "deep": {"k": [{"x": "y" * 60}, {"x": "z" * 60}]},
    }
    text = document(["layers:", *item(short), *item(long)])
    assert "  - {name: a, type: ReLU}\n" in text
    assert all(len(line) <= 100 for line in text.splitlines())
    assert parse_yaml(text, "t").value == {"layers": [short, long]}


def test_mapping_and_comments():
    """What is said of a key stands above it."""
    text = document(mapping({"a": 1, "b": [{"c": 2}]}, {"b": ["said " * 30]}))
    assert parse_yaml(text, "t").value == {"a": 1, "b": [{"c": 2}]}
    assert text.splitlines()[1].startswith("# said said")
    assert list(comment("x\n\ny", "  ")) == ["  # x", "  #", "  # y"]
