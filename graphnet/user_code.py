"""Classes of the user's own, named in YAML by a dotted path: ``my_hooks.Espresso``.

The module is looked for beside the YAML file first, then wherever Python looks.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TypeVar

from graphnet.errors import GraphnetError, SpecError, did_you_mean

T = TypeVar("T")


def import_class(dotted: str, base: type[T], folder: Path, *, allowed: bool = True) -> type[T]:
    """Import ``package.module.Class`` and see that it is a ``base``.

    Args:
        dotted: Module path and class name.
        base: What the class must derive from.
        folder: Searched before Python's own path.
        allowed: False refuses (``--no-user-code``).

    Raises:
        SpecError: Naming what could not be imported, why, and where it was looked for.
    """
    module_name, _, class_name = dotted.rpartition(".")
    if not allowed:
        raise SpecError(f"'{dotted}' is code of the user's own, and --no-user-code refuses it")
    try:
        module = _import_beside(module_name, folder)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise SpecError(
                f"cannot import '{dotted}': there is no module '{error.name}'\n"
                f"  looked in {folder} and in Python's path"
            ) from None
        raise SpecError(f"cannot import '{dotted}': {error}") from error
    except GraphnetError:
        raise
    except Exception as error:
        raise SpecError(f"cannot import '{dotted}': {type(error).__name__}: {error}") from error
    if not hasattr(module, class_name):
        names = [n for n, v in vars(module).items() if isinstance(v, type)]
        raise SpecError(
            f"module '{module_name}' has no '{class_name}'{did_you_mean(class_name, names)}"
        )
    found = getattr(module, class_name)
    if not (isinstance(found, type) and issubclass(found, base)):
        raise SpecError(f"'{dotted}' is not a {base.__name__}\n  derive the class from it")
    return found


def _import_beside(name: str, folder: Path) -> object:
    """Import with ``folder`` first in the path, and only for this import."""
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
