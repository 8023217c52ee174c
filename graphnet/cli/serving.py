"""The command that serves, and its options; what it does is elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphnet.cli.app import command
from graphnet.cli.options import (
    BackendName,
    MemoryLimit,
    NetOptions,
    NoUserCode,
    Overrides,
    Threads,
    parse_overrides,
)
from graphnet.cli.output.terminal import parse_bytes


@command
def serve(  # noqa: PLR0913, PLR0917  # one for each option
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN|NET", help="A run, a snapshot or a model; or a net's YAML file."
        ),
    ],
    weights: Annotated[
        Path | None,
        typer.Option(metavar="RUN|SNAPSHOT|MODEL", help="The trained params of a net's YAML file."),
    ] = None,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where it is bound.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="0 for one that is free.")
    ] = 8000,
    classes: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Names of the classes.  [default: those in the data]"),
    ] = None,
    shape: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BLOB=1,28,28",
            help="The shape of a row, where the data cannot say it.",
        ),
    ] = None,
    max_body: Annotated[
        int, typer.Option(metavar="SIZE", parser=parse_bytes, help="The largest body.")
    ] = "8MiB",  # type: ignore[assignment]  # parsed
    max_rows: Annotated[
        int, typer.Option(metavar="N", min=1, help="The most rows of a request.")
    ] = 1024,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="The longest that a request may take.")
    ] = 30.0,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Requests must bring the token in it.  [default: $GRAPHNET_TOKEN]"
        ),
    ] = None,
    set_: Overrides = None,
    threads: Threads = None,
    backend: BackendName = "auto",
    memory_limit: MemoryLimit = None,
    no_user_code: NoUserCode = False,
) -> None:
    """Serve a trained net over HTTP, with a page to draw on.

    Its address is on the first line. JSON, pictures, and the Open Inference Protocol.
    """
    from graphnet.cli import serve
    from graphnet.serving.app import ServiceLimits

    serve.serve(
        run,
        weights,
        (host, port),
        ServiceLimits(max_body, max_rows, timeout, serve.token_of(token_file)),
        parse_overrides(set_),
        NetOptions(threads, backend, True, not no_user_code, memory_limit),
        classes=classes,
        shapes=shape or (),
    )
