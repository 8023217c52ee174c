"""The commands that make pictures, and their options; what each one does is in other modules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphnet.cli.app import Net, NoUserCode, Set, command
from graphnet.cli.options import HeatName, PhaseName, parse_overrides


@command
def draw(
    net: Net,
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
        PhaseName | None, typer.Option(help="Which of its layers.  [default: both phases]")
    ] = None,
    by: Annotated[
        HeatName,
        typer.Option(help="Colour layers by kind, multiply-adds, memory or measured time."),
    ] = HeatName.KIND,
    docs: Annotated[
        str,
        typer.Option(metavar="URL", help="The catalogue of layers, for links from the boxes."),
    ] = "",
    set_: Set = None,
    no_user_code: NoUserCode = False,
) -> None:
    """Draw a net."""
    from graphnet.cli import draw

    draw.draw(
        net,
        output,
        phase.value if phase else None,
        parse_overrides(set_),
        by=by.value,
        docs=docs,
        user_code=not no_user_code,
    )
