"""Slips in YAML: what a parser says of them, and what is said instead."""

from __future__ import annotations

import re

import pytest

from graphnet.declare.yaml_reader import parse_yaml
from graphnet.errors import SpecError

OK = "max_iter: 3\n"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("- {name: a}\n-{name: b}\n", "2:2", "a dash and a space\n  write '- ' instead of '-'"),
        ("-{name: b, type: x}\n", "1:2", "a dash and a space\n  write '- '"),
        ("-name: d\n type: X\n", "1:2", "a dash and a space\n  write '- '"),
        ("- name: d\n-name: e\n", "2:2", "a dash and a space"),
        (OK + "seed:4\n", "2:5", "a space is missing after the colon\n  write 'key: value'"),
        ("seed:4\n" + OK, "1:5", "a space is missing after the colon"),
        (OK + "seed = 4\n", "2:6", "between a key and its value\n  write 'key: value'"),
        (OK + "lr_policy:\n\ttype: Fixed\n", "3:1", "a tab is not allowed here\n  indent with sp"),
        ("max_iter:\t3\n", "1:10", "a tab is not allowed here\n  write a space instead"),
        (OK + 'a: "run\nb: 3\n', "2:4", "the quote that is opened here is never closed"),
        (OK + "a: 'run\nb: 3\n", "2:4", "the quote that is opened here is never closed"),
        (OK + 'a: "C:\\data"\n', "2:8", "begins an escape: write single quotes"),
        ("a: [1, 2\nb: 3\n", "2:2", "a comma is missing, or the '[' of line 1, column 4 is not cl"),
        ("{a: 1 b: 2}\n", "1:8", "a comma is missing, or the '{' of line 1, column 1 is not close"),
        ("a: {n: ip{i}, b: 2}\n", "1:8", 'needs quotes within brackets\n  write "ip{i}"'),
        ("a: [h{i-1}]\n", "1:5", 'needs quotes within brackets\n  write "h{i-1}"'),
        ("a: [{i}x]\n", "1:5", "needs quotes within brackets"),
        ("a: *\n", "1:5", "a name is missing after this * or &"),
        ("a: *b\n", "1:4", "nothing above has the anchor '&b' that '*b' stands for"),
        ("a: %b\n", "1:4", "a value cannot begin with '%'\n  put the value in quotes"),
        ("a: b: c\n", "1:5", "a colon is not expected here"),
        (
            "a:\n- b: 1\n c: 2\n",
            "3:2",
            "this line does not fit those above it\n  what belongs toge",
        ),
        (OK + "word\n", "3:1", "a key without a colon, in the line above"),
        (OK + "---\n" + OK, "2:1", "a second document begins here\n  a file holds one net or one"),
        ('name: "n"\nlayer {\n  name: "d"\n}\n', "2:1", "this looks like a prototxt of Caffe"),
        ("a: “b”\n", "1:4", "“ is not a quote in YAML"),
        ("a:\u00a0b\n", "1:1", "this space is the character #x00a0\n  type it again"),
    ],
)
def test_slip(text, place, message):
    """Where it is, not where the parser could go no further; and the cure."""
    with pytest.raises(SpecError, match=re.escape(message)) as caught:
        parse_yaml(text, "f.yaml")
    said = str(caught.value)
    assert said.startswith(f"f.yaml:{place}: ")
    assert "block" not in said
    assert "token" not in said


@pytest.mark.parametrize(
    "text",
    [
        "a: [-1, -x, http://b:c, 'k:v']\n",
        "a: x=y\nb: C:\\runs\n",
        'a: "“b”"\n',
        "'a\u00a0b': 1\n",
    ],
)
def test_what_only_looks_like_one(text):
    """What is valid stays valid."""
    parse_yaml(text, "f.yaml")
