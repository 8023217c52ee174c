"""The commands that look for good settings, and their options; what each does is elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from graphnet.cli.app import command
from graphnet.cli.options import (
    BackendName,
    Json,
    MemoryLimit,
    NetFile,
    NetOptions,
    NoUserCode,
    Offline,
    Overrides,
    Threads,
    parse_overrides,
)

SolverFile = Annotated[
    Path | None,
    typer.Option(
        "--solver",
        metavar="FILE",
        help="The solver's YAML file. Default: the one that the net names.",
    ),
]


@command
def find_lr(  # noqa: PLR0913, PLR0917  # one for each option
    net: NetFile,
    solver: SolverFile = None,
    set_: Overrides = None,
    from_: Annotated[float, typer.Option("--from", metavar="RATE", help="The first rate.")] = 1e-7,
    to: Annotated[float, typer.Option("--to", metavar="RATE", help="The last rate.")] = 10.0,
    steps: Annotated[
        int, typer.Option(metavar="N", min=10, help="How many updates, each at a higher rate.")
    ] = 200,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The numbers: .csv or .json."),
    ] = None,
    json: Json = False,
    threads: Threads = None,
    backend: BackendName = "auto",
    offline: Offline = False,
    memory_limit: MemoryLimit = None,
    no_user_code: NoUserCode = False,
) -> None:
    """Find a learning rate: train briefly with rising rates.

    Nothing of it is kept. The suggestion is the rate at which the loss falls fastest.
    """
    from graphnet.cli import find_lr

    options = NetOptions(threads, backend, offline, not no_user_code, memory_limit)
    overrides, rates = parse_overrides(set_), (from_, to, steps)
    find_lr.find_lr(net, solver, overrides, options, rates, output, as_json=json)


@command
def sweep(  # noqa: PLR0913, PLR0917  # one for each option
    net: NetFile,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Where trials and results.csv are kept; a sweep that is there goes on.",
        ),
    ],
    grid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=A,B,...",
            help="Try all combinations of such values, such as lr_policy.base_lr=0.1,0.01."
            " Repeatable.",
        ),
    ] = None,
    random: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=RANGE",
            help="Draw: from A,B,... or LOW..HIGH, or log:LOW..HIGH for equal factors. Repeatable.",
        ),
    ] = None,
    optuna: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=RANGE", help="The same, but Optuna proposes. Repeatable."),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="How many are drawn or proposed.  [default: 20]"),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="STATISTIC",
            help="What says which trial is best.  [default: the test phase's first, such as"
            " accuracy]",
        ),
    ] = None,
    mode: Annotated[
        Literal["max", "min"] | None,
        typer.Option(help="Whether it should be high or low.  [default: by its name]"),
    ] = None,
    halving: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Train all for a short time, then the best of every N for N times as long, twice.",
        ),
    ] = 0,
    jobs: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Processes at a time.  [default: one for each processor]"
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Stop after so long, such as 90s, 10m or 2h."),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="The seed of what is drawn or proposed.")
    ] = 0,
    solver: SolverFile = None,
    set_: Overrides = None,
    threads: Threads = None,
    backend: BackendName = "auto",
    offline: Offline = False,
    memory_limit: MemoryLimit = None,
    no_user_code: NoUserCode = False,
) -> None:
    """Train a net with many settings, in several processes.

    A sweep that was stopped or killed goes on with the same command, to the same table.
    """
    from graphnet.cli import sweep

    parse_overrides(set_)
    asked = sweep.SweepOptions(
        {"grid": grid or (), "random": random or (), "optuna": optuna or ()},
        trials,
        key,
        mode,
        halving,
        jobs,
        budget,
        seed,
    )
    options = NetOptions(threads, backend, offline, not no_user_code, memory_limit)
    sweep.sweep(net, solver, set_ or (), output, asked, options)
