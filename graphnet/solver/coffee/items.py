"""How YAML declares a coffee break: its type, when it is due, and its constructor's keywords.

    - {type: Snapshot, every_n_iter: 5000, keep_last: 3}
    - {type: my_hooks.Espresso, every_n_epoch: 1, sugar: 2}

The keywords of built-in breaks and of the user's own are checked by models made from their
constructors' signatures, in the same way.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BeforeValidator, ConfigDict, Field, create_model

from graphnet.declare.arguments import spelled_out
from graphnet.declare.fields import Model, NonNegativeInt
from graphnet.declare.user_code import written_in
from graphnet.declare.validation import validate
from graphnet.declare.yaml_reader import KeyPath, plain_document
from graphnet.errors import SpecError, did_you_mean
from graphnet.files.paths import placed
from graphnet.solver.coffee.base import CoffeeBreak, Every
from graphnet.solver.coffee.listening import ListeningBreak

B = TypeVar("B", bound=CoffeeBreak)

_PREFIX = "keyword_"  # so that no keyword can hide one of pydantic's own names


class BreakItem(Model):
    """An item of ``coffee_breaks``.

    Args:
        every_n_iter: Due after every so many iterations, and at iteration 0. Default 0: never.
        every_n_epoch: Due after every so many epochs. Default 0: never. With both given, it is
            due when either says so.
    """

    type: str
    every_n_iter: NonNegativeInt = 0
    every_n_epoch: NonNegativeInt = 0

    @property
    def schedule(self) -> tuple[Every, ...]:
        """When it is due."""
        return schedule(self.every_n_iter, self.every_n_epoch)

    def keywords(self) -> dict[str, Any]:
        """The constructor's keywords that were given."""
        names = type(self).model_fields
        given = {
            str(names[name].alias): getattr(self, name)
            for name in self.model_fields_set
            if name.startswith(_PREFIX)
        }
        return {**given, **(self.model_extra or {})}


