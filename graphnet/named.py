"""Named: a mapping that cannot be changed, and says what is in it where a name is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn, TypeVar

from graphnet.errors import UnknownNameError, did_you_mean
from graphnet.sealed import Sealed

T = TypeVar("T")


class Named(Sealed, Mapping[str, T]):
    """A mapping that cannot be changed, and says what is in it where a name is not.

    Args:
        what: What one of its values is, for messages: ``param of layer 'ip'``.
        items: Its values by name, in order.
        instead: What to do instead of exchanging one.
    """

    def __init__(self, what: str, items: Mapping[str, T], instead: str = "") -> None:
        self._what, self._items, self._cure = what, dict(items), instead

    def __getitem__(self, name: str) -> T:
        try:
            return self._items[name]
        except KeyError:
            raise self.unknown(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{k!r}: {v!r}' for k, v in self._items.items())}}}"

    def unknown(self, name: object) -> UnknownNameError:
        """The error that says there is nothing of this name."""
        there = f"; there is: {', '.join(self._items) or 'none'}"
        hint = did_you_mean(name, self._items) if isinstance(name, str) else ""
        return UnknownNameError(f"there is no {self._what} {name!r}{there}{hint}")

    def __setitem__(self, name: str, value: Any) -> None:
        if value is self._items.get(name):  # as ``table[name] *= 2`` has it
            return
        cure = f"\n  {self._cure}" if self._cure else ""
        raise TypeError(f"{name!r} cannot be exchanged for something else{cure}")

    def __delitem__(self, name: str) -> NoReturn:
        raise TypeError(f"{name!r} cannot be taken away")
