"""Wrong usage of the command line, and what was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from graphnet.cli.output.terminal import warn
from graphnet.errors import nearest

#: Names of commands elsewhere, and graphnet's: of those between ``|``, the first that is there.
COMMAND_WORDS: Mapping[str, str] = {
    "bench": "time",
    "benchmark": "time",
    "caffe": "import caffe",
    "compare": "diff|runs diff",
    "convert": "pack|data pack",
    "create": "pack|new",
    "dataset": "data",
    "datasets": "data",
    "del": "rm",
    "delete": "rm",
    "describe": "info|check",
    "devices": "doctor",
    "diff": "runs diff",
    "download": "get|data",
    "eval": "test",
    "evaluate": "test",
    "fetch": "get|data",
    "fit": "solve",
    "gpu": "doctor",
    "grad-check": "check-grad",
    "gradcheck": "check-grad",
    "graph": "draw|plot",
    "infer": "predict",
    "inference": "predict",
    "info": "snapshot info",
    "init": "new",
    "inspect": "info|snapshot info",
    "lint": "check",
    "list": "list|runs list|info",
    "ls": "list|runs list|info",
    "models": "nets",
    "pack": "data pack",
    "profile": "time",
    "remove": "rm",
    "resume": "solve",
    "rm": "runs rm",
    "run": "solve",
    "score": "test",
    "show": "info|list|check",
    "summary": "info|list|check",
    "train": "solve",
    "validate": "check",
    "view": "draw|info|list",
    "visualise": "draw",
    "visualize": "draw",
    "zoo": "nets",
}
#: The same for options. What begins with one of graphnet's is written instead; all else is said.
OPTION_WORDS: Mapping[str, str] = {
    "--batch-size": "--set layers.NAME.batch_size=…",
    "--caffemodel": "--weights",
    "--checkpoint": "--weights",
    "--data": "--from",
    "--dataset": "--from",
    "--dest": "--to|--output",
    "--device": "--backend",
    "--dir": "--to|--exp-dir",
    "--epochs": "--set max_epoch=…",
    "--file": "--output",
    "--format": "--output NAME.svg|--output",
    "--gpu": "--backend cupy",
    "--iterations": "--steps|--set max_iter=…",
    "--iters": "--steps|--set max_iter=…",
    "--kind": "--template",
    "--learning-rate": "--set lr_policy.base_lr=…",
    "--loops": "--steps",
    "--lr": "--set lr_policy.base_lr=…",
    "--max-epoch": "--set max_epoch=…",
    "--max-iter": "--set max_iter=…",
    "--metric": "--key",
    "--model": "--weights",
    "-n": "--steps",
    "--number": "--steps",
    "--out": "--output|--to",
    "--out-dir": "--exp-dir|--to",
    "--output": "--to",
    "--output-dir": "--exp-dir|--to",
    "--repeat": "--steps",
    "--repeats": "--steps",
    "--restart": "--fresh",
    "--runs": "--steps",
    "--save": "--output|--to",
    "--snapshot": "--weights",
    "--statistic": "--key",
    "--test-size": "--split",
    "--to": "--output",
    "--type": "--template",
    "--x": "--over",
    "-o": "--output|--to",
}
_OF_PYTHON = "they are set from Python: check_gradients(net, step=…, tolerance=…)"
_GOES_ON = "leave it out: a run that is in its directory goes on by itself"
#: What is said of an option that a command does not have, where no other option is meant.
OPTIONS_SAID: Mapping[str, str] = {
    "check --solver": "write --set solver=FILE, or name it in the net: solver: FILE",
    **dict.fromkeys(
        [
            f"check-grad --{k}"
            for k in ("atol", "eps", "epsilon", "rtol", "step", "tol", "tolerance")
        ],
        _OF_PYTHON,
    ),
    "draw --solver": "leave it out: only the net is drawn",
    **dict.fromkeys(
        [f"predict --{k}" for k in ("data", "dataset", "file", "image", "images")],
        "write it without an option: graphnet predict RUN FILE",
    ),
    "solve --continue": _GOES_ON,
    "solve --force": "write --fresh to start over; the run that is there is set aside",
    "solve --overwrite": "write --fresh to start over; the run that is there is set aside",
    "solve --resume": _GOES_ON,
    "solve --verbose": "leave it out; --quiet prints less",
    "time --solver": "leave it out: only the net is timed",
    "time --warmup": "leave it out: the first passes are not counted",
}

_VALUE_WORDS: Mapping[str, str] = {
    r"Value error, ": "",
    r"Input should be greater than or equal to (\S+)": r"expected at least \1",
    r"Input should be less than or equal to (\S+)": r"expected at most \1",
    r"Input should be a valid integer.*": "expected a whole number",
    r"Input should be a valid number.*": "expected a number",
}

#: What a mistake in the command line is raised as.
UsageError: Any = typer.BadParameter.__base__


class Commands(TyperGroup):
    """A group of commands that answers an unknown one with the one that is meant."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take ``help``, ``help COMMAND`` and ``version`` as the options of these names."""
        if args[:1] == ["help"]:
            args = [*args[1:], "--help"]
        elif args == ["version"] and ctx.parent is None:
            args = ["--version"]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is named."""
        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            word = _ours(Path(name).suffix, _FILE_COMMANDS, self.commands)
            hint = f"\n  write {ctx.command_path} {word} {name}" if word else ""
            hint = hint or _meant(name, COMMAND_WORDS, self.commands)
            ctx.fail(f"No such command '{name}'.{hint}")
        return super().resolve_command(ctx, args)


#: Which command a file was probably given to, by its ending.
_FILE_COMMANDS: Mapping[str, str] = {
    **dict.fromkeys((".caffemodel", ".prototxt"), "caffe|import caffe"),
    **dict.fromkeys((".yaml", ".yml"), "caffe|check"),
    **dict.fromkeys((".h5", ".hdf5"), "info|mocha|snapshot info"),
    **dict.fromkeys((".pt", ".pth"), "torch|import torch"),
    ".onnx": "onnx|import onnx",
    ".safetensors": "safetensors|import safetensors",
    ".npz": "npz|import npz",
    ".csv": "pack|data pack",
}


class CommandsWithDefault(Commands):
    """A group whose ``default`` command may be left out."""

    default = ""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default before what neither begins with a command nor was meant for one."""
        is_completed = not args and ctx.resilient_parsing  # by a shell, which asks for commands
        is_named = bool(args) and args[0] in (*self.commands, *ctx.help_option_names, "help")
        if not is_named and not is_completed:
            if args and self._is_misspelt(args[0]):
                self.resolve_command(ctx, args)
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def _is_misspelt(self, name: str) -> bool:
        """Whether a word is a command's, or nearly so, rather than the default's argument."""
        if Path(name).exists():
            return False
        word = _ours(name, COMMAND_WORDS, self.commands)
        return bool(word or difflib.get_close_matches(name.lower(), self.commands, 1, _CLOSE))


