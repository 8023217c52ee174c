"""``--untrusted``: an option of each command that reads a net, and what it allows the command.

It is added to the commands that have ``--no-user-code``, and takes effect before they begin.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from graphnet.files.bounds import Bounds, confined

_NAME = "untrusted"
Untrusted = Annotated[
    bool,
    typer.Option(
        "--untrusted",
        help="The net is somebody else's: no Python of its own, no download, nothing read outside"
        " its folder, nothing written outside the run's directory.",
    ),
]
#: Arguments that name what is written.
_WRITTEN = ("output", "exp_dir", "picture", "to")
#: Arguments that are files of YAML, or runs: what they name is looked for around them.
_NAMING = ("net", "trained", "run", "solver", "weights")


def with_option(run: Callable[..., Any], reported: Callable[..., Any]) -> None:
    """Give a command the option if it has ``--no-user-code``.

    Args:
        run: The command.
        reported: What Typer calls in its place; it takes the option.
    """
    signature = inspect.signature(run, eval_str=True)
    if "no_user_code" not in signature.parameters:
        return
    option = inspect.Parameter(
        _NAME, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Untrusted
    )
    parameters = [*signature.parameters.values(), option]
    reported.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    reported.__annotations__ = {p.name: p.annotation for p in parameters}


def bounds_of(given: dict[str, Any]) -> AbstractContextManager[Bounds | None]:
    """The bounds that the arguments of a command ask for; takes the option out of them."""
    if not given.pop(_NAME, False):
        return nullcontext()
    return _bounds(given)


@contextmanager
def _bounds(given: Mapping[str, Any]) -> Iterator[Bounds]:
    from graphnet.data.sets.store import data_folder

    read, write = [data_folder()], []
    for name, value in given.items():
        for path in _paths(value):
            if name in _WRITTEN:
                write.append(path)
            elif name in _NAMING:
                read.append(path if path.is_dir() else path.resolve().parent)
            else:
                read.append(path)
    with confined(read, write) as bounds:
        yield bounds


def _paths(value: Any) -> Iterator[Path]:
    """The paths in the value of an argument: of ``BLOB=FILE`` too."""
    for one in value if isinstance(value, list | tuple) else [value]:
        if isinstance(one, Path):
            yield one
        elif isinstance(one, str) and one not in ("", "-"):
            yield Path(one)
            _, equals, file = one.partition("=")
            if equals and file:
                yield Path(file)
