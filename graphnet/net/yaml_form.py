"""A layer as the YAML that makes it: how a run records its net."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from graphnet.declare.user_types import type_name
from graphnet.layers import is_in_table
from graphnet.layers.base import LayerSpec


def layer_dict(spec: LayerSpec) -> dict[str, Any]:
    """A layer as the YAML mapping that makes it: name and type first, defaults left out."""
    written = _written(spec)
    first = {"name": spec.name, "type": _type_name(spec)}
    return {**first, **{k: v for k, v in written.items() if k not in first}}


def _type_name(spec: LayerSpec) -> str:
    """The YAML type: that of the table, or the dotted path of a class of the user's own."""
    cls = type(spec)
    return spec.type if is_in_table(spec) else f"{cls.__module__}.{cls.__qualname__}"


def _written(model: BaseModel) -> dict[str, Any]:
    """A model's ``type`` and the fields that differ from their defaults, under their YAML keys."""
    has_type = hasattr(model, "type") or getattr(model, "chosen_by_type", False)
    result: dict[str, Any] = {"type": type_name(model)} if has_type else {}
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        if name != "type" and (info.is_required() or value != info.get_default()):
            result[info.alias or name] = _plain(value)
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return _written(value)
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value
