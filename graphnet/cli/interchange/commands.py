"""``graphnet import`` and ``graphnet export``: their commands and their options.

What each one does is in other modules.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphnet.cli.app import app, command
from graphnet.cli.options import NetFile, PhaseName
from graphnet.cli.usage import Commands

Force = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]

imports = typer.Typer(cls=Commands, no_args_is_help=True)
app.add_typer(imports, name="import", help="Bring in a net or weights from another framework.")


def caffe(  # noqa: PLR0913, PLR0917  # one for each option
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="The net: a .prototxt, or a .caffemodel, which holds its net."
        ),
    ],
    to: Annotated[
        Path,
        typer.Option(
            "-o", "--to", metavar="DIR", help="Where net.yaml, solver.yaml and model.h5 go."
        ),
    ],
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A .caffemodel, or one in HDF5.")
    ] = None,
    solver: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The solver's .prototxt.")
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The .solverstate of a run that is to go on."),
    ] = None,
    mean: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A mean's .binaryproto, in place of the one named."),
    ] = None,
    stage: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="For the net's rules; repeatable.")
    ] = None,
    level: Annotated[int, typer.Option(metavar="N", help="For the net's rules.")] = 0,
    force: Force = False,
) -> None:
    """Import a net of Caffe, its solver and its weights.

    What graphnet has no equal of is listed, and nothing is written then.
    """
    from graphnet.cli.interchange import caffe as caffe_import

    caffe_import.caffe(
        *(model, to, weights, solver, mean),
        level=level,
        stages=stage or (),
        force=force,
        state=state,
    )


command(caffe, imports)


def from_onnx(
    model: Annotated[Path, typer.Argument(metavar="FILE", help="The net: an .onnx.")],
    to: Annotated[
        Path, typer.Option("-o", "--to", metavar="DIR", help="Where net.yaml and model.h5 go.")
    ],
    force: Force = False,
) -> None:
    """Import a net and its weights from ONNX.

    What graphnet has no equal of is listed, and nothing is written then.
    """
    from graphnet.cli.interchange import onnx as onnx_import

    onnx_import.from_onnx(model, to, force=force)


from_onnx.__name__ = "onnx"
command(from_onnx, imports)

exports = typer.Typer(cls=Commands, no_args_is_help=True)
app.add_typer(exports, name="export", help="Hand a net or weights on to another framework.")


def to_caffe(
    net: NetFile,
    to: Annotated[
        Path,
        typer.Option("-o", "--to", metavar="FILE", help="The .prototxt; a .caffemodel beside it."),
    ],
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN|SNAPSHOT|MODEL", help="A run's directory, or a file it has written."
        ),
    ] = None,
    phase: PhaseName = "test",
    force: Force = False,
) -> None:
    """Export a net and its weights to Caffe.

    What Caffe has no equal of is listed, and nothing is written then.
    """
    from graphnet.cli.interchange import caffe as caffe_export

    caffe_export.to_caffe(net, to, weights, phase, force=force)


to_caffe.__name__ = "caffe"
command(to_caffe, exports)


def to_onnx(
    net: NetFile,
    to: Annotated[Path, typer.Option("-o", "--to", metavar="FILE", help="The .onnx.")],
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN|SNAPSHOT|MODEL", help="A run's directory, or a file it has written."
        ),
    ] = None,
    phase: PhaseName = "test",
    gives: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BLOB", help="What it gives, if not the blobs nobody reads; repeatable."
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Export a net and its weights to ONNX, and compare with onnxruntime where it is installed.

    What ONNX has no equal of is listed, and nothing is written then.
    """
    from graphnet.cli.interchange import onnx as onnx_export

    onnx_export.to_onnx(net, to, weights, phase, gives=gives or (), force=force)


to_onnx.__name__ = "onnx"
command(to_onnx, exports)
