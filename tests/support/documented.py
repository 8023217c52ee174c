"""What the docstrings of public names have to say, and what of it they leave out.

A docstring speaks for its name together with those of the same name in the classes it is derived
from, and with that of a function it says to see, so that a contract is written once. A parameter is
told of in ``Args:``, or in the text by its name.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import cache, cached_property
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel

import graphnet as gn
from graphnet.layers import LAYER_TYPES
from graphnet.solver.methods import METHODS

#: What YAML names by ``type:`` and is from somewhere.
TYPED = {
    "layers": list(LAYER_TYPES.values()),
    "methods": list(METHODS.values()),
    **{
        module: list(get_args(get_args(getattr(getattr(gn, module), union))[0]))
        for module, union in (
            ("lr_policy", "AnyLRPolicy"),
            ("mom_policy", "AnyMomentumPolicy"),
            ("initializers", "AnyInitializer"),
            ("regularizers", "AnyRegularizer"),
            ("constraints", "AnyConstraint"),
            ("transformers", "AnyTransformer"),
        )
    },
}
_SECTION = re.compile(r"^([A-Z]\w+):\n((?:[ ]+.*\n?|\n)+)", re.MULTILINE)
_ENTRY = re.compile(r"^    \*{0,2}(\w+): (.*(?:\n(?:     +.*|$))*)", re.MULTILINE)
_SHAPE = re.compile(r"shape|``\(|\(\w+, ?[^)]*\)|\b(?:[Ff]lat|axis|axes|blobs?|rows?|like)\b")
_ARRAY = re.compile(r"\b(?:ndarray|Array|ArrayLike)\b")
_DEFAULT = re.compile(r"\b[Dd]efaults?\b|\bNone\b|\bWithout\b")
#: What a summary begins with that names the value itself.
_NOUN = re.compile(
    r"(An?|The|This|Its|Their|Whether|How|What|Which|Who|Where|When|Why|Every|Each|All|Values|One|"
    r"Under|``|Σ|[A-Z]\w+s\b|\d)"
)
#: What a function gives back that gives back nothing; a context manager's is what is done within.
_NOTHING = (
    "None",
    "<class 'inspect._empty'>",
    "Self",
    "Iterator[None]",
    "AbstractContextManager[None]",
)
_CODE = re.compile(r":\w+:`[^`]*`|``[^`]*``|\([^)]*\)")
#: What is measured in something.
_MEASURED = re.compile(r"(^|_)(seconds|timeout|bytes|limit|length|stepsize|patience|stepvalues)$")
_UNIT = re.compile(
    r"second|byte|iteration|epoch|update|unit|times|validation|symbol", re.IGNORECASE
)


class Callee(NamedTuple):
    """Something public that is called, or is made of fields.

    Attributes:
        name: As a user writes it, such as ``gn.Net.predict``.
        value: The function or class.
        docs: Its docstring and those it goes on, nearest first.
        around: The docstrings of a method's class, which may tell of what its methods share.
        parameters: By name; of a class of fields, those.
        is_property: Whether it is read, not called.
    """

    name: str
    value: Any
    docs: tuple[str, ...]
    around: tuple[str, ...]
    parameters: dict[str, inspect.Parameter]
    is_property: bool = False


def public() -> Iterator[Callee]:
    """Every public name, and the public methods and properties of the classes among them."""
    modules = gn._MODULES
    for name in gn.__all__:
        if name not in modules and name != "__version__":
            try:
                yield from _callees(f"gn.{name}", getattr(gn, name))
            except gn.MissingExtraError:
                continue
    for module, classes in TYPED.items():
        for cls in classes:  # their methods are those of the contracts
            yield next(_callees(f"gn.{module}.{cls.__name__}", cls))
    for name in gn.interchange.__all__:
        yield from _callees(f"gn.interchange.{name}", getattr(gn.interchange, name))


def _callees(name: str, value: Any) -> Iterator[Callee]:
    if not inspect.isclass(value):
        yield Callee(name, value, (inspect.getdoc(value) or "",), (), _parameters(value))
        return
    ours = [cls for cls in value.__mro__ if cls.__module__.startswith("graphnet")]
    docs = tuple(inspect.cleandoc(cls.__dict__.get("__doc__") or "") for cls in ours)
    yield Callee(name, value, docs, (), _fields(value))
    names = {key for cls in ours for key in vars(cls) if key[0] != "_"}
    for attribute in sorted(names - set(getattr(value, "__dataclass_fields__", ()))):
        if attribute.startswith("model_"):  # pydantic's
            continue
        held = [vars(cls)[attribute] for cls in ours if attribute in vars(cls)]
        plain = [getattr(h, "__func__", None) or getattr(h, "fget", None) or h for h in held]
        if inspect.isfunction(plain[0]):
            texts = tuple(_with_what_to_see(f) for f in plain if inspect.isfunction(f))
            yield Callee(
                f"{name}.{attribute}",
                plain[0],
                texts,
                docs,
                _parameters(plain[0]),
                isinstance(held[0], property | cached_property),
            )


def _with_what_to_see(function: Any) -> str:
    """Its docstring, and that of a function beside it which it says to see."""
    text = inspect.cleandoc(function.__doc__ or "")
    named = re.findall(r"see :func:`(\w+)`", text)
    beside = vars(importlib.import_module(function.__module__))
    return "\n".join([text, *(inspect.getdoc(beside[name]) or "" for name in named)])


def _parameters(function: Any) -> dict[str, inspect.Parameter]:
    found = dict(inspect.signature(function).parameters)
    for name in ("self", "cls"):
        found.pop(name, None)
    return found


def _fields(cls: type) -> dict[str, inspect.Parameter]:
    """What a class is made with."""
    if issubclass(cls, BaseModel):
        kind, fields = inspect.Parameter.KEYWORD_ONLY, cls.model_fields.items()
        return {
            info.alias or name: inspect.Parameter(name, kind, annotation=info.annotation)
            for name, info in fields
            if name != "type" and info.description is None
        }
    if issubclass(cls, BaseException) and "__init__" not in vars(cls):
        return {}
    if issubclass(cls, dict) or getattr(cls, "_is_protocol", False) or inspect.isabstract(cls):
        return {}
    return _parameters(cls) if "__init__" in vars(cls) or dataclasses.is_dataclass(cls) else {}


def left_out(callee: Callee) -> Iterator[str]:
    """What the docstring of a name does not say."""
    if not any(callee.docs):
        yield "has no docstring"
        return
    told = _told((*callee.docs, *callee.around))
    for name, parameter in callee.parameters.items():
        text = told.get(name) or told.get(name.strip("_"))
        if text is None:
            yield f"does not tell of {name}"
            continue
        if parameter.default is None and not _DEFAULT.search(text):
            yield f"does not tell what {name} is by default"
        if _ARRAY.search(str(parameter.annotation)) and not _SHAPE.search(text):
            yield f"does not tell the shape of {name}"
        if _MEASURED.search(name) and not _UNIT.search(text):
            yield f"does not tell the unit of {name}"
    if inspect.isclass(callee.value):
        return
    yield from _of_what_is_returned(callee)
    text = "\n".join(callee.docs)
    for error in sorted(raised(callee.value)):
        if not re.search(rf"\b{error}\b", text):
            yield f"does not tell of {error}, which it raises"


def _of_what_is_returned(callee: Callee) -> Iterator[str]:
    annotation = str(inspect.signature(callee.value).return_annotation)
    if annotation in _NOTHING:
        return
    if callee.is_property and re.search(r":(?= |$)", _CODE.sub("", callee.docs[0].split("\n")[0])):
        yield "has a colon in its first line, before which the site sees a type"
    text = "\n".join((*callee.docs, *callee.around))
    named = callee.is_property or any(map(_NOUN.match, callee.docs))
    if not named and not re.search(r"\bReturns:|\bYields:|\breturn", text):
        yield "does not tell what it returns"
    if _ARRAY.search(annotation) and not _SHAPE.search(text):
        yield "does not tell the shape of what it returns"


def sections(doc: str) -> dict[str, str]:
    """The sections of a docstring by title."""
    return dict(_SECTION.findall(doc + "\n"))


def _told(docs: tuple[str, ...]) -> dict[str, str]:
    """What is said of each parameter."""
    told: dict[str, str] = {}
    for doc in reversed(docs):
        told |= dict.fromkeys(re.findall(r"\w+", doc.split("\nArgs:")[0]), doc)
        found = sections(doc)
        for title in ("Attributes", "Args"):
            told |= dict(_ENTRY.findall(found.get(title, "")))
    return told


@cache
def _functions_of(module: str) -> dict[str, ast.AST]:
    """The functions of a module by name; of methods, the name alone."""
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    return {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}


def raised(function: Any) -> set[str]:
    """The errors of graphnet that a function raises: itself, or by private helpers beside it."""
    plain = inspect.unwrap(function)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(plain)))
    except (OSError, SyntaxError):
        return set()
    beside = _functions_of(plain.__module__)
    found: set[str] = set()
    seen: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        for node in ast.walk(waiting.pop()):
            if isinstance(node, ast.Raise) and node.exc is not None:
                found |= {n.id for n in ast.walk(node.exc) if isinstance(n, ast.Name)}
            elif isinstance(node, ast.Call):
                name = getattr(node.func, "id", None) or (
                    node.func.attr
                    if isinstance(node.func, ast.Attribute)
                    and getattr(node.func.value, "id", "") == "self"
                    else ""
                )
                if name.startswith("_") and name in beside and name not in seen:
                    seen.add(name)
                    waiting.append(beside[name])
    return {name for name in found if name in ERRORS}


ERRORS = {n for n, e in vars(gn.errors).items() if inspect.isclass(e) and n.endswith("Error")}


#: A paper, or the program that has the same.
_FROM = r"\b(?:Mocha|Caffe|Keras|PyTorch)\b|[A-Z]\w+ .*\b(?:19|20)\d\d\b"


def has_source(cls: type) -> bool:
    """Whether a class says where it is from."""
    doc = inspect.cleandoc(cls.__doc__ or "")
    return "Source" in sections(doc) or re.search(_FROM, doc) is not None


def docstrings() -> Iterator[tuple[str, str]]:
    """The names and docstrings that have one of their own, a class's or a function's."""
    for callee in public():
        own = inspect.cleandoc(callee.value.__doc__ or "")
        if own:
            yield callee.name, own
