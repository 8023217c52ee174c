"""A message of one of Caffe's files: what its fields hold, and where each stands in the text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphnet.errors import Position
from graphnet.interchange.caffe.files.schema import KINDS, MessageKind


@dataclass
class Message:
    """A message as it was read: set fields alone.

    ``message["stride"]`` is a field's value or its default; of a repeated field it is a list, of
    a message that is absent an empty one.

    Attributes:
        kind: What it may hold.
        values: The fields that are set; lists where repeated.
        places: Where the name of each stands, once for every value.
        position: Where the message itself begins; None where it is not from a text.
        comments: What was written in the text before and within it, without the ``#``.
    """

    kind: MessageKind
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, list[Position | None]] = field(default_factory=dict)
    position: Position | None = None
    comments: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, kind: str, position: Position | None = None, **values: Any) -> Message:
        """A message made here, all of it at one place."""
        made = cls(KINDS[kind], position=position)
        for name, value in values.items():
            made.put(name, value)
        return made

    def __getitem__(self, name: str) -> Any:
        found = self.kind.fields[name]
        if name in self.values:
            return self.values[name]
        if found.repeated:
            return []
        return (
            Message(KINDS[found.type], position=self.position)
            if found.is_message
            else (found.default)
        )

    def has(self, name: str) -> bool:
        """Whether the field is set; a repeated one, whether it has a value."""
        value = self.values.get(name)
        return value is not None and value != []

    def at(self, name: str, index: int = 0) -> Position | None:
        """Where the field stands, its value of that index; else where the message begins."""
        found = self.places.get(name) or [self.position]
        return found[min(index, len(found) - 1)] or self.position

    def add(self, name: str, value: Any, position: Position | None = None) -> None:
        """One more value of a repeated field, or the value of a single one."""
        if self.kind.fields[name].repeated:
            self.values.setdefault(name, []).append(value)
            self.places.setdefault(name, []).append(position)
        else:
            self.values[name], self.places[name] = value, [position]

    def put(self, name: str, value: Any, position: Position | None = None) -> None:
        """Set a field; a repeated one to a list."""
        self.values[name] = value
        n = len(value) if self.kind.fields[name].repeated else 1
        self.places[name] = [position or self.position] * n

    def take(self, name: str) -> Any:
        """The value of a field, which is then no longer set."""
        self.places.pop(name, None)
        return self.values.pop(name, None)

    def move(self, name: str, other: Message, new_name: str | None = None) -> None:
        """Give a field, if it is set, to another message, under its name or a new one."""
        if name in self.values:
            target = new_name or name
            places = self.places.get(name, [self.position])
            other.values[target], other.places[target] = self.take(name), places

    def part(self, name: str) -> Message:
        """The message of a single field, which is made if it is absent."""
        if name not in self.values:
            kind = KINDS[self.kind.fields[name].type]
            self.add(name, Message(kind, position=self.position), self.position)
        made: Message = self.values[name]
        return made

    def plain(self) -> dict[str, Any]:
        """Dicts, lists, numbers and texts."""
        return {name: _plain(value) for name, value in self.values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        return value.plain()
    return [_plain(item) for item in value] if isinstance(value, list) else value


def float32(value: float) -> float:
    """The number that float32 makes of another, as the shortest decimal that leads to it."""
    with np.errstate(over="ignore"):
        return float(str(np.float32(value)))