#: How like a command a word must be: ``lst`` is ``list``, and ``mnist`` is not.
_CLOSE = 0.8


def _meant(found: str, words: Mapping[str, str], known: Sequence[str] | Mapping[str, Any]) -> str:
    """A line with the known name that was probably meant, or with all known names."""
    if word := _ours(found, words, known):
        return f"\n  did you mean '{word}'?"
    # without the dashes, in which all options are alike
    close = nearest(found.lstrip("-"), [name.lstrip("-") for name in known])
    meant = next((name for name in known if close and name.lstrip("-") == close), "")
    return f"\n  did you mean '{meant}'?" if meant else f"\n  there are: {', '.join(known)}"


def _ours(found: str, words: Mapping[str, str], known: Sequence[str] | Mapping[str, Any]) -> str:
    """The first of the words for what was found that is known here, or nothing."""
    meant = words.get(found.lower().replace("_", "-"), "").split("|")
    return next((word for word in meant if word.split(" ")[0] in known), "")


def report_usage(error: Any, args: Sequence[str]) -> None:
    """Print what is wrong with the arguments of a command, and how it is used.

    Args:
        error: A :data:`UsageError`.
        args: What was typed.
    """
    if not hasattr(error, "ctx") or type(error).__name__ == "NoArgsIsHelpError":
        warn(error.format_message())  # without any arguments: the help
        return
    if error.ctx is not None:
        warn(error.ctx.get_usage())
        warn(f"Try '{error.ctx.command_path} --help' for help.\n")
    warn(f"Error: {_message(error, args)}")


