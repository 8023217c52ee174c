"""From a YAML text to PyYAML's nodes, by the rules of YAML 1.2 for numbers and words.

PyYAML's own parser says best what is wrong with a text, and takes most of the time that reading a
net takes. libyaml, which comes with PyYAML on most systems, takes a tenth of that time and says
less. So libyaml parses the texts on which the two agree, and PyYAML every other one, and every one
in which libyaml finds a mistake.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml
from yaml.composer import Composer

from graphnet.declare.yaml_text import MAX_VALUES, too_much

HAS_LIBYAML: bool = yaml.__with_libyaml__
if TYPE_CHECKING or HAS_LIBYAML:
    from yaml import CSafeLoader
else:
    from yaml import SafeLoader as CSafeLoader

TAG = "tag:yaml.org,2002:"
WORDS = {
    "null": re.compile(r"(?:~|null|Null|NULL|)$"),
    "bool": re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"),
    "int": re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"),
    "float": re.compile(
        r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
}
#: The pattern of each word or number by its first character, as PyYAML looks them up.
RESOLVERS = {
    first: [(TAG + tag, WORDS[tag]) for tag in tags]
    for firsts, tags in (
        (["", *"~nN"], ["null"]),
        ("tTfF", ["bool"]),
        ("-+0123456789", ["int", "float"]),
        (".", ["float"]),
    )
    for first in firsts
}
_MAX_DEPTH = 100
#: What a text has that libyaml may take otherwise than PyYAML: tabs and odd characters, escapes,
#: directives, several documents, marked keys, tags, a text whose mark is followed by a comment.
_ODD = re.compile(
    r"[^\n\r -~\xa1-\u2027\u2030-\ud7ff]|\\|^(?:%|---|\.\.\.)|\?(?=\s|\Z)|!|[|>][-+0-9]*#",
    re.MULTILINE,
)


def compose(text: str) -> yaml.Node | None:
    """The node of the whole text; None for an empty one.

    Raises:
        yaml.YAMLError: If it is not valid YAML, or has more nodes than a net or solver could need.
    """
    if HAS_LIBYAML and not _ODD.search(text):
        try:
            return _QuickLoader(text).get_single_node()
        except (yaml.YAMLError, ValueError):  # PyYAML says what it is, and where
            pass
    loader = _Loader(text)
    try:
        return loader.get_single_node()
    except (ValueError, OverflowError):  # slips of PyYAML itself
        raise _refusal("an escape or a number here is out of range", loader.get_mark()) from None


def _refusal(problem: str, mark: yaml.Mark | None) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


class _Limited(Composer):
    """Makes nodes of what a parser finds, up to a depth and a number."""

    yaml_implicit_resolvers = RESOLVERS
    depth = n_nodes = 0
    peek_event: Any  # a parser's method

    def compose_node(self, parent: Any, index: Any) -> Any:
        """The next node; refused before Python's recursion limit is reached, or patience ends."""
        if self.depth > _MAX_DEPTH:
            raise _refusal("nested too deeply", self.peek_event().start_mark)
        if self.n_nodes >= MAX_VALUES:
            problem = too_much("more keys and values", MAX_VALUES)
            raise _refusal(problem, self.peek_event().start_mark)
        self.n_nodes += 1
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


class _Loader(_Limited, yaml.SafeLoader):
    """PyYAML's parser."""


class _QuickLoader(_Limited, CSafeLoader):
    """libyaml's parser."""

    def __init__(self, text: str) -> None:
        CSafeLoader.__init__(self, text)
        Composer.__init__(self)

    def compose_scalar_node(self, anchor: Any) -> Any:
        """The next text or number; libyaml has an empty one start elsewhere than PyYAML."""
        node = super().compose_scalar_node(anchor)
        if not node.value and not node.style:
            raise _refusal("a value is missing", node.start_mark)
        return node
