"""The commands that use trained nets, and their options; what each does is in other modules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from graphnet.cli.app import command
from graphnet.cli.interchange.commands import exports
from graphnet.cli.options import (
    BackendName,
    Json,
    MemoryLimit,
    NetOptions,
    NoUserCode,
    Offline,
    Overrides,
    PhaseName,
    Threads,
    parse_overrides,
)

Trained = Annotated[
    Path,
    typer.Argument(
        metavar="RUN|NET",
        help="A run's directory, a snapshot or a model; or a net's YAML file, with --weights.",
    ),
]
MaybeWeights = Annotated[
    Path | None,
    typer.Option(
        metavar="RUN|SNAPSHOT|MODEL",
        help="The trained params, where a net's YAML file is given; also a .safetensors, .npz or"
        " PyTorch file. Default: those of the run, its best snapshot if it keeps one, else its"
        " newest.",
    ),
]


@command
def _test(  # noqa: PLR0913, PLR0917  # one for each option
    trained: Trained,
    weights: MaybeWeights = None,
    json: Json = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Also write what was found: .csv or .tsv, a line for each class, or .json.",
        ),
    ] = None,
    worst: Annotated[
        int, typer.Option(metavar="N", min=0, help="Tell so many of the rows most wrong.")
    ] = 5,
    set_: Overrides = None,
    threads: Threads = None,
    backend: BackendName = "auto",
    offline: Offline = False,
    memory_limit: MemoryLimit = None,
    no_user_code: NoUserCode = False,
) -> None:
    """Measure a trained net on its whole test data.

    Beside losses and statistics: precision, recall, F1 and AUC of each class or tag, which classes
    are taken for which, or how far numbers are off; and the rows that are most wrong.
    """
    from graphnet.cli import test

    options = NetOptions(threads, backend, offline, not no_user_code, memory_limit)
    overrides = parse_overrides(set_)
    test.test(trained, weights, overrides, options, as_json=json, target=output, n_worst=worst)


@command
def predict(  # noqa: PLR0913, PLR0917  # one for each option
    trained: Trained,
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT...",
            help="Rows: .h5, .npy, .npz, a table (.csv, .tsv), pictures, a folder of pictures, or -"
            " for standard input. BLOB=INPUT for each blob of a net with several.",
        ),
    ] = None,
    weights: MaybeWeights = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The file to write: .csv, .tsv, .jsonl, .h5, or .npy for one output. Without, the"
            " answers are printed.",
        ),
    ] = None,
    top: Annotated[
        int, typer.Option(metavar="K", min=1, help="Show so many of the most probable classes.")
    ] = 1,
    json: Annotated[bool, typer.Option("--json", help="A line of JSON for each row.")] = False,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Rows are what the net computes with: nothing is done first."),
    ] = False,
    input_: Annotated[
        list[str] | None, typer.Option("--input", metavar="INPUT", hidden=True)
    ] = None,
    blob: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="The blob that gets the rows. Default: the data that the net computes with. May be"
            " repeated.",
        ),
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option(metavar="CHAR", help="What separates the columns of a table. Default: found."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of a table. Default: found, else UTF-8.")
    ] = None,
    headings: Annotated[
        bool | None,
        typer.Option(
            "--headings/--no-headings",
            show_default=False,
            help="Whether a table's first row is headings. Default: found.",
        ),
    ] = None,
    fit: Annotated[
        Literal["stretch", "letter-box", "crop"] | None,
        typer.Option(
            show_default=False,
            help="How pictures of another size are brought to that of the net. Default: as the"
            " net's data were, else stretch.",
        ),
    ] = None,
    background: Annotated[
        str | None,
        typer.Option(metavar="COLOUR", help="What is behind transparent pixels, such as white."),
    ] = None,
    set_: Overrides = None,
    threads: Threads = None,
    backend: BackendName = "auto",
    memory_limit: MemoryLimit = None,
    no_user_code: NoUserCode = False,
) -> None:
    """Run a trained net on rows of files, tables or pictures.

    Rows are as in the files that the net's data were made of: what was done to these is done to
    them, and so are the transformers of the test phase's data layer.
    """
    from graphnet.cli import predict
    from graphnet.data.csv.column_roles import TableOptions
    from graphnet.inference.rows.opening import InputOptions

    inputs = [*(given or ()), *(input_ or ())]
    if not inputs:
        raise typer.BadParameter(
            "name the rows: a file, a folder of pictures, or - for standard input",
            param_hint="INPUT",
        )
    table = TableOptions(headings=headings, delimiter=delimiter, encoding=encoding)
    wanted = predict.PredictOptions(
        blob or (), raw, top, json, InputOptions(table, fit, background)
    )
    options = NetOptions(threads, backend, True, not no_user_code, memory_limit)
    predict.predict(trained, weights, inputs, output, parse_overrides(set_), wanted, options)


def features(  # noqa: PLR0913, PLR0917  # one for each option
    trained: Trained,
    blob: Annotated[
        list[str], typer.Option(metavar="NAME", help="The blob that is written; repeatable.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The file to write: .npy for one blob, or .h5 for any number.",
        ),
    ],
    weights: MaybeWeights = None,
    phase: PhaseName = "test",
    set_: Overrides = None,
    threads: Threads = None,
    backend: BackendName = "auto",
    offline: Offline = False,
    memory_limit: MemoryLimit = None,
    no_user_code: NoUserCode = False,
) -> None:
    """Write what blobs hold for each sample of a data set, in its order.

    The samples are those of the phase's data layer; a shuffled one is read in order.
    """
    from graphnet.cli import features

    options = NetOptions(threads, backend, offline, not no_user_code, memory_limit)
    overrides = parse_overrides(set_)
    features.features(trained, weights, blob, phase, output, overrides, options)


command(features, exports)
