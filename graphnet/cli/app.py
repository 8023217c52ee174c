"""The commands and their options. The module of a command's name carries it out.

Nothing heavy is imported before a command runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import functools
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, ParamSpec

import typer

from graphnet.cli.interrupts import INTERRUPTED
from graphnet.cli.options import (
    BackendName,
    Changes,
    Json,
    MemoryLimit,
    NetFile,
    NetOptions,
    NoUserCode,
    Offline,
    Overrides,
    PhaseName,
    ShownNetFile,
    SnapshotFile,
    Threads,
    parse_changes,
    parse_overrides,
)
from graphnet.cli.output.mistakes import check_working_directory, report, system_text
from graphnet.cli.output.streams import output_is_a_log, steady_streams
from graphnet.cli.output.terminal import is_roomy_terminal, say_json, warn
from graphnet.cli.untrusted import bounds_of, with_option
from graphnet.cli.usage import Commands, UsageError, report_usage
from graphnet.declare.user_code import exit_refused, is_called_by_user
from graphnet.errors import GraphnetError, GraphnetWarning
from graphnet.installation import in_the_way, is_replaced
from graphnet.parallel.launch import check_one_process

P = ParamSpec("P")

#: Set by the shell while it asks what a word may be completed to.
_COMPLETING = "_GRAPHNET_COMPLETE"

app = typer.Typer(
    name="graphnet",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # plain lines where there is no terminal, or a narrow one
    rich_markup_mode="rich" if all(map(is_roomy_terminal, (sys.stdout, sys.stderr))) else None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@functools.cache
def _all_commands() -> Any:
    """What Typer makes of the functions, once in a process: it takes a tenth of a second."""
    return typer.main.get_command(app)


def run(args: Sequence[str] | None = None) -> int:
    """Run a command; see :func:`graphnet.cli.main`."""
    given = sys.argv[1:] if args is None else list(args)
    if _COMPLETING in os.environ:
        os.environ["COLUMNS"] = "9999"  # shells take each line of a help text for a candidate
    with steady_streams() as output:
        if message := in_the_way():
            warn(message)
            if is_replaced():
                return 1
        try:
            code = _all_commands()(given, prog_name="graphnet", standalone_mode=False)
        except UsageError as error:
            report_usage(error, given)
            code = error.exit_code
        except typer.Abort:  # Ctrl-C, in some versions of Typer
            code = INTERRUPTED
        except SystemExit as stop:  # of a rank other than 0, which says nothing
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        with suppress(OSError, ValueError):  # a stream of the caller may be closed
            sys.stdout.flush()
        lost, why = output.verdict()
        if why:
            warn(why)
        return int(code or 0) or lost


def _show_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any
) -> None:
    """Print a warning as a line; one from other code than graphnet's, with its place."""
    if issubclass(category, GraphnetWarning):
        warn(f"warning: {message}")
    else:
        warn(warnings.formatwarning(message, category, filename, lineno).rstrip())


def command(run: Callable[P, int | None], group: typer.Typer = app) -> Callable[P, None]:
    """Make a function the command of its name; errors are reported without a traceback."""

    @functools.wraps(run)
    def reported(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            if run.__name__ != "solve":
                check_one_process(f"graphnet {run.__name__.strip('_')}", os.environ)
            check_working_directory()
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning  # type: ignore[assignment]  # takes as many
                with bounds_of(kwargs):
                    code = run(*args, **kwargs) or 0
        except GraphnetError as error:
            report(error)
            code = 1
        except KeyboardInterrupt as stop:
            warn(str(stop) or "interrupted")
            code = getattr(stop, "exit_code", INTERRUPTED)
        except SystemExit as stop:
            if not is_called_by_user(stop):
                raise
            report(exit_refused(stop, f"during graphnet {run.__name__.strip('_')}"), stop)
            code = 1
        except (OSError, UnicodeEncodeError) as error:  # such as a file name that is too long
            warn(system_text(error))
            code = 1
        except MemoryError as error:
            warn(f"there is not enough memory: {error}\n  see what the net needs: graphnet check")
            code = 1
        raise typer.Exit(code)

    with_option(run, reported)
    group.command(name=run.__name__.strip("_").replace("_", "-"))(reported)
    return reported


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


@command
def solve(  # noqa: PLR0913, PLR0917  # one for each option
    net: NetFile,
    solver: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The solver's YAML file. Default: the one that the net names."
        ),
    ] = None,
    set_: Overrides = None,
    override: Changes = None,
    exp_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The run's directory. Default: the solver's exp_dir."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, help="The seed of all that is random. Default: the solver's."
        ),
    ] = None,
    shards: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Cut each batch into N parts, which the ranks share out evenly."
            " Default: the solver's shards, or 4 under mpiexec, or 1.",
        ),
    ] = None,
    elastic: Annotated[
        bool,
        typer.Option(
            "--elastic",
            help="Go on without ranks that are lost, to the same result; start with"
            " mpiexec --with-ft ulfm.",
        ),
    ] = False,
    min_ranks: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="End if fewer are left, with --elastic. Default: 1."),
    ] = None,
    threads: Threads = None,
    backend: BackendName = "auto",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start over, and set aside the run that is there.")
    ] = False,
    offline: Offline = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but warnings.")] = False,
    memory_limit: MemoryLimit = None,
    no_user_code: NoUserCode = False,
) -> None:
    """Train a net, or continue a run that was stopped."""
    from graphnet.cli import solve
    from graphnet.declare.overrides import Override

    output_is_a_log()
    changes, keys = parse_changes(override)
    overrides = [*parse_overrides(set_), *changes]
    given = {"exp_dir": exp_dir and str(exp_dir), "seed": seed, "shards": shards}
    for key, value in given.items():
        if value is not None:
            overrides.append(Override((key,), value, f"--{key.replace('_', '-')} {value}"))
    options = solve.SolveOptions(
        threads,
        backend,
        offline,
        not no_user_code,
        memory_limit,
        fresh,
        quiet,
        keys,
        elastic,
        min_ranks,
    )
    solve.solve(net, solver, overrides, options)