class CustomBreak(BreakItem):
    """An item whose class is the user's own; its keywords are checked when that is imported."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(pattern=r"^\w+(\.\w+)+$")


def schedule(every_n_iter: int = 0, every_n_epoch: int = 0) -> tuple[Every, ...]:
    """When a break with these two keys is due."""
    whens = (Every(every_n_iter, "iter"), Every(every_n_epoch, "epoch"))
    return tuple(when for when in whens if when.n > 0)


def break_model(cls: type[CoffeeBreak], type_name: str | None = None) -> type[BreakItem]:
    """The model that checks the items whose ``type`` is ``cls``.

    Args:
        cls: The class of the break.
        type_name: Its name in YAML. Default: the class's name.

    Returns:
        A model with the constructor's keywords as fields: names, annotations and defaults. A
        keyword without an annotation takes any value; ``**keywords`` allow any name.

    Raises:
        SpecError: If the constructor cannot be called with keywords alone, or has one that the
            schedule uses.
    """
    name = type_name or cls.__name__
    hints = get_type_hints(cls.__init__, include_extras=True)
    fields: dict[str, Any] = {"type": (Literal[name], name)}
    extra = "forbid"
    for parameter in inspect.signature(cls).parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            extra = "allow"
        elif parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            continue
        elif parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            raise SpecError(
                f"'{name}': its constructor takes '{parameter.name}' by position only\n"
                "  YAML gives keywords: leave out the '/'"
            )
        elif parameter.name in BreakItem.model_fields:
            raise SpecError(
                f"'{name}': its constructor has a keyword '{parameter.name}', which says what "
                "or when a break is\n  call it something else"
            )
        elif parameter.name not in cls.python_only:
            annotation = _from_yaml(hints.get(parameter.name, Any))
            required = parameter.default is inspect.Parameter.empty
            field = Field(... if required else parameter.default, alias=parameter.name)
            fields[_PREFIX + parameter.name] = (annotation, field)
    return create_model(
        cls.__name__,
        __base__=BreakItem,
        __doc__=inspect.getdoc(cls),
        __cls_kwargs__={"extra": extra},
        **fields,
    )


def check_hooks(break_: CoffeeBreak, whens: tuple[Every, ...]) -> None:
    """See that a break has a hook, and a schedule if its ``enjoy`` needs one.

    Raises:
        SpecError: Otherwise.
    """
    cls = type(break_)
    hooks = ("open", "enjoy", "finish", "close")
    defined = [hook for hook in hooks if getattr(cls, hook) is not getattr(CoffeeBreak, hook)]
    own = [name for name, value in vars(cls).items() if callable(value) and name not in hooks]
    meant = next((hint for name in own if (hint := did_you_mean(name, hooks))), "")
    cure = meant or "\n  define enjoy(self, net, state, lounge)"
    if not defined:
        none = ", ".join(f"{hook}()" for hook in hooks)
        raise SpecError(f"{written_in(cls)} has none of {none}, so it would do nothing{cure}")
    is_idle = "enjoy" not in defined and not isinstance(break_, ListeningBreak)
    if is_idle and whens:
        raise SpecError(
            f"{written_in(cls)} has no enjoy(), which is what every_n_iter and every_n_epoch"
            f" call{cure}, or leave them out"
        )
    if "enjoy" in defined and break_.needs_schedule and not whens:
        raise SpecError("it is never due\n  give every_n_iter or every_n_epoch")


def make_break(
    item: BreakItem,
    break_types: Mapping[str, type[CoffeeBreak]],
    path: KeyPath,
    folder_of: Callable[[KeyPath], Path],
) -> CoffeeBreak:
    """The break that an item declares; paths among its keywords are relative to the item's file."""
    if item.type not in break_types:
        raise SpecError(
            f"the class '{item.type}' has not been imported\n"
            "  load the solver from its YAML, or pass break_types"
        )
    cls = break_types[item.type]
    if isinstance(item, CustomBreak):
        given: dict[str, Any] = {**item.model_dump(exclude_unset=True), "type": item.type}
        item = validate(break_model(cls, item.type), given, plain_document(given))
    try:
        given = item.keywords()
        for key, value in given.items():
            if isinstance(value, Path):
                given[key] = placed(str(value), folder_of((*path, key)))
        return cls(**given)
    except (TypeError, ValueError) as error:
        raise SpecError(f"it cannot be made: {error}") from error
    except SystemExit as error:
        raise SpecError(f"it cannot be made: it called sys.exit({error.code!r})") from error


def checked(cls: type[B]) -> type[B]:
    """Have the constructor check its keywords in Python as it does in YAML."""
    made = cls.__init__
    signature, model = inspect.signature(made), break_model(cls)

    @spelled_out
    @functools.wraps(made)
    def make(self: B, *args: Any, **keywords: Any) -> None:
        timed = [key for key in ("every_n_iter", "every_n_epoch") if key in keywords]
        if timed:
            raise SpecError(
                f"{cls.__name__}: '{timed[0]}' says when it is due, not what it does\n"
                f"  write add_coffee_break({cls.__name__}(…), {timed[0]}={keywords[timed[0]]!r})"
            )
        given = dict(signature.bind(self, *args, **keywords).arguments)
        del given["self"]
        live = {key: given.pop(key) for key in cls.python_only if key in given}
        made(self, **model(type=cls.__name__, **given).keywords(), **live)

    setattr(cls, "__init__", make)  # noqa: B010  # assigned plainly, it takes an ignored type
    return cls


def _from_yaml(annotation: Any) -> Any:
    """The annotation, which also takes what YAML has: a text for a path, and tuples for lists.

    (A model turns lists into tuples before it checks them.)
    """
    kinds = _kinds_in(annotation)
    if list in kinds:
        annotation = Annotated[annotation, BeforeValidator(_as_list)]
    if Path in kinds:
        annotation = Annotated[annotation, BeforeValidator(_as_path)]
    return annotation


def _kinds_in(annotation: Any) -> set[Any]:
    """The classes at the top of an annotation, its alternatives included."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kinds_in(get_args(annotation)[0])
    if origin is Union or type(annotation).__name__ == "UnionType":
        return {kind for each in get_args(annotation) for kind in _kinds_in(each)}
    return {origin or annotation}


def _as_list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _as_path(value: Any) -> Any:
    return Path(value) if isinstance(value, str) else value
