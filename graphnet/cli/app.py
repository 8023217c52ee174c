"""The commands and their options; what each one does is in the module of its name.

Nothing heavy is imported before a command runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer

from graphnet.cli.terminal import warn
from graphnet.errors import GraphnetError

if TYPE_CHECKING:
    from graphnet.overrides import Override

P = ParamSpec("P")

INTERRUPTED = 130

app = typer.Typer(
    name="graphnet",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # off a terminal: plain lines
    rich_markup_mode="rich" if sys.stdout.isatty() and sys.stderr.isatty() else None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(args: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        args: Without the program's name; default: the process's own.

    Returns:
        0 success, 1 failure, 2 wrong usage, 130 interrupted.
    """
    try:
        app(None if args is None else list(args), prog_name="graphnet")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


def command(run: Callable[P, int | None]) -> Callable[P, None]:
    """Make a function a command of its name, its mistakes reported without a traceback."""

    @functools.wraps(run)
    def reported(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = run(*args, **kwargs) or 0
        except GraphnetError as error:
            warn(str(error))
            code = 1
        except KeyboardInterrupt:
            warn("interrupted")
            code = INTERRUPTED
        except MemoryError as error:
            warn(f"there is not enough memory: {error}\n  see what the net needs: graphnet check")
            code = 1
        raise typer.Exit(code)

    app.command(name=run.__name__.strip("_").replace("_", "-"))(reported)
    return reported


Net = Annotated[Path, typer.Argument(metavar="NET", help="The net's YAML file.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY.PATH=VALUE",
        help="Change a value of the net or its solver, as in layers.conv1.n_filter=8 or"
        " max_iter=200; the value is YAML. Repeatable.",
    ),
]
UserCode = Annotated[
    bool,
    typer.Option("--no-user-code", help="Refuse layers and coffee breaks that are Python classes."),
]


def _version(wanted: bool) -> None:
    if wanted:
        from graphnet import __version__

        typer.echo(f"graphnet {__version__}")
        raise typer.Exit


@app.callback()
def graphnet(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Declarative deep learning: nets are YAML you can read and trust."""


class PhaseName(StrEnum):
    """The phases of a net."""

    TRAIN = "train"
    TEST = "test"


@command
def check(
    net: Net,
    phase: Annotated[PhaseName, typer.Option(help="Which of its layers.")] = PhaseName.TRAIN,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    set_: Set = None,
    no_user_code: UserCode = False,
) -> None:
    """Check a net and print it as a table; no data is opened."""
    from graphnet.cli import check

    check.check(net, phase.value, _overrides(set_), as_json=json, user_code=not no_user_code)


def _overrides(texts: Sequence[str] | None) -> list[Override]:
    from graphnet.overrides import parse_override

    try:
        return [parse_override(text) for text in texts or ()]
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--set") from None
