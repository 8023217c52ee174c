"""Nets and solvers as YAML for people: a layer to a line where it fits, with comments."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from graphnet.declare.yaml_reader import write_yaml

_WIDTH = 100
_MOST_PLAIN = 1e6  # of a number that is written without exponent or point


def comment(text: str, indent: str = "") -> Iterator[str]:
    """Text as lines of comment."""
    for line in text.splitlines() or [""]:
        words = textwrap.wrap(
            line, _WIDTH - len(indent) - 2, break_long_words=False, break_on_hyphens=False
        )
        yield from (f"{indent}# {part}".rstrip() for part in words or [""])


def inline(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{inline(k)}: {inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(inline(item) for item in value) + "]"
    return _text(value) if isinstance(value, str) else " ".join(_written(value).split("\n"))


@lru_cache(maxsize=4096)  # keys, types and blobs come again and again
def _text(value: str) -> str:
    """A text on one line."""
    return " ".join(part.strip() for part in _written(value).split("\n"))


def _written(value: Any) -> str:
    """A value as it is written in a list in brackets: what needs quotes there has them."""
    return write_yaml([value]).strip()[1:-1]


def item(values: Mapping[str, Any], indent: str = "  ") -> Iterator[str]:
    """A mapping as an item of a list: on one line if it fits, else a line for each key."""
    line = f"{indent}- {inline(values)}"
    if len(line) <= _WIDTH:
        yield line
        return
    mark = "- "
    for key, value in values.items():
        yield from _entry(f"{indent}{mark}{inline(key)}:", value, f"{indent}    ")
        mark = "  "


def _entry(head: str, value: Any, indent: str) -> Iterator[str]:
    """A key and its value; a mapping or a list too long for the line goes below."""
    line = f"{head} {inline(value)}"
    if len(line) <= _WIDTH or not isinstance(value, Mapping | list | tuple) or not value:
        yield line
    elif isinstance(value, Mapping):
        yield head
        for key, inner in value.items():
            yield from _entry(f"{indent}{inline(key)}:", inner, f"{indent}  ")
    elif any(isinstance(inner, Mapping | list | tuple | str) for inner in value):
        yield head
        for inner in value:
            yield f"{indent}- {inline(inner)}"
    else:
        yield head
        whole = inline(value)
        yield from (indent + part for part in textwrap.wrap(whole, _WIDTH - len(indent)))


def mapping(values: Mapping[str, Any], notes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The keys of a file, each below what is said of it."""
    for key, value in values.items():
        for note in notes.get(key, ()):
            yield from comment(note)
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"{key}:"
            for each in value:
                yield from item(each)
        else:
            yield from _entry(f"{key}:", value, "  ")


def document(lines: Iterable[str]) -> str:
    """The lines as a file."""
    return "\n".join(lines) + "\n"


def ordered(written: dict[str, Any]) -> dict[str, Any]:
    """The layer without defaults, its keys in the order in which people read them."""
    first = {key: written[key] for key in ("name", "type", "phase", "source") if key in written}
    last = {key: written[key] for key in ("bottoms", "tops") if key in written}
    rest = {key: value for key, value in written.items() if key not in {*first, *last}}
    return first | {key: short(value) for key, value in rest.items() if value != {}} | last


def short(value: Any) -> Any:
    """As people write it: a pair of equal numbers as one, a type alone as its name."""
    if isinstance(value, dict):
        inner = {key: short(each) for key, each in value.items()}
        return inner["type"] if list(inner) == ["type"] else inner
    if isinstance(value, float) and value.is_integer() and abs(value) < _MOST_PLAIN:
        return int(value)
    is_pair = isinstance(value, list) and len(value) == 2 and value[0] == value[1]  # noqa: PLR2004
    return value[0] if is_pair and isinstance(value[0], int) else value
