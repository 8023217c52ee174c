"""Classes of the user's own where YAML chooses one by its ``type``: ``{type: my_methods.Lion}``.

Put beside a union tagged on ``type``, :class:`OrUserClass` lets a dotted path stand for a class
that derives from the same base. A model of it is written down under its dotted path again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from graphnet.declare.user_code import import_class, written_in
from graphnet.errors import SpecError

_PACKAGE = __name__.partition(".")[0]

#: What an editor is told of a ``type`` that names a class of the user's own.
USER_CLASS = {"type": "string", "pattern": r"\.", "description": "A Python class of your own."}


@dataclass(frozen=True)
class UserCode:
    """Where classes of the user's own are looked for, and whether there may be any.

    Attributes:
        folder: Searched before Python's own path.
        allowed: False refuses (``--no-user-code``).
    """

    folder: Path
    allowed: bool = True


def is_users(cls: type) -> bool:
    """Whether a class is the user's own, and not one of graphnet's."""
    return cls.__module__.partition(".")[0] != _PACKAGE


def type_name(model: BaseModel) -> str:
    """What ``type`` says of a model in YAML: for a class of the user's own, its dotted path."""
    cls = type(model)
    if is_users(cls) and getattr(cls, "chosen_by_type", False):
        return f"{cls.__module__}.{cls.__qualname__}"
    return str(vars(model)["type"])


@dataclass(frozen=True)
class OrUserClass:
    """An annotation of a union tagged on ``type``: or a class of the user's own.

    Attributes:
        base: What the class derives from.
    """

    base: type[BaseModel]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """The union, with the user's classes looked at before it."""
        schema = handler(source)
        return core_schema.with_info_wrap_validator_function(
            self._checked,
            schema,
            serialization=core_schema.wrap_serializer_function_ser_schema(
                _written, info_arg=True, schema=schema
            ),
        )

    def _checked(
        self,
        value: Any,
        handler: core_schema.ValidatorFunctionWrapHandler,
        info: core_schema.ValidationInfo,
    ) -> Any:
        if isinstance(value, self.base) and is_users(type(value)):
            return value
        kind = value.get("type") if isinstance(value, Mapping) else None
        if not isinstance(kind, str) or "." not in kind:
            return handler(value)
        user_code = info.context if isinstance(info.context, UserCode) else UserCode(Path.cwd())
        try:
            cls = import_class(kind, self.base, user_code.folder, allowed=user_code.allowed)
        except SpecError as error:
            raise ValueError(str(error)) from error
        missing = sorted(getattr(cls, "__abstractmethods__", ()))
        if missing:
            raise ValueError(
                f"{written_in(cls)} does not define {' and '.join(missing)}\n"
                f"  every {self.base.__name__} needs {'it' if len(missing) == 1 else 'them'}"
            )
        # a class of the user's own need not declare a type: it has its dotted path
        field = cls.model_fields.get("type")
        drop = () if field is not None and field.is_required() else ("type",)
        given = {key: one for key, one in value.items() if key not in drop}
        return cls.__pydantic_validator__.validate_python(given, context=info.context)


def _written(
    value: Any,
    handler: core_schema.SerializerFunctionWrapHandler,
    info: core_schema.SerializationInfo,
) -> Any:
    """A model as the mapping that makes it."""
    if not (isinstance(value, BaseModel) and is_users(type(value))):
        return handler(value)
    mode = "json" if info.mode == "json" else "python"
    return {**value.model_dump(mode=mode), "type": type_name(value)}
