"""Reading YAML with the line and column of every key and value, and writing it.

Numbers and words follow YAML 1.2: ``1e-3`` is a float, ``on`` and ``no`` are strings. Duplicate
keys and tags that would build Python objects are errors. Nothing else uses PyYAML.
"""

from __future__ import annotations

import json
import os
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from graphnet.declare.yaml_nodes import RESOLVERS, TAG, WORDS, compose
from graphnet.declare.yaml_slips import ODD_BLANKS, ODD_QUOTES, find_slip
from graphnet.declare.yaml_text import MAX_BYTES, MAX_CHARACTERS, MAX_VALUES, decoded, too_much
from graphnet.errors import Position, Problem, SpecError, did_you_mean_file
from graphnet.files.reading import read_regular

KeyPath: TypeAlias = tuple[str | int, ...]

#: The name in messages of a text that is not in a file.
TEXT = "the text"

_MAX_COPIES = 10_000  # of values with an alias; all others are fewer than the characters
_MAX_DIGITS = 300  # of a whole number, so that each fits a float
_ENDLESS = "the aliases in this file expand without end"
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True)
class Repeated:
    """That a layer is one of those of a repetition.

    Attributes:
        name: The repetition's.
        number: Which one it is, from 1.
        count: How often its block is repeated.
        at: Where it is written.
        item: Which layer of the block it is: its place in the list, and in the lists within.
    """

    name: str
    number: int
    count: int
    at: Position | None = None
    item: tuple[int, ...] = ()


@dataclass(frozen=True)
class Document:
    """A parsed YAML text.

    Attributes:
        value: Mappings, lists and scalars.
        file: The name used in messages.
        values: The position of each value by its path, such as ``("layers", 3, "kernel")``.
        keys: The position of each mapping key by the path of its value.
        folder: What relative paths in it are relative to.
        repeated: The repetitions that a layer is in, by its path; the outermost first.
    """

    value: Any
    file: str
    values: Mapping[KeyPath, Position] = field(default_factory=dict)
    keys: Mapping[KeyPath, Position] = field(default_factory=dict)
    folder: Path = Path()
    repeated: Mapping[KeyPath, tuple[Repeated, ...]] = field(default_factory=dict)

    def at(self, path: KeyPath) -> Position | None:
        """The position of the value at ``path``, or of the nearest value around it."""
        while path not in self.values and path:
            path = path[:-1]
        return self.values.get(path)

    def folder_of(self, path: KeyPath) -> Path:
        """The folder of a relative path: of this file, or the current one for an option's value."""
        position = self.at(path)
        on_command_line = position is not None and not position.line
        return Path.cwd() if on_command_line else self.folder

    def key_at(self, path: KeyPath) -> Position | None:
        """The position of the key whose value is at ``path``."""
        return self.keys.get(path) or self.at(path)


def plain_document(value: Any, file: str = "") -> Document:
    """A document without positions, for nets and solvers built in Python."""
    return Document(value, file)


def read_source(source: Path | str) -> Document:
    """Read a YAML file, or YAML text itself, which has several lines or is in brackets.

    Raises:
        SpecError: As :func:`read_yaml`.
    """
    text = str(source)
    flow = text.lstrip()[:1] in ("[", "{", "-") and not os.path.exists(text)  # noqa: PTH110
    if isinstance(source, str) and ("\n" in text or (flow and len(text.split()) > 1)):
        return parse_yaml(text, TEXT)
    return read_yaml(source)


def read_yaml(path: Path | str) -> Document:
    """Read a YAML file.

    Raises:
        SpecError: If it cannot be read or is not valid YAML, with the position.
    """
    path = Path(path)
    try:
        text = decoded(read_regular(path, MAX_BYTES), path)
    except FileNotFoundError:
        raise SpecError(f"{path}: there is no such file{did_you_mean_file(path)}") from None
    except IsADirectoryError:
        raise SpecError(f"{path}: this is a directory, not a YAML file") from None
    except (OSError, ValueError) as error:  # the latter for names that no system takes
        said = getattr(error, "strerror", None) or error
        raise SpecError(f"{path}: cannot be read: {said}") from None
    return parse_yaml(text, str(path), path.resolve().parent)