@command
def check(
    net: ShownNetFile,
    phase: PhaseName = "train",
    connections: Annotated[
        bool,
        typer.Option(
            "--connections", help="Count connections as LeCun does: multiply-adds plus biases."
        ),
    ] = False,
    unfold: Annotated[
        bool, typer.Option("--unfold", help="Show every layer of a block that is repeated.")
    ] = False,
    json: Json = False,
    set_: Overrides = None,
    memory_limit: MemoryLimit = None,
    no_user_code: NoUserCode = False,
) -> None:
    """Check a net and its solver; print the net as a table.

    Nothing is computed, and nothing is downloaded. Exits with 1 if training would fail; what is
    legal but probably a mistake is a warning.
    """
    from graphnet.cli import check

    check.check(
        net,
        phase,
        parse_overrides(set_),
        as_json=json,
        user_code=not no_user_code,
        connections=connections,
        unfold=unfold,
        memory_limit=memory_limit,
    )


@command
def time(  # noqa: PLR0913, PLR0917  # one for each option
    net: NetFile,
    phase: PhaseName = "train",
    steps: Annotated[
        int,
        typer.Option(min=1, metavar="N", help="How many passes are timed; their median is shown."),
    ] = 20,
    json: Json = False,
    set_: Overrides = None,
    threads: Threads = None,
    backend: BackendName = "auto",
    offline: Offline = False,
    memory_limit: MemoryLimit = None,
    no_user_code: NoUserCode = False,
) -> None:
    """Time each layer, and compare it with what this machine can do."""
    from graphnet.cli import time

    options = NetOptions(threads, backend, offline, not no_user_code, memory_limit)
    time.time(net, phase, parse_overrides(set_), options, n_steps=steps, as_json=json)


@command
def check_grad(
    net: NetFile,
    set_: Overrides = None,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="The seed of all that is random.")
    ] = 0,
    threads: Threads = None,
    backend: BackendName = "auto",
    offline: Offline = False,
    memory_limit: MemoryLimit = None,
    no_user_code: NoUserCode = False,
) -> int:
    """Compare the gradients of a net with difference quotients.

    Exits with 1 if they differ. A small batch is enough and quicker, such as
    --set layers.train-data.batch_size=4
    """
    from graphnet.cli import check_grad

    options = NetOptions(threads, backend, offline, not no_user_code, memory_limit)
    return check_grad.check_grad(net, parse_overrides(set_), seed, options)


@command
def schema(
    which: Annotated[
        Literal["net", "solver"],
        typer.Argument(metavar="net|solver", help="The kind of file that it describes."),
    ],
) -> None:
    """Print the JSON Schema of net or solver files, for editors."""
    from importlib import resources

    text = resources.files("graphnet").joinpath("schema", f"{which}.json")
    say_json(text.read_text("utf-8").rstrip())


snapshot = typer.Typer(cls=Commands, no_args_is_help=True)
app.add_typer(snapshot, name="snapshot", help="Show what is in snapshots and models.")


def info(
    file: SnapshotFile,
    json: Json = False,
) -> None:
    """Show a run's iteration, method, params and data."""
    from graphnet.cli import snapshot

    snapshot.info(file, as_json=json)


def model(
    file: SnapshotFile,
    to: Annotated[Path, typer.Option(metavar="FILE", help="The model, such as model.h5.")],
    averaged: Annotated[
        bool,
        typer.Option("--averaged", help="The average of the params, which `ema` or `swa` keeps."),
    ] = False,
) -> None:
    """Write the params alone as a model, without what a run needs to go on."""
    from graphnet.cli import snapshot

    snapshot.model(file, to, averaged=averaged)


for run_command in (info, model):
    command(run_command, snapshot)
