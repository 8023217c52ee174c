"""The field types and the base class that every YAML-declared model shares.

A model is frozen, refuses unknown keys, and takes YAML values strictly: ``"5"`` is not a
number and ``1`` is not a flag. Used by the specs of layers, initializers, policies, methods.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    model_validator,
)
from pydantic_core import core_schema, from_json

from graphnet.declare.user_code import written_in
from graphnet.declare.validation import describe, keys_of, spec_error
from graphnet.declare.yaml_reader import plain_document
from graphnet.errors import SpecError


def _freeze(value: Any) -> Any:
    """A value from Python as YAML would give it, so that it can be hashed, compared and written.

    NumPy's numbers become Python's, paths become texts, and lists become tuples, at any depth.
    """
    if isinstance(value, list | tuple):
        return tuple(_freeze(v) for v in value)
    if isinstance(value, dict):
        return {_freeze(k): _freeze(v) for k, v in value.items()}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value.item() if getattr(value, "shape", None) == () else value


class _Signature:
    """The signature that ``help()`` shows: keywords and defaults, the required ones first."""

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


class _ModelType(ModelMetaclass):
    """Building a model in Python raises what reading it from YAML would raise.

    This is not done in ``__init__``: pydantic would then call it for models within models.
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
                f"{cls.subject_of(values)}it takes keyword arguments only,"
                f" found {describe(args[0])} without a keyword\n"
                f"  write {cls.__name__}({first}=…)"
            )
        with _in_our_words(cls, values):
            return super().__call__(*args, **values)  # type: ignore[misc]


@contextmanager
def _in_our_words(cls: type[Model], values: Any) -> Iterator[None]:
    """Inside, pydantic's error about ``values`` becomes a SpecError."""
    try:
        yield
    except ValidationError as error:
        subject = cls.subject_of(values if isinstance(values, Mapping) else {})
        raise spec_error(error, cls, values, plain_document(values), subject=subject) from None


def _has_init(cls: type[BaseModel]) -> bool:
    """Whether a class has a constructor of its own, which may take positional arguments."""
    return any("__init__" in vars(base) for base in cls.__mro__[: cls.__mro__.index(BaseModel)])


class Model(BaseModel, metaclass=_ModelType):
    """A frozen, strict pydantic model; lists given to it become tuples.

    Raises:
        SpecError: On building one with a key that is unknown, missing or unfit.
    """

    #: The key that models of this kind are given to, if there is just one.
    stands_under: ClassVar[str] = ""
    #: Whether YAML chooses among models of this kind by a ``type``, which may be a dotted path.
    chosen_by_type: ClassVar[bool] = False

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        arbitrary_types_allowed=True,
        allow_inf_nan=False,
        defer_build=True,  # until a model of the class is made: few of them are in one process
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        """Give the class the signature that ``help()`` shows."""
        super().__pydantic_init_subclass__(**options)
        cls.__signature__ = _SIGNATURE  # type: ignore[assignment]  # read through the descriptor

    @classmethod
    def __pydantic_on_complete__(cls) -> None:
        """Give it back: pydantic has set its own while it built the class."""
        super().__pydantic_on_complete__()
        cls.__signature__ = _SIGNATURE  # type: ignore[assignment]  # as above

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """The values that differ from the defaults."""
        fields = type(self).model_fields
        for name, value in super().__repr_args__():
            if name not in fields or (name != "type" and value != fields[name].get_default()):
                yield name, value

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """The model of a mapping.

        Raises:
            SpecError: With every problem found.
        """
        with _in_our_words(cls, obj):
            return super().model_validate(obj, **options)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """The model of a text in JSON.

        Raises:
            SpecError: With every problem found.
        """
        try:
            values = from_json(json_data)
        except ValueError as error:
            raise SpecError(f"{cls.subject_of({})}expected JSON: {error}") from None
        return cls.model_validate(values, **options)

    @model_validator(mode="before")
    @classmethod
    def _lists_to_tuples(cls, values: Any) -> Any:
        return _freeze(values)

    @classmethod
    def subject_of(cls, values: Mapping[str, Any]) -> str:  # noqa: ARG003  # of those derived
        """How a message about one with these values begins."""
        return f"{cls.__name__}: "

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse to change a field.

        Raises:
            SpecError: Always, for a field.
        """
        if name in type(self).model_fields:
            raise SpecError(
                f"{self.subject_of(vars(self))}key '{name}': a declaration cannot be changed"
                f"\n  make another one: model_copy(update={{{name!r}: …}})"
            )
        super().__setattr__(name, value)


def both(value: Any) -> Any:
    """One integer stands for both height and width."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    if not isinstance(value, list | tuple) or len(value) != 2:  # noqa: PLR2004  # a pair
        raise ValueError("expected a whole number, or two as [height, width]")
    return value


def both_numbers(value: Any) -> Any:
    """One number stands for both height and width."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (value, value)
    if not isinstance(value, list | tuple) or len(value) != 2:  # noqa: PLR2004  # a pair
        raise ValueError("expected a number, or two as [height, width]")
    return value


def thrice(value: Any) -> Any:
    """One integer stands for depth, height and width."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value, value)
    if not isinstance(value, list | tuple) or len(value) != 3:  # noqa: PLR2004  # three sides
        raise ValueError("expected a whole number, or three as [depth, height, width]")
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
PositiveFloatPair: TypeAlias = Annotated[
    tuple[PositiveFloat, PositiveFloat], BeforeValidator(both_numbers)
]
#: ``[depth, height, width]``; one integer means all.
PositiveTriple: TypeAlias = Annotated[
    tuple[PositiveInt, PositiveInt, PositiveInt], BeforeValidator(thrice)
]
NonNegativeTriple: TypeAlias = Annotated[
    tuple[NonNegativeInt, NonNegativeInt, NonNegativeInt], BeforeValidator(thrice)
]


@dataclass(frozen=True)
class _Kinds:
    """Put beside a union tagged on ``type``, so that all that does not fit is told in our words.

    A model tells it of its fields; this is for a union alone, as in ``TypeAdapter(AnyLRPolicy)``.
    """

    takes_names: bool

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        def check(
            value: Any, inner: ValidatorFunctionWrapHandler, info: ValidationInfo[Any]
        ) -> Any:
            try:
                return inner(value)
            except ValidationError as error:
                if info.field_name is not None:  # whatever has the field says it
                    raise
                raise spec_error(error, source, value, plain_document(value)) from None

        kinds = handler(source)
        if self.takes_names:
            kinds = core_schema.no_info_before_validator_function(named, kinds)
        return core_schema.with_info_wrap_validator_function(check, kinds)


#: For a union tagged on ``type``; by name, ``ReLU`` is short for ``{type: ReLU}``.
ByKeys, ByName = _Kinds(takes_names=False), _Kinds(takes_names=True)