def parse_yaml(text: str, file: str, folder: Path = Path()) -> Document:
    """Parse YAML text; messages call it ``file``.

    Raises:
        SpecError: If it is not valid YAML, or has more than a net or solver could need.
    """
    if len(text) > MAX_CHARACTERS:
        raise SpecError(too_much(f"{len(text):,} characters", MAX_CHARACTERS, file))
    at = _Places(file, text)
    if "\t" in text and text.lstrip()[:1] in ("{", "[") and _is_json(text):
        text = text.replace("\t", " ")  # JSON may indent with tabs, and has none in its texts
    reader = _NodeReader(at, min(len(text) + _MAX_COPIES, MAX_VALUES))
    try:
        node = compose(text)
        value = None if node is None else reader.convert(node, ())
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        index = place.index if place else 0
        opened = error.context_mark.index if error.context_mark else index
        slip = find_slip(text, error.problem or "", error.context or "", index, opened)
        raise SpecError(f"not valid YAML: {slip.message}", at.index(slip.at)) from None
    except yaml.reader.ReaderError as error:
        raise SpecError(
            f"not valid YAML: the character #x{error.character:04x} is not allowed",
            at.index(error.position),
        ) from None
    except RecursionError:  # of one '<<' that takes over another, thousands of times
        raise SpecError("not valid YAML: nested too deeply", at.index(0)) from None
    if node is None:
        raise SpecError("the file is empty", Position(file, 1, 1))
    if reader.problems:
        raise SpecError.of(reader.problems)
    return Document(value, file, reader.values, reader.keys, folder)


def parse_value(text: str) -> Any:
    """One YAML value from the command line, as in ``--set max_iter=200``."""
    return parse_yaml(text, "--set").value if text.strip() else None


