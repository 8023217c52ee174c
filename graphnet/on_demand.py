"""OnDemand: a table of names whose values are imported when they are first asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from typing import TypeVar, cast

T = TypeVar("T")


class OnDemand(Mapping[str, T]):
    """A table of names whose values are imported when they are first asked for.

    Its names are known without an import; going through its values imports all of them.

    Args:
        package: The package that keeps the table.
        modules: The module that each name is defined in, seen from the package.
    """

    def __init__(self, package: str, modules: Mapping[str, str]) -> None:
        self._package, self._modules = package, dict(modules)

    def __getitem__(self, name: str) -> T:
        module = importlib.import_module(f"{self._package}.{self._modules[name]}")
        return cast("T", getattr(module, name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def attribute(self, name: str) -> T:
        """A value as the package's attribute, for its ``__getattr__``.

        Raises:
            AttributeError: There is none; Python adds the nearest name.
        """
        if name not in self._modules:
            package = sys.modules[self._package]
            message = f"module '{self._package}' has no attribute '{name}'"
            raise AttributeError(message, name=name, obj=package)
        return self[name]
