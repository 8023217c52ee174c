# ruff: noqa: INP001  # a script's part, not a module of a package
"""Docstrings and fields of models as Markdown, for the pages that are made from them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

SECTIONS = ("Bottoms", "Tops", "Params", "Args", "Example", "Source")


def property_table(spec: type[BaseModel], fields: dict[str, FieldInfo]) -> Iterator[str]:
    """A table of properties, their defaults and descriptions."""
    texts = argument_texts(spec)
    yield "| property | default | |"
    yield "|---|---|---|"
    for name, info in fields.items():
        key = info.alias or name
        default = default_text(info)
        text = texts[key] if name != "tops" else texts[key].split(". ")[0] + "."
        yield row(f"`{key}`", default, _STATED_DEFAULT.sub("", text) if default else text)


#: ``Default 0.5.`` at the end of a description repeats its column, unless it has a unit.
_STATED_DEFAULT = re.compile(r"\s*Default (?!\d+ [A-Za-z])[^.]*(?:\.\d+)?\.$")


def argument_texts(spec: type[BaseModel]) -> dict[str, str]:
    """The descriptions of properties in the docstrings of a model and its bases."""
    texts: dict[str, str] = {}
    for cls in reversed(spec.__mro__):
        if issubclass(cls, BaseModel):
            texts |= described(docstring_sections(cls).get("Args", ""))
    own = described(docstring_sections(spec).get("Args", ""))
    fields = spec.model_fields.items()  # of learned params
    learned = {info.alias or name: info.description for name, info in fields if info.description}
    return {**own, **learned, **texts, **own}


def default_text(info: FieldInfo) -> str:
    """The default as YAML spells it; nothing if leaving the property out means something else."""
    if info.is_required():
        return "required"
    if info.default_factory_takes_validated_data:  # a matter of other keys, which the text says
        return ""
    value = info.get_default(call_default_factory=True)
    return "" if value is None or value in ({}, ()) else f"`{yaml_text(value)}`"


def yaml_text(value: Any) -> str:
    """A value in flow style."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:g}"
        case tuple():
            return f"[{', '.join(map(yaml_text, value))}]"
        case BaseModel():
            changed = {k: v for k, v in value if v != type(value).model_fields[k].default}
            inside = ", ".join(f"{k}: {yaml_text(v)}" for k, v in changed.items())
            name = type(value).__name__
            return f"{{type: {name}, {inside}}}" if changed else name
    return str(value)


def docstring_sections(cls: type) -> dict[str, str]:
    """The sections of a docstring in Markdown by title; the text before them is titled ``""``."""
    parts = re.split(
        rf"^({'|'.join(SECTIONS)}):$", inspect.cleandoc(cls.__doc__ or ""), flags=re.MULTILINE
    )
    texts = [parts[0], *parts[2::2]]
    return {
        title: markdown(dedent(text.strip("\n")).rstrip())
        for title, text in zip(["", *parts[1::2]], texts, strict=True)
    }


def markdown(text: str) -> str:
    """The inline code, roles and literal blocks of reStructuredText as Markdown's."""
    text = re.sub(r":\w+:`(?:[\w.]*\.)?(\w+)`", r"`\1`", text)
    return text.replace("``", "`").replace("::\n\n    ", ":\n\n    ")


def described(section: str) -> dict[str, str]:
    """``name: text`` entries, each text on one line."""
    entries = re.findall(r"^(\w+): (.*(?:\n +.*)*)", section, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}


def row(*cells: str) -> str:
    """A line of a table; bars in cells are escaped, for a bar ends a cell."""
    return " ".join(f"| {c}".strip() for c in (cell.replace("|", "\\|") for cell in cells)) + " |"
