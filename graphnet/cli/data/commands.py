"""The commands of ``graphnet data`` and their options; other modules carry them out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from graphnet.cli.app import app, command
from graphnet.cli.options import Json, NoUserCode, Offline
from graphnet.cli.usage import CommandsWithDefault

#: As in ``graphnet.data.pictures.reader``, which is heavier to import.
Fit: TypeAlias = Literal["stretch", "letter-box", "crop"]


class DataGroup(CommandsWithDefault):
    """``graphnet data mnist`` and ``graphnet data`` are short for ``graphnet data get …``."""

    default = "get"


data = typer.Typer(cls=DataGroup)
app.add_typer(data, name="data", help="Get named data sets, look into data files, or make them.")


def get(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="The data set. Without it, all are listed."),
    ] = None,
    from_: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIR", help="A folder that has the published files."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where the HDF5 files go. Default: where `dataset:NAME` finds them."
        ),
    ] = None,
    offline: Offline = False,
) -> None:
    """Get a named data set; the same as `graphnet data NAME`."""
    from graphnet.cli.data import sets

    if name is None:
        sets.list_data()
    else:
        sets.data(name, from_, to, offline=offline)


def list_() -> None:
    """List the named data sets, and which of them are on this machine."""
    from graphnet.cli.data import sets

    sets.list_data()


def info(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="An HDF5 file, or dataset:NAME/SPLIT.")
    ],
    json: Json = False,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw samples, classes and values there: .svg or .png."),
    ] = None,
    net: Annotated[
        Path | None,
        typer.Option(
            metavar="NET", help="Draw the samples as this net reads them, transformers applied."
        ),
    ] = None,
    no_user_code: NoUserCode = False,
) -> None:
    """Show what is in a data file, and what may be wrong with it."""
    from graphnet.cli.data import info as data_info

    data_info.info(file, as_json=json, picture=picture, net=net, user_code=not no_user_code)


def pack(  # noqa: PLR0913, PLR0917  # one for each option
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="A folder that has a folder of pictures for each class; or a table, such as a .csv"
            " file, of numbers and words or of files of pictures; or arrays, each as NAME=FILE"
            " (.npy, or IDX, gzipped or not).",
        ),
    ],
    to: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder for train.h5, test.h5 and mean.h5.")
    ],
    split: Annotated[
        str,
        typer.Option(
            metavar="PART",
            help="The part of each class that goes into test.h5, such as 0.2 or 20%.",
        ),
    ] = "0",
    mean: Annotated[
        bool, typer.Option("--mean", help="Also write mean.h5, the mean of `data`.")
    ] = False,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="The seed of the split and the order.")
    ] = 0,
    keep_order: Annotated[
        bool, typer.Option("--keep-order", help="Do not shuffle the rows.")
    ] = False,
    compress: Annotated[
        bool, typer.Option("--compress", help="Write smaller files, which are slower to read.")
    ] = False,
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="The label's column in a table: its heading, or its number from 0. Default: the"
            " one headed label, class or target, or y if it is first or last; else the only one"
            " that holds words; without headings, the last. May be repeated: several labels are"
            " numbers, and a row of `label`.",
        ),
    ] = None,
    no_label: Annotated[bool, typer.Option("--no-label", help="The table has no label.")] = False,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN", help="A column of the table that is no feature. May be repeated."
        ),
    ] = None,
    picture_column: Annotated[
        str | None,
        typer.Option(
            "--pictures",
            metavar="COLUMN",
            help="The column of a table that names a picture in each row. Default: found out.",
        ),
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="The column of sample weights: the data set `weight`."),
    ] = None,
    missing: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE",
            help="What is done about gaps in features: `refuse` (default), `mean` of the training"
            " rows, `feature` (that, and a feature that is 1 where there is a gap), `zero`, or"
            " `drop` the row; among words the middle three make it a word. COLUMN=RULE: in one"
            " column. May be repeated.",
        ),
    ] = None,
    one_hot: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="A column whose values are words even where they are digits: a feature for each."
            " May be repeated.",
        ),
    ] = None,
    index: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="The same with one feature: the word's number, as an Embed layer takes it.",
        ),
    ] = None,
    standardize: Annotated[
        bool,
        typer.Option(
            "--standardize",
            help="Give columns of numbers mean 0 and deviation 1, found on the rows of train.h5.",
        ),
    ] = False,
    headings: Annotated[
        bool | None,
        typer.Option(
            "--headings/--no-headings",
            help="Whether the table's first row holds headings. Default: found out.",
        ),
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option(
            metavar="MARK",
            help="What separates the columns, such as ';'. Default: found out.",
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The encoding of the table. Default: that of its byte order mark, or UTF-8.",
        ),
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="HEIGHTxWIDTH", help="Bring all pictures to this size.")
    ] = None,
    fit: Annotated[
        Fit,
        typer.Option(
            help="How: stretch them, or in their proportions, with what is missing beside them"
            " (letter-box), or cut to the middle (crop)."
        ),
    ] = "stretch",
    grey: Annotated[
        bool, typer.Option("--grey", help="Store pictures with one channel instead of three.")
    ] = False,
    background: Annotated[
        str | None,
        typer.Option(
            metavar="COLOUR",
            help="The colour behind transparent pixels, and beside pictures in a letter-box.",
        ),
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
    table = TableOptions(
        tuple(label) if label else None,
        no_label,
        tuple(leave_out or ()),
        headings,
        delimiter,
        encoding,
        weight,
        tuple(missing or ()),
        tuple(one_hot or ()),
        tuple(index or ()),
        standardize,
        picture_column,
    )
    pictures = PictureOptions(data_pack.parse_size(size), grey, background, fit)
    data_pack.pack(sources, to, options, table, pictures)


def statistics(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="An HDF5 file, or dataset:NAME/SPLIT.")
    ],
    to: Annotated[Path, typer.Option(metavar="FILE", help="The HDF5 file for them.")],
    data_set: Annotated[
        str, typer.Option("--data-set", metavar="NAME", help="Of which data set.")
    ] = "data",
    rows: Annotated[
        str | None,
        typer.Option(metavar="RANGE", help="Of which rows: START:STOP. Default: all."),
    ] = None,
    json: Json = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write the mean and deviation of each channel, for the transformer Normalize."""
    from graphnet.cli.data import statistics as data_statistics

    data_statistics.statistics(source, to, name=data_set, rows=rows, as_json=json, force=force)


def tokenizer(
    source: Annotated[
        str, typer.Argument(metavar="TEXT", help="A text file, or dataset:docs-text/train.")
    ],
    tokens: Annotated[int, typer.Option(metavar="N", help="How many tokens, at least 256.")],
    to: Annotated[Path, typer.Option(metavar="FILE", help="The JSON file for them.")],
    json: Json = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Learn a byte-pair tokenizer from a text, for TextData. Needs the extra `tokens`."""
    from graphnet.cli.data import tokenizer as data_tokenizer

    data_tokenizer.tokenizer(source, to, n_tokens=tokens, as_json=json, force=force)


for run in (get, list_, info, pack, statistics, tokenizer):
    command(run, data)
