"""User code: classes that YAML names by a dotted path, such as ``my_hooks.Espresso``.

The module is looked for beside the YAML file first, then in Python's path.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from graphnet.errors import GraphnetError, SpecError, UserCodeError, did_you_mean
from graphnet.files.bounds import OPTION, current

T = TypeVar("T")

_PACKAGE = Path(__file__).parent.parent
_MARK = "__beside__"  # the attribute of a module that names the folder it was imported from


def import_class(dotted: str, base: type[T], folder: Path, *, allowed: bool = True) -> type[T]:
    """Import ``package.module.Class`` and check that it is a ``base``.

    Args:
        dotted: Module path and class name.
        base: What the class must derive from.
        folder: Searched before Python's own path.
        allowed: False refuses (``--no-user-code``).

    Raises:
        SpecError: Naming what could not be imported, why, and where it was looked for.
    """
    found = import_named(dotted, base, folder, allowed=allowed)
    if not (isinstance(found, type) and issubclass(found, base)):
        raise SpecError(f"'{dotted}' is not a {base.__name__}\n  derive the class from it")
    return found


def imported(dotted: str) -> object:
    """What a dotted path names, if its module has been imported; else None."""
    module, _, name = dotted.rpartition(".")
    return getattr(sys.modules.get(module), name, None)


def import_named(dotted: str, base: type, folder: Path, *, allowed: bool = True) -> object:
    """Import what a dotted path names, of whatever kind.

    Args:
        dotted: Module path and name.
        base: What is meant, for messages.
        folder: Searched before Python's own path.
        allowed: False refuses (``--no-user-code``).

    Raises:
        SpecError: Naming what could not be imported, why, and where it was looked for.
    """
    module_name, _, class_name = dotted.rpartition(".")
    is_ours = module_name.partition(".")[0] == _PACKAGE.name
    refused = None
    if current() is not None or not allowed:
        option = OPTION if current() is not None else "--no-user-code"
        refused = SpecError(f"'{dotted}' is user code, which {option} refuses")
        if not is_ours:
            raise refused
    try:
        # a clone of graphnet beside the YAML is no user code, and not another graphnet
        module = (
            importlib.import_module(module_name) if is_ours else _import_beside(module_name, folder)
        )
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise SpecError(
                f"cannot import '{dotted}': there is no module '{error.name}'\n"
                f"  looked in {folder} and in Python's path"
            ) from None
        raise SpecError(f"cannot import '{dotted}': {error}{_where(error, folder)}") from error
    except GraphnetError:
        raise
    except (Exception, SystemExit) as error:
        said = error.msg if isinstance(error, SyntaxError) else error
        raise SpecError(
            f"cannot import '{dotted}': {type(error).__name__}: {said}{_where(error, folder)}"
        ) from error
    if not hasattr(module, class_name):
        kinds = {n: v for n, v in vars(module).items() if isinstance(v, type) and v is not base}
        names = [n for n, v in kinds.items() if issubclass(v, base)]
        there = f"\n  it has: {', '.join(names)}" if names else f"\n  it has no {base.__name__}"
        raise SpecError(
            f"module '{module_name}' has no '{class_name}'"
            f"{did_you_mean(class_name, names) or there}"
        )
    found: object = getattr(module, class_name)
    if refused is not None and not isinstance(found, type):
        raise refused  # a function of ours, called with what it was not made for
    return found


def is_called_by_user(error: SystemExit) -> bool:
    """Whether user code has called ``sys.exit``, and not graphnet."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and not Path(frames[-1].filename).is_relative_to(_PACKAGE)


def exit_refused(error: SystemExit, during: str) -> UserCodeError:
    """The error that says where user code has called ``sys.exit``."""
    code = "" if error.code is None else repr(error.code)
    return UserCodeError(
        f"sys.exit({code}) was called {during}, by user code\n"
        "  it has not ended the program: to report a fault, raise an error"
    )


def written_in(cls: type) -> str:
    """``class Espresso in /home/me/hooks.py``: where the user finds a class of their own."""
    try:
        place = inspect.getsourcefile(cls) or cls.__module__
    except (OSError, TypeError):  # typed at a prompt
        place = cls.__module__
    return f"class {cls.__name__} in {place}"


def _import_beside(name: str, folder: Path) -> object:
    """Import with ``folder`` at the head of Python's path, for this import only.

    A module in ``folder`` is imported even if another one of its name has been: one from beside
    another YAML is forgotten, one from Python's own path comes back afterwards.
    """
    top = name.partition(".")[0]
    beside = (folder / f"{top}.py").is_file() or (folder / top).is_dir()
    loaded = sys.modules.get(top)  # whose own __getattr__ might make up or import anything
    before = vars(loaded).get(_MARK) if loaded else None
    other: dict[str, ModuleType] = {}
    if beside and top in sys.modules and before != folder:
        family = [n for n in sys.modules if n == top or n.startswith(f"{top}.")]
        found = {n: sys.modules.pop(n) for n in family}
        other = found if before is None else {}
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        module = importlib.import_module(name)
        if beside and not other:
            setattr(sys.modules[top], _MARK, folder)
        return module
    finally:
        sys.path.remove(str(folder))
        sys.modules.update(other)


def _where(error: BaseException, folder: Path) -> str:
    """The line of the user's own file that raised, if there is one."""
    if isinstance(error, SyntaxError):
        return f"\n  in {error.filename}, line {error.lineno}"
    lines = traceback.extract_tb(error.__traceback__)
    own = [line for line in lines if Path(line.filename).is_relative_to(folder)]
    return f"\n  in {own[-1].filename}, line {own[-1].lineno}" if own else ""
