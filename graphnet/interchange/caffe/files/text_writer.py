"""Messages as text, as Caffe's own tools write them: one field on a line."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, isnan
from typing import Any

from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.files.schema import Field

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def write_text(message: Message) -> str:
    """The text that the message is read from."""
    return "".join(f"{line}\n" for line in _lines(message, ""))


def _lines(message: Message, indent: str) -> Iterator[str]:
    for name, value in message.values.items():
        field = message.kind.fields[name]
        for each in value if field.repeated else [value]:
            if isinstance(each, Message):
                yield from (f"{indent}# {line.strip()}" for line in each.comments)
                yield f"{indent}{name} {{"
                yield from _lines(each, f"{indent}  ")
                yield f"{indent}}}"
            else:
                yield f"{indent}{name}: {_scalar(field, each)}"


def _scalar(field: Field, value: Any) -> str:
    if field.type in ("s", "y"):
        return '"' + "".join(_ESCAPES.get(c, c) for c in str(value)) + '"'
    if field.type == "b":
        return "true" if value else "false"
    if field.type in ("f", "d"):
        if isnan(value):
            return "nan"
        if value in (inf, -inf):
            return "inf" if value > 0 else "-inf"
        return f"{value:.0f}" if value == int(value) and abs(value) < 1e9 else repr(float(value))  # noqa: PLR2004  # digits that are read
    return str(value)
