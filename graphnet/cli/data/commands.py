"""``graphnet data``: its commands and their options; what each one does is in other modules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from graphnet.cli.app import Json, Offline, app, command
from graphnet.cli.usage import Commands


class DataGroup(Commands):
    """``graphnet data mnist`` and ``graphnet data`` are short for ``graphnet data get …``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put ``get`` before what does not begin with a command."""
        if not args or args[0] not in (*self.commands, *ctx.help_option_names, "help"):
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
    from graphnet.cli.data import sets

    if name is None:
        sets.list_data()
    else:
        sets.data(name, from_, to, offline=offline)


def list_() -> None:
    """List the named sets, and say which are here."""
    from graphnet.cli.data import sets

    sets.list_data()


def info(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="An HDF5 file, or dataset:NAME/SPLIT.")
    ],
    json: Json = False,
) -> None:
    """Say what is in a data file, and what may be wrong with it."""
    from graphnet.cli.data import info as data_info

    data_info.info(file, as_json=json)


def pack(  # noqa: PLR0913, PLR0917  # one for each option
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="A folder with a folder of pictures for each class; a table of text, such as a"
            " .csv file; or arrays, each NAME=FILE (.npy, or IDX, gzipped or not).",
        ),
    ],
    to: Annotated[
        Path, typer.Option(metavar="DIR", help="Where train.h5, test.h5 and mean.h5 go.")
    ],
    split: Annotated[
        str,
        typer.Option(
            metavar="PART",
            help="What part becomes test.h5, of each class alike: 0.2 or 20%.",
        ),
    ] = "0",
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
            help="Of a table, by heading or number from 0; default: the one headed label, class,"
            " target, or y at an end; else the only one of words; without headings, the last.",
        ),
    ] = None,
    no_label: Annotated[bool, typer.Option("--no-label", help="A table has no label.")] = False,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="A table's column that is no feature; repeatable."),
    ] = None,
    headings: Annotated[
        bool | None,
        typer.Option(
            "--headings/--no-headings", help="Whether a table's first row is; default: found."
        ),
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option(
            metavar="MARK", help="Between a table's columns, such as ';'; default: found."
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of a table's text; default: its mark's, else UTF-8."),
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="HEIGHTxWIDTH", help="Bring all pictures to this size.")
    ] = None,
    grey: Annotated[
        bool, typer.Option("--grey", help="Pictures have one channel instead of three.")
    ] = False,
    background: Annotated[
        str | None,
        typer.Option(metavar="COLOUR", help="What is seen through a picture's transparent pixels."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Make HDF5 files of pictures, a table or arrays."""
    from graphnet.cli.data import pack as data_pack
    from graphnet.data.csv.column_roles import TableOptions
    from graphnet.data.pictures.reader import PictureOptions
    from graphnet.data.tools.packing import PackOptions

    options = PackOptions(
        test_part=data_pack.parse_part(split),
        mean=mean,
        shuffle=not keep_order,
        seed=seed,
        compress=compress,
        force=force,
    )
    table = TableOptions(label, no_label, tuple(leave_out or ()), headings, delimiter, encoding)
    pictures = PictureOptions(data_pack.parse_size(size), grey, background)
    data_pack.pack(sources, to, options, table, pictures)


for run in (get, list_, info, pack):
    command(run, data)
