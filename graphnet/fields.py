"""The field types and the base class that every YAML-declared model shares.

A model is frozen, refuses unknown keys, and takes YAML values strictly: ``"5"`` is not a
number and ``1`` is not a flag. Used by the specs of layers, initializers, policies, methods.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def _freeze(value: Any) -> Any:
    """Lists as tuples, all the way down, so that a model can be hashed and compared."""
    if isinstance(value, list | tuple):
        return tuple(_freeze(v) for v in value)
    if isinstance(value, dict):
        return {k: _freeze(v) for k, v in value.items()}
    return value


class Model(BaseModel):
    """A frozen, strict pydantic model; lists given to it become tuples."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True, allow_inf_nan=False
    )

    @model_validator(mode="before")
    @classmethod
    def _lists_to_tuples(cls, values: Any) -> Any:
        return _freeze(values)


def both(value: Any) -> Any:
    """One integer stands for height and width alike."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    if not isinstance(value, list | tuple) or len(value) != 2:  # noqa: PLR2004  # a pair
        raise ValueError("expected a whole number, or two as [height, width]")
    return value


def named(value: Any) -> Any:
    """``ReLU`` is short for ``{type: ReLU}``."""
    if not isinstance(value, str | dict | BaseModel):
        raise ValueError("expected a name, or keys and values with 'type'")  # noqa: TRY004
    return {"type": value} if isinstance(value, str) else value


def user_path(text: str) -> Path:
    """A path as YAML has it: ``~`` is the home folder; ``~x`` is a name if there is no user x."""
    if "\0" in text:  # no user has such a name, and the system is not to be asked
        return Path(text)
    return Path(os.path.expanduser(text))  # noqa: PTH111  # pathlib's raises for such a name


def is_there(path: Path) -> bool:
    """Whether there is such a file or folder; there is none under a name that no system takes."""
    return os.path.exists(path)  # noqa: PTH110  # pathlib's raises for such a name


PositiveInt: TypeAlias = Annotated[int, Field(gt=0)]
NonNegativeInt: TypeAlias = Annotated[int, Field(ge=0)]
PositiveFloat: TypeAlias = Annotated[float, Field(gt=0)]
NonNegativeFloat: TypeAlias = Annotated[float, Field(ge=0)]
#: ``[height, width]``; one integer means both.
PositivePair: TypeAlias = Annotated[tuple[PositiveInt, PositiveInt], BeforeValidator(both)]
NonNegativePair: TypeAlias = Annotated[tuple[NonNegativeInt, NonNegativeInt], BeforeValidator(both)]
#: Put beside a union tagged on ``type`` so that a bare name is accepted too.
ByName = BeforeValidator(named)
