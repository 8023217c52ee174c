"""The commands that look for good settings, and their options; what each does is elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
