"""The commands that start something new, and their options; what each does is elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphnet.cli.app import Json, command


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
