"""A plain function as a coffee break: ``espresso(net, state, lounge, sugar=1)``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any, ClassVar, get_type_hints

from graphnet.errors import SpecError
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.request import Request
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet

#: What a function is given, by position.
GIVEN = ("net", "state", "lounge")


class FunctionBreak(CoffeeBreak):
    """Calls a function of the user's own when it is due.

    The function is given the net, the solver's state and the coffee lounge, as ``enjoy`` of a
    break is, and returns what ``enjoy`` may: a ``Request`` or None. Its further parameters are the
    break's keys in YAML. It has no memory in snapshots; a class can have one (``state_dict``).
    """

    function: ClassVar[Callable[..., Request | None]]

    def __init__(self, **keywords: Any) -> None:
        self.keywords = keywords

    def enjoy(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> Request | None:
        """Call the function."""
        return type(self).function(net, state, lounge, **self.keywords)


def function_break(function: FunctionType | MethodType) -> type[FunctionBreak]:
    """The class of breaks that call a function; its constructor takes the further parameters.

    Raises:
        SpecError: If the function cannot be called with net, state and lounge.
    """
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    first, rest = parameters[: len(GIVEN)], parameters[len(GIVEN) :]
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if len(first) < len(GIVEN) or any(p.kind not in kinds for p in first):
        raise SpecError(
            f"the function {function.__name__}{signature} cannot be a coffee break\n"
            f"  its first parameters are net, state and lounge: "
            f"def {function.__name__}({', '.join(GIVEN)}, …)"
        )
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise SpecError(
            f"the function {function.__name__} gives a generator or a coroutine, which does nothing"
            "\n  write one that returns None or a Request"
        )

    def make(self: FunctionBreak, **keywords: Any) -> None:
        FunctionBreak.__init__(self, **keywords)

    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    setattr(make, "__signature__", signature.replace(parameters=[own, *rest]))  # noqa: B010
    hints = get_type_hints(function, include_extras=True)
    make.__annotations__ = {p.name: hints[p.name] for p in rest if p.name in hints}
    about = {
        "__init__": make,
        "__doc__": inspect.getdoc(function) or f"Calls {function.__name__}.",
        "__module__": function.__module__,
        "__qualname__": function.__qualname__,
        "function": staticmethod(function),
    }
    return type(function.__name__, (FunctionBreak,), about)


def break_class(found: object, dotted: str) -> type[CoffeeBreak]:
    """The class of breaks that a name in YAML stands for: it, or that of a function.

    Raises:
        SpecError: If it is neither a coffee break nor a function.
    """
    if isinstance(found, FunctionType):
        return function_break(found)
    if isinstance(found, type) and issubclass(found, CoffeeBreak):
        return found
    raise SpecError(
        f"'{dotted}' is not a CoffeeBreak\n  derive the class from it, or write a function"
    )


def called(function: FunctionType | MethodType) -> FunctionBreak:
    """A break that calls a function, as Python adds it to a solver.

    Raises:
        SpecError: If the function cannot be called with net, state and lounge alone.
    """
    made = function_break(function)
    without = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [
        p.name
        for p in inspect.signature(made).parameters.values()
        if p.default is inspect.Parameter.empty and p.kind not in without
    ]
    if needed:
        name = function.__name__
        raise SpecError(
            f"the function {name} also needs {' and '.join(needed)}\n  write"
            f" add_coffee_break(lambda net, state, lounge: {name}(net, state, lounge,"
            f" {needed[0]}=…), …)"
        )
    return made()
