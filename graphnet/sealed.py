"""Sealed: objects whose public attributes stay what they were made of.

A constructor passes on what it is given: into views of memory, lists of calls, files. To assign the
attribute later would change what the object says about itself, and nothing that it does; so it is
refused, with what to do instead. A class lists and documents the attributes that may be assigned.
"""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Container, Iterable, Mapping
from inspect import Signature, signature
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from graphnet.errors import did_you_mean

_assign = object.__setattr__  # losses are assigned in every step


class AllBut:
    """All names but a few, for classes that others derive from."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)

    def __contains__(self, name: object) -> bool:
        return name not in self._names


class Sealing(ABCMeta):
    """Makes instances, and seals each when its constructor is done."""

    @property
    def __signature__(cls) -> Signature:
        """The constructor's, which ``__call__`` would hide."""
        if cls.__init__ is object.__init__:  # type: ignore[misc]  # of this class, no other
            return Signature()
        constructor = signature(cls.__init__)  # type: ignore[misc]  # likewise
        return constructor.replace(parameters=list(constructor.parameters.values())[1:])

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """An instance, sealed."""
        made = super().__call__(*args, **kwargs)
        _assign(made, "_is_sealed", True)  # not by vars(), which slows reading
        return made


class Sealed(metaclass=Sealing):
    """An object whose public attributes cannot be assigned once it is made."""

    #: The attributes that may be assigned nevertheless.
    _open: ClassVar[Container[str]] = frozenset()
    #: By attribute, what to do instead of assigning it.
    _instead: ClassVar[Mapping[str, str]] = {}
    #: By what others call it, what there is here.
    _elsewhere: ClassVar[Mapping[str, str]] = {}
    _is_sealed = False

    if not TYPE_CHECKING:  # to a type checker there would be every attribute

        def __getattr__(self, name: str) -> Any:
            here = self._elsewhere.get(name)
            if here is None or hasattr(type(self), name):
                return object.__getattribute__(self, name)  # it raises what Python does
            said = f"a {type(self).__name__} has no attribute '{name}'\n  {here}"
            raise AttributeError(said, name=name, obj=self)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._open or name[0] == "_" or not self._is_sealed:
            _assign(self, name, value)
        elif getattr(getattr(type(self), name, None), "fset", None) is not None:
            _assign(self, name, value)  # by the property's own setter
        else:
            refuse(self, name, self._instead.get(name, ""))

    def __delattr__(self, name: str) -> None:
        if self._is_sealed and name[0] != "_":
            refuse(self, name)
        super().__delattr__(name)


class OpenToOthers(Sealed):
    """The base of graphnet's own classes and of the user's, whose attributes are the user's own."""

    #: What is fixed of the user's classes as well.
    _kept: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.partition(".")[0] != __name__.partition(".")[0]:
            cls._open = AllBut(cls._kept)


def refuse(of: object, name: str, instead: str = "") -> NoReturn:
    """Say that an attribute cannot be assigned.

    Raises:
        AttributeError: Always.
    """
    kind = type(of).__name__
    if hasattr(type(of), name) or name in getattr(of, "__dict__", {}):
        cure = f"\n  {instead}" if instead else ""
        raise AttributeError(f"'{name}' of a {kind} cannot be set once it is made{cure}")
    known = [n for n in dir(of) if n[0] != "_"]
    raise AttributeError(f"a {kind} has no attribute '{name}' to be set{did_you_mean(name, known)}")


def read_only(stored: str, instead: str = "") -> Any:
    """A property that gives the attribute ``stored`` and refuses to be assigned.

    Args:
        stored: Begins with an underscore.
        instead: What to do instead of assigning it.
    """

    def set_it(of: object, _: object) -> None:
        refuse(of, stored.removeprefix("_"), instead)

    return property(attrgetter(stored), set_it)
