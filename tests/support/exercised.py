"""What the tests exercise, measured: the cases the layer harness gets, and the keys tests write.

Nothing is run for it: test modules are imported for their cases, and read for the rest.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel
from support.layer_case import LayerCase

TESTS = Path(__file__).parent.parent
_IN_YAML = re.compile(r"type: (\w+),? ?([^}\n]*)")
_YAML_ITEM = re.compile(r"(\w+): ([^,}\n]+)")


# --- cases ------------------------------------------------------------------------------


@cache
def harness_cases() -> dict[str, list[LayerCase]]:
    """The cases that parametrized tests of ``tests/layers`` hand to ``check_layer``, by type."""
    found: dict[str, list[LayerCase]] = defaultdict(list)
    for path in sorted((TESTS / "layers").rglob("test_*.py")):
        try:
            module = _imported(path)
        except pytest.skip.Exception:  # it needs a library that is not here
            continue
        for function in vars(module).values():
            if isinstance(function, FunctionType) and "check_layer" in function.__code__.co_names:
                for case in _parameters(function):
                    found[type(case.spec).__name__].append(case)
    return found


def _imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"exercised_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _parameters(function: FunctionType) -> Iterator[LayerCase]:
    """The cases among the values a test is parametrized with."""
    for mark in getattr(function, "pytestmark", ()):
        if mark.name == "parametrize":
            yield from (v for v in mark.args[1] if isinstance(v, LayerCase))


def values_given(cases: Iterable[LayerCase], field: str) -> list[Any]:
    """The values a property has in the cases."""
    return [getattr(case.spec, field) for case in cases]


# --- choices ----------------------------------------------------------------------------


def choices(annotation: Any) -> set[Any]:
    """The values a property can have where they can be listed: flags and enumerations."""
    if annotation is bool:
        return {True, False}
    if get_origin(annotation) is Literal:
        return set(get_args(annotation))
    inner = [a for a in get_args(annotation) if not isinstance(a, str)]
    return set().union(*map(choices, inner)) if get_origin(annotation) is not tuple else set()


# --- keys -------------------------------------------------------------------------------

#: The values each key is given, as constants of the text; ``...`` stands for any other.
Written = dict[str, set[Any]]


def keys_written(paths: Iterable[Path]) -> Written:
    """Every keyword of a call, and every text that is a key of a dict, in these files."""
    written: Written = defaultdict(set)
    for node in _nodes(paths):
        match node:
            case ast.keyword(arg=str(key), value=value):
                written[key].add(_constant(value))
            case ast.Dict():
                for key, value in _items(node).items():
                    written[key].add(_constant(value))
    return written


def keys_written_for(cls: type, paths: Iterable[Path]) -> Written:
    """The keys these files give a class: in its calls, and beside its ``type`` in dicts and YAML.

    What a call gives by place counts as well.
    """
    tag = getattr(cls, "model_fields", {}).get("type")
    names, written = {cls.__name__, getattr(tag, "default", None)}, defaultdict(set)
    for node in _nodes(paths):
        match node:
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)) if called in names:
                by_place = dict(zip(_places(cls), node.args, strict=False))
                by_name = {k.arg: k.value for k in node.keywords if k.arg is not None}
                for key, value in (by_place | by_name).items():
                    written[key].add(_constant(value))
            case ast.Dict():
                items = _items(node)
                if _constant(items.get("type")) in names - {None}:
                    for key, value in items.items():
                        written[key].add(_constant(value))
            case ast.Constant(value=str(text)):
                for kind, rest in _IN_YAML.findall(text):
                    for key, value in _YAML_ITEM.findall(rest) if kind in names else ():
                        written[key].add({"true": True, "false": False}.get(value, value))
    return written


def holes(
    cls: type, fields: Mapping[str, tuple[Any, Any]], written: Mapping[str, set[Any]]
) -> list[str]:
    """What these fields, ``{name: (annotation, default)}``, are never given in what is written."""
    found = []
    for field, (annotation, default) in fields.items():
        given = written.get(field, set())
        missing = choices(annotation) - given - {default}
        if not given:
            found.append(f"{cls.__name__}: '{field}' is never given")
        elif missing and ... not in given:
            found.append(f"{cls.__name__}: '{field}' is never {' or '.join(map(repr, missing))}")
    return found


def _nodes(paths: Iterable[Path]) -> Iterator[ast.AST]:
    return (node for path in paths for node in _all_nodes(path))


@cache
def _all_nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))))


def _items(node: ast.Dict) -> dict[str, ast.expr]:
    pairs = zip(node.keys, node.values, strict=True)
    return {str(k.value): value for k, value in pairs if isinstance(k, ast.Constant)}


def _constant(node: ast.expr | None) -> Any:
    return node.value if isinstance(node, ast.Constant) else ...


def _places(cls: type) -> list[str]:
    if issubclass(cls, BaseModel):
        return []
    return list(inspect.signature(cls).parameters)