def write_yaml(value: Any) -> str:
    """The value as YAML text that :func:`parse_yaml` reads back; keys keep their order."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Places:
    """The line and column of each character, counted as editors do.

    PyYAML also ends a line at U+0085, U+2028 and U+2029.
    """

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self._starts = [0, *(end.end() for end in re.finditer(r"\r\n?|\n", text))]

    def index(self, index: int) -> Position:
        """The position of the character at an index."""
        line = bisect_right(self._starts, index)
        return Position(self.file, line, index - self._starts[line - 1] + 1)

    def mark(self, mark: yaml.Mark | None) -> Position:
        """The position of a mark of PyYAML; without one, that of the first character."""
        return self.index(mark.index if mark else 0)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


class _Dumper(yaml.SafeDumper):
    """Writes mappings in blocks, flat lists in brackets, and quotes by the rules of YAML 1.2."""

    yaml_implicit_resolvers = RESOLVERS


def _is_merge(key: yaml.Node) -> bool:
    """Whether it is ``<<``, which takes over the keys of another mapping."""
    return isinstance(key, yaml.ScalarNode) and key.value == "<<" and not key.style


def _represent_list(dumper: yaml.SafeDumper, items: Any) -> yaml.Node:
    flat = not any(isinstance(i, dict | list | tuple) for i in items)
    return dumper.represent_sequence(TAG + "seq", list(items), flow_style=flat)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    odd = ODD_BLANKS.search(text) or text[:1] in tuple(ODD_QUOTES)
    line_ends = any(c in text for c in "\r\x85\u2028\u2029")  # kept in double quotes only
    style = '"' if odd or line_ends else None
    return dumper.represent_scalar(TAG + "str", text, style)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(list, _represent_list)
_Dumper.add_representer(tuple, _represent_list)


class _NodeReader:
    """Turns PyYAML's nodes into values, and notes where each one stood."""

    def __init__(self, at: _Places, most_values: int) -> None:
        self.at, self.most_values = at, most_values
        self.values: dict[KeyPath, Position] = {}
        self.keys: dict[KeyPath, Position] = {}
        self.problems: list[Problem] = []
        self.open: set[int] = set()  # the nodes being converted, to notice an alias to itself

    def position(self, node: yaml.Node) -> Position:
        return self.at.mark(node.start_mark)

    def complain(self, message: str, node: yaml.Node) -> None:
        self.problems.append(Problem(message, self.position(node)))

    def convert(self, node: yaml.Node, path: KeyPath) -> Any:
        self.values[path] = self.position(node)
        if len(self.values) > self.most_values or id(node) in self.open:
            raise SpecError(_ENDLESS, self.position(node))
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode) and node.tag == TAG + "map":
                return self.mapping(node, path)
            if isinstance(node, yaml.SequenceNode) and node.tag == TAG + "seq":
                return [self.convert(item, (*path, i)) for i, item in enumerate(node.value)]
            if isinstance(node, yaml.ScalarNode):
                return self.scalar(node)
        finally:
            self.open.discard(id(node))
        return self.refuse_tag(node)

    def mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if _is_merge(key_node):
                is_list = isinstance(value_node, yaml.SequenceNode)
                merged += value_node.value if is_list else [value_node]
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self.complain("a key must be a plain word", key_node)
                continue
            key = self.text(key_node)
            here = (*path, key)
            if key in result:
                first = f"first in line {self.keys[here].line}; remove one of them"
                self.complain(f"the key '{key}' is given twice\n  {first}", key_node)
                continue
            self.keys[here] = self.position(key_node)
            result[key] = self.convert(value_node, here)
        for source in merged:
            self.merge(source, path, result)
        return result

    def merge(self, source: yaml.Node, path: KeyPath, result: dict[str, Any]) -> None:
        """Take over what ``<<`` names, except the keys that are there already."""
        if not isinstance(source, yaml.MappingNode):
            said = "'<<' takes over the keys of a mapping\n  write <<: *NAME, and &NAME before it"
            self.complain(said, source)
            return
        if id(source) in self.open:
            raise SpecError(_ENDLESS, self.position(source))
        self.open.add(id(source))
        own = [(k, v) for k, v in source.value if not _is_merge(k) and self.text(k) not in result]
        rest = [(k, v) for k, v in source.value if _is_merge(k)]
        taken = yaml.MappingNode(source.tag, own + rest, source.start_mark, source.end_mark)
        for key, value in self.mapping(taken, path).items():
            result.setdefault(key, value)
        self.open.discard(id(source))

    def scalar(self, node: yaml.ScalarNode) -> Any:
        text, tag = self.text(node), node.tag.removeprefix(TAG)
        match tag:
            case "str":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" if WORDS["int"].match(text) and len(text) > _MAX_DIGITS:
                said = f"a whole number of {len(text)} digits, expected {_MAX_DIGITS} at most"
                self.complain(said, node)
                return 0
            case "int" if WORDS["int"].match(text):
                number = int(text, 0) if text[:2] in ("0o", "0x") else int(text)
                if abs(number) < 10**_MAX_DIGITS:
                    return number
                self.complain(f"a whole number of more than {_MAX_DIGITS} digits", node)
                return 0
            case "float" if WORDS["float"].match(text):
                return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        return self.refuse_tag(node)

    def text(self, node: yaml.ScalarNode) -> str:
        """The text of a node; characters that no file's name can hold are refused."""
        text = str(node.value)
        if not node.style and (odd := ODD_BLANKS.search(text)):
            said = f"this space is the character #x{ord(odd[0]):04x}\n  type it again"
            self.complain(said, node)
        if not node.style and text[:1] in tuple(ODD_QUOTES):
            said = f"{text[0]} is not a quote in YAML\n  write ' or \""
            self.complain(said, node)
        if found := _NO_TEXT.search(text):
            said = f"the character #x{ord(found[0]):04x} is not allowed in a text"
            self.complain(said, node)
        return text

    def refuse_tag(self, node: yaml.Node) -> None:
        tag = str(node.tag).replace(TAG, "!!")
        self.complain(f"the tag '{tag}' is not allowed here\n  write a plain value", node)
