"""The commands that show nets and runs, and their options; what each does is in other modules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from graphnet.cli.app import app, command
from graphnet.cli.options import (
    BackendName,
    Json,
    NoUserCode,
    Offline,
    Overrides,
    ShownNetFile,
    Threads,
    parse_overrides,
)
from graphnet.cli.usage import CommandsWithDefault


@command
def draw(
    net: ShownNetFile,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The picture: .svg, .png, .html, .mmd (Mermaid) or .dot (Graphviz)."
            "  [default: NAME.svg]",
        ),
    ] = None,
    phase: Annotated[
        Literal["train", "test"] | None,
        typer.Option(help="The phase whose layers are drawn.  [default: both]"),
    ] = None,
    by: Annotated[
        Literal["kind", "macs", "bytes", "time"],
        typer.Option(help="Colour layers by kind, multiply-adds, memory or measured time."),
    ] = "kind",
    docs: Annotated[
        str,
        typer.Option(metavar="URL", help="The catalogue of layers, for links from the boxes."),
    ] = "",
    unfold: Annotated[
        bool, typer.Option("--unfold", help="Draw every block of a repetition, not the first.")
    ] = False,
    set_: Overrides = None,
    no_user_code: NoUserCode = False,
) -> None:
    """Draw a net."""
    from graphnet.cli import draw

    draw.draw(
        net,
        output,
        phase,
        parse_overrides(set_),
        by=by,
        docs=docs,
        unfold=unfold,
        user_code=not no_user_code,
    )


@command
def plot(
    run: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Runs, or folders that runs are in.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The picture: .svg or .png. Without, charts are printed in characters.",
        ),
    ] = None,
    over: Annotated[
        Literal["iter", "epoch", "time"], typer.Option(help="What the x axis is.")
    ] = "iter",
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="A statistic to show; repeatable.  [default: the usual]"),
    ] = None,
    linear: Annotated[bool, typer.Option("--linear", help="No axis is logarithmic.")] = False,
    watch: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", min=0.1, help="Again and again, until every run has ended."
        ),
    ] = None,
) -> None:
    """Draw the curves of runs."""
    from graphnet.cli import plot

    plot.plot(run, output, over, key or (), linear=linear, watch=watch)


@command
def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's directory.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The page.  [default: report.html]"),
    ] = None,
    net: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The net's YAML file.  [default: what the run has recorded]"
        ),
    ] = None,
    steps: Annotated[
        int, typer.Option(metavar="N", min=0, help="Steps that are timed; 0 for none.")
    ] = 5,
    threads: Threads = None,
    backend: BackendName = "auto",
    offline: Offline = False,
    no_user_code: NoUserCode = False,
) -> None:
    """Write a page about a run: results, curves, mistakes, net, params, memory, data."""
    from graphnet.cli import report
    from graphnet.cli.options import NetOptions

    options = NetOptions(threads, backend, offline, user_code=not no_user_code)
    report.report(run, output, net, options, n_steps=steps)


class RunsGroup(CommandsWithDefault):
    """``graphnet runs`` and ``graphnet runs DIR`` are short for ``graphnet runs list …``."""

    default = "list"


runs = typer.Typer(cls=RunsGroup)
app.add_typer(runs, name="runs", help="List runs, tell in what two differ, or remove some.")


def list_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where they are.")] = Path("runs"),
    filter_: Annotated[
        list[str] | None,
        typer.Option(
            "--filter", metavar="KEY=VALUE", help="Only such; also 'accuracy>0.98'. Repeatable."
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="By a setting or statistic; -KEY for the largest first."),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Those set aside, too.")] = False,
    json: Json = False,
) -> None:
    """List the runs below a folder."""
    from graphnet.cli import runs as listing

    listing.list_runs(folder, filter_ or (), sort, everything=all_, as_json=json)


def diff(
    one: Annotated[Path, typer.Argument(metavar="RUN", help="A run's directory.")],
    other: Annotated[Path, typer.Argument(metavar="RUN", help="Another's.")],
    json: Json = False,
) -> None:
    """Say in what two runs differ: settings, and what they reached."""
    from graphnet.cli import runs as listing

    listing.diff(one, other, as_json=json)


def rm(
    run: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="The directories of the runs.")
    ],
    aside: Annotated[
        bool,
        typer.Option("--set-aside", help="Only those that --fresh has set aside in these folders."),
    ] = False,
) -> None:
    """Remove runs: their own files, and nothing else."""
    from graphnet.cli import runs as listing

    listing.remove(run, set_aside=aside)


for each in (list_, diff, rm):
    command(each, runs)
