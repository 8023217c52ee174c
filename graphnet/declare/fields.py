"""The field types and the base class that every YAML-declared model shares.

A model is frozen, refuses unknown keys, and takes YAML values strictly: ``"5"`` is not a
number and ``1`` is not a flag. Used by the specs of layers, initializers, policies, methods.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from graphnet.declare.user_code import written_in
from graphnet.declare.validation import describe, keys_of, spec_error
from graphnet.declare.yaml_reader import plain_document
from graphnet.errors import SpecError


def _freeze(value: Any) -> Any:
    """What Python gives as YAML would have it: numbers, texts, and tuples, all the way down.

    A model can then be hashed, compared and written as YAML. NumPy's numbers become Python's,
    paths become texts, lists tuples.
    """
    if isinstance(value, list | tuple):
        return tuple(_freeze(v) for v in value)
    if isinstance(value, dict):
        return {_freeze(k): _freeze(v) for k, v in value.items()}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value.item() if getattr(value, "shape", None) == () else value


class _Signature:
    """A model's signature as a reader wants it: keywords and defaults, required ones first."""

    def __get__(self, instance: BaseModel | None, model: type[BaseModel]) -> Signature:
        fields = {n: f for n, f in model.model_fields.items() if n != "type" or f.is_required()}
        keys = sorted(fields, key=lambda name: not fields[name].is_required())  # stable
        parameters = [
            Parameter(
                name,
                Parameter.KEYWORD_ONLY,
                default=Parameter.empty
                if fields[name].is_required()
                else fields[name].get_default(call_default_factory=True, validated_data={}),
            )
            for name in keys
        ]
        return Signature(parameters)


_SIGNATURE = _Signature()


if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)  # it has no public name


class _Spoken(ModelMetaclass):
    """Reports what is wrong with a model built in Python in the words of one read from YAML.

    Here and not in ``__init__``, which pydantic would then call for models within models.
    """

    def __call__(cls: type[Model], *args: Any, **values: Any) -> Any:  # type: ignore[misc]  # noqa: N805
        """The model of these keys.

        Raises:
            SpecError: With every problem found.
        """
        missing = sorted(getattr(cls, "__abstractmethods__", ()))
        if missing:
            base = next(kind for kind in cls.__mro__ if missing[0] in vars(kind)).__name__
            raise SpecError(
                f"{written_in(cls)} does not define {' and '.join(missing)}\n"
                f"  every {base} needs {'it' if len(missing) == 1 else 'them'}; see help({base})"
            )
        if args and not _has_init(cls):
            first = next((key for key, info in keys_of(cls).items() if info.is_required()), "…")
            raise SpecError(
                f"{cls.subject_of(values)}its values are given by key,"
                f" found {describe(args[0])} without one\n"
                f"  write {cls.__name__}({first}=…)"
            )
        try:
            return super().__call__(*args, **values)  # type: ignore[misc]
        except ValidationError as error:
            subject, document = cls.subject_of(values), plain_document(values)
            raise spec_error(error, cls, values, document, subject=subject) from None


def _has_init(cls: type[BaseModel]) -> bool:
    """Whether a class has a constructor of its own, which may take values by their place."""
    return any("__init__" in vars(base) for base in cls.__mro__[: cls.__mro__.index(BaseModel)])


class Model(BaseModel, metaclass=_Spoken):
    """A frozen, strict pydantic model; lists given to it become tuples.

    Raises:
        SpecError: On building one with a key that is unknown, missing or unfit.
    """

    #: The key that all of its kind are given under, if there is just one.
    stands_under: ClassVar[str] = ""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True, allow_inf_nan=False
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        """What ``help()`` shows first."""
        super().__pydantic_init_subclass__(**options)
        cls.__signature__ = _SIGNATURE  # type: ignore[assignment]  # read through the descriptor

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What differs from the defaults, as it would be written."""
        fields = type(self).model_fields
        for name, value in super().__repr_args__():
            if name not in fields or (name != "type" and value != fields[name].get_default()):
                yield name, value

    @model_validator(mode="before")
    @classmethod
    def _lists_to_tuples(cls, values: Any) -> Any:
        return _freeze(values)

    @classmethod
    def subject_of(cls, values: Mapping[str, Any]) -> str:  # noqa: ARG003  # of those derived
        """How a message about one with these values begins."""
        return f"{cls.__name__}: "

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse: a declaration stays as it is.

        Raises:
            SpecError: Always, for a field.
        """
        if name in type(self).model_fields:
            raise SpecError(
                f"{self.subject_of(vars(self))}key '{name}': what is declared does not change"
                f"\n  make another: model_copy(update={{{name!r}: …}})"
            )
        super().__setattr__(name, value)


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


PositiveInt: TypeAlias = Annotated[int, Field(gt=0)]
NonNegativeInt: TypeAlias = Annotated[int, Field(ge=0)]
PositiveFloat: TypeAlias = Annotated[float, Field(gt=0)]
NonNegativeFloat: TypeAlias = Annotated[float, Field(ge=0)]
#: ``[height, width]``; one integer means both.
PositivePair: TypeAlias = Annotated[tuple[PositiveInt, PositiveInt], BeforeValidator(both)]
NonNegativePair: TypeAlias = Annotated[tuple[NonNegativeInt, NonNegativeInt], BeforeValidator(both)]
#: Put beside a union tagged on ``type`` so that a bare name is accepted too.
ByName = BeforeValidator(named)
