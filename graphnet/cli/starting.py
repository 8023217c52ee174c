"""The commands to start with, and their options; what each does is in other modules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphnet.cli.app import command
from graphnet.cli.options import Json


@command
def nets(json: Json = False) -> None:
    """List the nets that come with graphnet, and what they reached."""
    from graphnet.cli import nets

    nets.list_nets(as_json=json)


@command
def new(
    name: Annotated[Path, typer.Argument(metavar="NAME", help="The folder to make.")],
    like: Annotated[
        str | None,
        typer.Option(metavar="NET", help="Copy a net that `graphnet nets` lists."),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="mlp, lenet, cnn, autoencoder, lstm, siamese or vae.  [default: by the data]",
        ),
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DATA",
            help="Make it for this data: a folder or HDF5 file as `graphnet data pack` writes"
            " them, or dataset:NAME.",
        ),
    ] = None,
) -> None:
    """Make a folder with a net and its solver that run at once."""
    from graphnet.cli import new

    new.new(name, like, template, from_)


@command
def doctor(json: Json = False) -> int:
    """Say what this machine has, and what is in the way.

    Versions, BLAS, threads, GPUs, MPI, data sets, extras.

    Exits with 1 if something is missing that graphnet needs, or in its way.
    """
    from graphnet.cli import doctor

    return doctor.doctor(as_json=json)
