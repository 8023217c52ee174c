"""``graphnet import`` and ``export`` of weights alone: safetensors, npz, PyTorch's, Mocha's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from graphnet.cli.app import command
from graphnet.cli.interchange.commands import Force, exports, imports
from graphnet.cli.options import NetFile, Weights

#: The formats, and what their files are called.
_IMPORTS = {
    "safetensors": "a .safetensors file",
    "npz": "an .npz file of NumPy's",
    "torch": "a state_dict of PyTorch's (.pt, .pth)",
    "mocha": "a model (HDF5) or a snapshot (JLD) of Mocha's",
}
_EXPORTS = {
    "safetensors": "a .safetensors file",
    "npz": "an .npz file of NumPy's",
    "mocha": "a model of Mocha's (HDF5)",
}

Map = Annotated[
    Path | None,
    typer.Option(
        "--map", metavar="FILE", help="A YAML file that says which array fills which param."
    ),
]
PrintMap = Annotated[
    bool, typer.Option("--print-map", help="Print the map that is found, and write nothing.")
]
Target = Annotated[Path, typer.Option("-o", "--to", metavar="FILE", help="The file to write.")]
Names = Annotated[
    Literal["graphnet", "torch"] | None,
    typer.Option(
        help="Whose names the params have: with torch, PyTorch's load_state_dict takes them."
    ),
]


def _importing(name: str, what: str) -> None:
    def of_format(
        net: NetFile,
        weights: Path,
        to: Annotated[
            Path | None,
            typer.Option("-o", "--to", metavar="DIR", help="Where net.yaml and model.h5 go."),
        ] = None,
        map_file: Map = None,
        print_map: PrintMap = False,
        force: Force = False,
    ) -> None:
        from graphnet.cli.interchange import weights as weight_import

        weight_import.take(name, net, weights, to, map_file, prints=print_map, force=force)

    option = typer.Option(metavar="FILE", help=f"The weights: {what}.")
    of_format.__annotations__["weights"] = Annotated[Path, option]
    of_format.__name__ = name
    of_format.__doc__ = f"""Fill a net from {what}.

    An array goes to the param of its name, else by order and shape; --map says otherwise. What
    does not fit is listed, and nothing is written then.
    """
    command(of_format, imports)


def _exporting(name: str, what: str) -> None:
    def of_format(
        net: NetFile, weights: Weights, to: Target, names: Names = None, force: Force = False
    ) -> None:
        from graphnet.cli.interchange import weights as weight_export

        weight_export.give(name, net, weights, to, names, force=force)

    def of_mocha(net: NetFile, weights: Weights, to: Target, force: Force = False) -> None:
        of_format(net, weights, to, None, force)

    made: Callable[..., None] = of_mocha if name == "mocha" else of_format
    made.__name__ = name
    made.__doc__ = f"Write the weights of a net as {what}."
    command(made, exports)


for _name, _what in _IMPORTS.items():
    _importing(_name, _what)
for _name, _what in _EXPORTS.items():
    _exporting(_name, _what)
