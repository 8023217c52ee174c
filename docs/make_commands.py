# ruff: noqa: INP001  # a script, not a module of a package
"""Writes docs/commands.md, every command with its options, from the commands themselves.

Run it from the root of the repository after changing a command: ``python docs/make_commands.py``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from typer.main import get_command

from graphnet.cli import load_commands
from graphnet.cli.app import app

sys.path.insert(0, str(Path(__file__).parent))

from docstrings import row

OUTPUT = Path(__file__).with_name("commands.md")

INTRODUCTION = """\
<!-- Made by docs/make_commands.py from graphnet/cli; change that instead. -->

# Commands

`graphnet COMMAND --help` prints what stands here. Any command can be interrupted by Ctrl-C; nothing
is left half-written.

**Exit status**: 0, done; 1, an error, which stands on stderr with its place and its cure; 2, a
command line that graphnet does not understand; 130, stopped by Ctrl-C, and 143, stopped by SIGTERM,
a run after it has written a snapshot; 141, nobody reads what is printed.

**Environment**

"""

#: What is read of the environment.
VARIABLES = {
    "GRAPHNET_DATA": (
        "Where downloaded data sets are kept. Default: `graphnet` in the user's cache folder."
    ),
    "GRAPHNET_OFFLINE": "`1`: never download; nets take the fall-back they declare.",
    "GRAPHNET_CONV": (
        "How the GPU convolves: `gemm` (default), `cudnn`, or `auto`: cuDNN where it can be loaded."
    ),
    "GRAPHNET_RANK_TIMEOUT": (
        "Seconds after which a rank that gives no sign of life is given up. Default 8."
    ),
    "GRAPHNET_STALL_TIMEOUT": "Seconds that ranks wait for one that is alive. Default 600.",
    "NO_COLOR": "Any value: no colour.",
    "COLUMNS": "How wide the terminal is.",
}


#: How each is called.
EXAMPLES = {
    "check": "graphnet check nets/mnist.yaml --phase test",
    "check-grad": "graphnet check-grad nets/iris.yaml",
    "data get": "graphnet data mnist --from downloads",
    "data info": "graphnet data info train.h5",
    "data list": "graphnet data",
    "data pack": "graphnet data pack flowers.csv --label species --split 0.2 --to flowers",
    "data statistics": "graphnet data statistics train.h5 --to statistics.h5",
    "data tokenizer": "graphnet data tokenizer book.txt --tokens 512 --to book.json",
    "doctor": "graphnet doctor",
    "draw": "graphnet draw nets/mnist.yaml -o mnist.svg --by macs",
    "export caffe": "graphnet export caffe nets/mnist.yaml --weights runs/mnist -o mnist.prototxt",
    "export features": "graphnet export features runs/mnist --blob ip1 -o features.h5",
    "export mocha": "graphnet export mocha nets/mnist.yaml --weights runs/mnist -o mnist.h5",
    "export npz": "graphnet export npz nets/mnist.yaml --weights runs/mnist -o mnist.npz",
    "export onnx": "graphnet export onnx nets/mnist.yaml --weights runs/mnist -o mnist.onnx",
    "export safetensors": (
        "graphnet export safetensors nets/mnist.yaml --weights runs/mnist -o mnist.safetensors"
    ),
    "find-lr": "graphnet find-lr nets/mnist.yaml",
    "import caffe": "graphnet import caffe deploy.prototxt --weights net.caffemodel -o mynet",
    "import mocha": "graphnet import mocha nets/mnist.yaml --weights mocha.hdf5 -o mine",
    "import npz": "graphnet import npz nets/mnist.yaml --weights mnist.npz -o mine",
    "import safetensors": (
        "graphnet import safetensors nets/mnist.yaml --weights mnist.safetensors -o mine"
    ),
    "import onnx": "graphnet import onnx net.onnx -o mine",
    "import torch": "graphnet import torch nets/mnist.yaml --weights mnist.pt -o mine",
    "nets": "graphnet nets",
    "new": "graphnet new digits --like mnist",
    "plot": "graphnet plot runs/mnist -o curve.svg",
    "predict": "graphnet predict runs/mnist pictures --top 3",
    "report": "graphnet report runs/mnist -o mnist.html",
    "runs diff": "graphnet runs diff runs/a runs/b",
    "runs list": "graphnet runs list runs --json",
    "runs rm": "graphnet runs rm runs/a",
    "serve": "graphnet serve runs/mnist --port 8000",
    "sweep": "graphnet sweep nets/iris.yaml --grid lr_policy.base_lr=0.1,0.01 -o runs/sweep",
    "schema": "graphnet schema net",
    "snapshot info": "graphnet snapshot info runs/mnist",
    "snapshot model": "graphnet snapshot model runs/mnist --to model.h5",
    "solve": "graphnet solve nets/mnist.yaml --set max_iter=2000 --exp-dir runs/short",
    "test": "graphnet test runs/mnist",
    "time": "graphnet time nets/mnist.yaml",
}


def page() -> str:
    """The whole page."""
    variables = [row(f"`{name}`", text) for name, text in VARIABLES.items()]
    described = ["\n\n".join(entry(*found)) + "\n" for found in commands()]
    table = ["| variable | |", "|---|---|", *variables, ""]
    return "\n".join([INTRODUCTION.rstrip("\n"), "", *table, *described])


def commands() -> list[tuple[str, Any]]:
    """Every command with its name, those of groups among them."""
    load_commands()
    return sorted(_commands(get_command(app), ""))


def _commands(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                yield f"{prefix}{name}", command
            yield from _commands(command, f"{prefix}{name} ")
        elif not command.hidden:
            yield f"{prefix}{name}", command


def entry(name: str, command: Any) -> Iterator[str]:
    """A command: what it does, its arguments and options, an example."""
    yield f"## {name}"
    yield markdown(command.help or "")
    yield f"```shell\n{EXAMPLES.get(name, '')}\n```"
    shown = [p for p in command.params if not getattr(p, "hidden", False) and p.name != "help"]
    if shown:
        rows = [row(names(p), default(p), markdown(getattr(p, "help", None) or "")) for p in shown]
        yield "\n".join(["| | default | |", "|---|---|---|", *rows])


def names(param: Any) -> str:
    """How a parameter is given."""
    if param.param_type_name == "argument":
        return f"`{param.metavar or param.name.upper()}`"
    value = "" if param.is_flag else f" {param.metavar or '|'.join(choices(param)) or 'VALUE'}"
    return f"`{', '.join([*param.opts, *param.secondary_opts])}{value}`"


def choices(param: Any) -> list[str]:
    """The values that an option takes, where these are few; versions of Typer keep them apart."""
    kind = getattr(param, "type", None)
    annotation = getattr(getattr(param, "type_descriptor", None), "annotation", None)
    return [str(choice) for choice in getattr(kind, "choices", None) or get_args(annotation)]


def default(param: Any) -> str:
    """What holds where it is left out."""
    value = param.default
    if param.required:
        return "required"
    if value is None or value is False or callable(value) or value in ((), [], ""):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def markdown(text: str) -> str:
    """A help text as one line a paragraph."""
    paragraphs = re.split(r"\n\s*\n", text.replace("\b", "").strip())
    return "\n\n".join(" ".join(p.split()) for p in paragraphs).replace("``", "`")


if __name__ == "__main__":
    OUTPUT.write_text(page(), encoding="utf-8")
