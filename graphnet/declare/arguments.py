"""Checks of the arguments of public functions, with messages like those about YAML files."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Collection, Mapping
from typing import Any, ParamSpec, TypeVar

from graphnet.declare.key_words import key_hint, kind_hint
from graphnet.declare.validation import describe
from graphnet.errors import SpecError

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")


def spelled_out(function: Callable[P, R], hint: str = "") -> Callable[P, R]:
    """A function that raises a SpecError if arguments are missing, too many or unknown.

    Args:
        function: What is called.
        hint: Added to the message: how it is called.
    """

    @functools.wraps(function)
    def called(*args: P.args, **keywords: P.kwargs) -> R:
        try:
            return function(*args, **keywords)
        except TypeError:  # looked into only now: functions may be called very often
            signature = inspect.signature(function)
            try:
                signature.bind(*args, **keywords)
            except TypeError:
                said = _misfit(function, signature, args, keywords)
            else:
                raise
            raise SpecError(said + (f"\n  {hint}" if hint else "")) from None

    return called


def bare(method: Callable[P, R]) -> Callable[P, R]:
    """A bound method without its :func:`spelled_out`, which is felt where a step takes 40 µs."""
    function = getattr(method, "__wrapped__", None)
    return method if function is None else function.__get__(method.__self__)  # type: ignore[attr-defined]


def methods_spelled_out(cls: type[C]) -> type[C]:
    """A class whose public methods are :func:`spelled_out`."""
    for name, value in list(vars(cls).items()):
        if inspect.isfunction(value) and name[0] != "_":
            setattr(cls, name, spelled_out(value))
    return cls


def _misfit(
    function: Callable[..., Any],
    signature: inspect.Signature,
    args: tuple[Any, ...],
    keywords: Mapping[str, Any],
) -> str:
    """Why a call does not fit."""
    subject = function.__qualname__.removesuffix(".__init__")
    parameters = {name: p for name, p in signature.parameters.items() if name != "self"}
    takes = f"it takes: {', '.join(parameters)}"
    unknown = [name for name in keywords if name not in parameters]
    if unknown:
        return f"{subject}: unknown key '{unknown[0]}'{key_hint(unknown[0], list(parameters))}"
    by_place = [n for n, p in parameters.items() if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    given = args[len(signature.parameters) - len(parameters) :]
    if len(given) > len(by_place):
        extra = given[len(by_place)]
        if not parameters:
            return f"{subject}: it takes nothing; {describe(extra)} is the first too many"
        return (
            f"{subject}: expected at most {len(by_place)} positional arguments, found"
            f" {len(given)}; {describe(extra)} is the first too many\n  {takes}"
        )
    twice = [name for name in by_place[: len(given)] if name in keywords]
    if twice:
        return f"{subject}: '{twice[0]}' is given twice, by position and by keyword"
    missing = [
        name
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and name not in keywords
        and name not in by_place[: len(given)]
    ]
    return f"{subject}: missing {' and '.join(map(repr, missing))}\n  {takes}"


def expect(fits: bool, subject: str, wanted: str, value: Any, hint: str = "") -> None:
    """Raise unless a value fits.

    Args:
        fits: Whether it does.
        subject: The argument, for the message.
        wanted: What was expected.
        value: What was found.
        hint: How to put it right.

    Raises:
        SpecError: If it does not.
    """
    if not fits:
        raise SpecError(
            f"{subject}: expected {wanted}, found {describe(value)}"
            + (f"\n  {hint}" if hint else "")
        )


def expect_one_of(subject: str, value: Any, known: Collection[str]) -> None:
    """Check that a value is one of a few words.

    Raises:
        SpecError: If it is not.
    """
    if not (isinstance(value, str) and value in known):
        words = " or ".join(f"'{word}'" for word in known)
        hint = kind_hint(value, known) if isinstance(value, str) else ""
        raise SpecError(f"{subject}: expected {words}, found {describe(value)}{hint}")


def whole_number(subject: str, value: Any, least: int) -> int:
    """A whole number of Python or NumPy, as Python's own.

    Raises:
        SpecError: If it is not whole, or less than ``least``.
    """
    number = value.item() if getattr(value, "shape", None) == () else value
    fits = isinstance(number, int) and not isinstance(number, bool) and number >= least
    expect(fits, subject, f"a whole number of at least {least}", value)
    return int(number)


def expect_net(function: str, net: Any, *, call: str) -> None:
    """Check that an argument is a loaded net.

    Args:
        function: The function it is given to.
        net: What was given.
        call: How the function is called.

    Raises:
        SpecError: If it is something else.
    """
    hint = f"write {call}"
    if isinstance(net, str | os.PathLike | list | tuple | Mapping):
        hint = (
            f"load it first: net = load_net({'…' if isinstance(net, list | tuple) else repr(net)})"
        )
    fits = hasattr(net, "store") and hasattr(net, "run_batch") and not isinstance(net, type)
    expect(fits, function, "a net that load_net has made", net, hint)


def expect_path(function: str, path: Any, *, call: str) -> None:
    """Check that an argument is a path.

    Raises:
        SpecError: If it is something else.
    """
    fits = isinstance(path, str | os.PathLike) and "\0" not in str(path)
    expect(fits, function, "the path of a file or folder", path, f"write {call}")
