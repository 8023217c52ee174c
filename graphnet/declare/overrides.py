"""Overrides: ``--set layers.conv1.n_filter=8`` applied to a parsed document.

The document is edited before it is validated, so a wrong value is reported like any other; its
position is ``--set layers.conv1.n_filter=8``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphnet.declare.validation import describe
from graphnet.declare.yaml_reader import Document, KeyPath, parse_value
from graphnet.errors import Position, SpecError, did_you_mean

#: A path that begins with one of these keys is for the net, any other for the solver.
NET_KEYS = ("layers", "name", "solver")


@dataclass(frozen=True)
class Override:
    """One ``--set``.

    Attributes:
        path: The keys, names, types and indices between the dots.
        value: The new value.
        text: The whole option, for messages.
    """

    path: tuple[str, ...]
    value: Any
    text: str

    @property
    def for_net(self) -> bool:
        """Whether it is for the net rather than the solver."""
        return self.path[0] in NET_KEYS

    @property
    def position(self) -> Position:
        """How messages about the value begin."""
        return Position(self.text, 0, 0)


def parse_override(text: str) -> Override:
    """Parse ``key.path=value``; the value is YAML, and an empty one is null.

    Raises:
        ValueError: If it has another form.
    """
    dotted, equals, value = text.partition("=")
    path = tuple(dotted.strip().split("."))
    if not equals or not all(path):
        raise ValueError(f"expected KEY.PATH=VALUE, found '{text}'")
    try:
        return Override(path, parse_value(value), f"--set {text}")
    except SpecError as error:
        raise ValueError(f"'{text}': {error.problems[0].message}") from None


def override(document: Document, overrides: Iterable[Override]) -> Document:
    """The document with the new values.

    The last key of a path may be new. An item of a list is named by its name, its type or its
    index from 0.

    Raises:
        SpecError: If a path leads nowhere.
    """
    overrides = list(overrides)
    if not overrides or not isinstance(document.value, list | Mapping):
        return document
    document = _as_mapping(document)
    value = copy.deepcopy(document.value)
    values, keys = dict(document.values), dict(document.keys)
    for one in overrides:
        place = _assign(value, one)
        for known in (values, keys):
            for path in [p for p in known if p[: len(place)] == place]:
                del known[path]
            for n in range(1, len(place)):  # mappings made to hold it
                known.setdefault(place[:n], one.position)
            known[place] = one.position
    return replace(document, value=value, values=values, keys=keys)


def _as_mapping(document: Document) -> Document:
    """A bare list of layers, which is a net too, as a mapping with ``layers``."""
    if isinstance(document.value, Mapping):
        return document
    values = {("layers", *path): position for path, position in document.values.items()}
    keys = {("layers", *path): position for path, position in document.keys.items()}
    repeated = {("layers", *path): of for path, of in document.repeated.items()}
    return replace(
        document, value={"layers": document.value}, values=values, keys=keys, repeated=repeated
    )


def _assign(container: Any, one: Override) -> KeyPath:
    """Put the value in its place, and return the path of that place."""
    place: KeyPath = ()
    rest = one.path
    while True:
        walked = ".".join(one.path[: len(one.path) - len(rest)])
        step, n_used = _step(container, rest, walked, one)
        place, rest = (*place, step), rest[n_used:]
        if not rest:
            container[step] = copy.deepcopy(one.value)
            return place
        if isinstance(container, dict) and container.get(step) is None:
            container[step] = {}  # validation says whether there is such a key
        container = container[step]


def _step(container: Any, rest: tuple[str, ...], walked: str, one: Override) -> tuple[Any, int]:
    """The key or index that ``rest`` begins with, and how many of its parts name it."""
    if isinstance(container, dict):
        return rest[0], 1
    if isinstance(container, list):
        return _find_item(container, rest, walked, one)
    raise SpecError(
        f"'{walked}' is {describe(container)}, which has no keys\n"
        f"  give the whole value: --set '{walked}={{…}}'",
        one.position,
    )


def _find_item(
    items: list[Any], rest: tuple[str, ...], walked: str, one: Override
) -> tuple[int, int]:
    """The item that is named. A name or type may contain dots, so the longest one wins."""
    for n_used in range(len(rest), 0, -1):
        wanted = ".".join(rest[:n_used])
        for key in ("name", "type"):
            found = [i for i, item in enumerate(items) if _label(item, key) == wanted]
            if len(found) > 1:
                raise SpecError(
                    f"'{walked}' has {len(found)} items of the {key} '{wanted}'\n"
                    f"  use an index: {' or '.join(f'{walked}.{i}' for i in found)}",
                    one.position,
                )
            if found:
                return found[0], n_used
    if rest[0].isdecimal():
        if int(rest[0]) < len(items):
            return int(rest[0]), 1
        raise SpecError(
            f"'{walked}' has {len(items)} items, so its last index is {len(items) - 1}",
            one.position,
        )
    labels = [label for item in items for key in ("name", "type") if (label := _label(item, key))]
    known = ", ".join(dict.fromkeys(labels)) or "nothing"
    hint = did_you_mean(rest[0], labels) or f"\n  there is: {known}"
    raise SpecError(f"'{walked}' has no item '{rest[0]}'{hint}", one.position)


def _label(item: Any, key: str) -> str | None:
    return item.get(key) if isinstance(item, Mapping) else None