def _message(error: Any, args: Sequence[str]) -> str:
    option = getattr(error, "option_name", None)
    if option and error.message.startswith("No such option"):
        said = OPTIONS_SAID.get(f"{error.ctx.command.name} {option}")
        if said is None and option in ("--net", "--config"):
            said = f"write the net without an option: {error.ctx.command_path} NET"
        options = [o for p in error.ctx.command.params for o in p.opts if o.startswith("--")]
        hint = f"\n  {said}" if said else _meant(option, OPTION_WORDS, [*options, "--help"])
        return f"No such option '{option}'.{hint}"
    message = _in_our_words(str(error.format_message()))
    if "unexpected extra argument" in message:
        message += _extra_argument_hint(error, args)
    elif message.startswith("Missing option"):
        message += f"\n  write {_whole(error.ctx)}"
    return message


def _whole(ctx: Any) -> str:
    """A command with all that it needs."""
    needed = [p for p in ctx.command.params if p.required]
    texts = [f"{max(p.opts, key=len)} {p.metavar}" for p in needed if _is_option(p)]
    return " ".join([ctx.command_path, *(p.metavar for p in needed if not _is_option(p)), *texts])


def _is_option(param: Any) -> bool:
    return str(param.opts[0]).startswith("-")


def _in_our_words(message: str) -> str:
    """What Typer says of a value is pydantic's, in words that no user of a command line has."""
    for theirs, ours in _VALUE_WORDS.items():
        message = re.sub(theirs, ours, message)
    return message


#: What files of these endings are probably for: the first of the options that is there.
_BY_ENDING: Mapping[str, str] = {
    **dict.fromkeys((".yaml", ".yml"), "--solver|--set solver="),
    **dict.fromkeys((".svg", ".png", ".html", ".mmd", ".dot"), "--output"),
    **dict.fromkeys((".h5", ".hdf5"), "--weights|--from|--to"),
    ".caffemodel": "--weights",
    ".prototxt": "--solver",
}


def _extra_argument_hint(error: Any, args: Sequence[str]) -> str:
    """A line on what an extra argument was probably meant for, or how many there may be."""
    for option, value in pairwise(args):
        if option == "--set" and "=" not in value:
            following = args[args.index(value) + 1 :][:1]
            return f"\n  write --set {value}={following[0] if following else '…'}"
    command = error.ctx.command
    options = [o for p in command.params for o in p.opts]
    if "--solver" in options and "--to" not in options:
        return "\n  one net is trained; its solver goes with --solver FILE"
    extra = next((one for one in reversed(args) if one in error.message), "")
    meant = _BY_ENDING.get(Path(extra).suffix.lower(), "").split("|")
    for option in meant if extra else ():
        if option.split(" ")[0] in options:
            gap = "" if option.endswith("=") else " "
            return f"\n  write {option}{gap}{extra}"
    if "--template" in options:
        return f"\n  write --template {extra}, --like {extra} or --from {extra}"
    takes = [p.metavar.strip("[]") for p in command.params if not _is_option(p)]
    return f"\n  it takes {' and '.join(takes)} alone" if takes else "\n  it takes no argument"
