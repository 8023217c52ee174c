"""``graphnet data``: its commands and their options; what each one does is in other modules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from graphnet.cli.app import Json, Offline, app, command


class DataGroup(TyperGroup):
    """``graphnet data mnist`` and ``graphnet data`` are short for ``graphnet data get …``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put ``get`` before what does not begin with a command."""
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["get", *args]
        return super().parse_args(ctx, args)


data = typer.Typer(cls=DataGroup)
app.add_typer(data, name="data", help="Get a named data set, look into data files, or make them.")


def get(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A set; without it, all are listed.")
    ] = None,
    from_: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIR", help="Take the published files from there."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Put them there instead of where `dataset:` looks."),
    ] = None,
    offline: Offline = False,
) -> None:
    """Get a named set, or list all: `graphnet data [NAME]`."""
    from graphnet.cli import data

    if name is None:
        data.list_data()
    else:
        data.data(name, from_, to, offline=offline)


def info(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="An HDF5 file, or dataset:NAME/SPLIT.")
    ],
    json: Json = False,
) -> None:
    """Say what is in a data file, and what may be wrong with it."""
    from graphnet.cli import data_info

    data_info.info(file, as_json=json)


def pack(  # noqa: PLR0913, PLR0917  # one for each option
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="A folder with a folder of pictures for each class; a .csv file; or arrays, each"
            " NAME=FILE (.npy, or IDX, gzipped or not).",
        ),
    ],
    to: Annotated[
        Path, typer.Option(metavar="DIR", help="Where train.h5, test.h5 and mean.h5 go.")
    ],
    split: Annotated[
        float,
        typer.Option(
            metavar="PART", min=0, max=1, help="What part becomes test.h5, of each class alike."
        ),
    ] = 0.0,
    mean: Annotated[bool, typer.Option("--mean", help="Also write the mean of `data`.")] = False,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the split and the order.")] = 0,
    keep_order: Annotated[bool, typer.Option("--keep-order", help="Do not mix the rows.")] = False,
    compress: Annotated[bool, typer.Option("--compress", help="Smaller, but slower to read.")] = (
        False
    ),
    label: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Of a .csv file, by heading or number; default: `label`, else the last.",
        ),
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="HEIGHTxWIDTH", help="Bring all pictures to this size.")
    ] = None,
    grey: Annotated[bool, typer.Option("--grey", help="One channel instead of three.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Make HDF5 files of pictures, a table or arrays."""
    from graphnet.cli import data_pack
    from graphnet.data.packing import PackOptions

    options = PackOptions(
        test_part=split,
        mean=mean,
        shuffle=not keep_order,
        seed=seed,
        compress=compress,
        force=force,
    )
    data_pack.pack(sources, to, options, label=label, size=size, grey=grey)


for run in (get, info, pack):
    command(run, data)
