"""Wrong usage of the command line, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import typer
from typer.core import TyperGroup

from graphnet.cli.terminal import warn
from graphnet.errors import did_you_mean

#: Names of commands and options elsewhere, and graphnet's.
COMMAND_WORDS: Mapping[str, str] = {
    "benchmark": "time",
    "convert": "data pack",
    "download": "data",
    "eval": "test",
    "evaluate": "test",
    "fetch": "data",
    "fit": "solve",
    "gradcheck": "check-grad",
    "infer": "predict",
    "inspect": "snapshot info",
    "lint": "check",
    "pack": "data pack",
    "profile": "time",
    "resume": "solve",
    "run": "solve",
    "summary": "check",
    "train": "solve",
    "validate": "check",
}
OPTION_WORDS: Mapping[str, str] = {
    "--batch-size": "--set layers.NAME.batch_size=…",
    "--checkpoint": "--weights",
    "--device": "--backend",
    "--epochs": "--set max_epoch=…",
    "--gpu": "--backend cupy",
    "--iterations": "--set max_iter=…",
    "--learning-rate": "--set lr_policy.base_lr=…",
    "--lr": "--set lr_policy.base_lr=…",
    "--max-epoch": "--set max_epoch=…",
    "--max-iter": "--set max_iter=…",
    "--model": "--weights",
    "--out": "--output",
    "--output-dir": "--exp-dir",
    "--snapshot": "--weights",
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
            ctx.fail(f"No such command '{name}'.{_meant(name, COMMAND_WORDS, self.commands)}")
        return super().resolve_command(ctx, args)


def _meant(found: str, words: Mapping[str, str], known: Sequence[str] | Mapping[str, Any]) -> str:
    """A line with the known name that was probably meant, or with all known names."""
    word = words.get(found.lower().replace("_", "-"), "")
    if word.split(" ")[0] in known:
        return f"\n  did you mean '{word}'?"
    return did_you_mean(found, known) or f"\n  there are: {', '.join(known)}"


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
        options = [o for p in error.ctx.command.params for o in p.opts if o.startswith("--")]
        return f"No such option '{option}'.{_meant(option, OPTION_WORDS, [*options, '--help'])}"
    message = _in_our_words(str(error.format_message()))
    if "unexpected extra argument" in message:
        message += _extra_argument_hint(error, args)
    return message


def _in_our_words(message: str) -> str:
    """What Typer says of a value is pydantic's, in words that no user of a command line has."""
    for theirs, ours in _VALUE_WORDS.items():
        message = re.sub(theirs, ours, message)
    return message


def _extra_argument_hint(error: Any, args: Sequence[str]) -> str:
    """A line on what an extra argument was probably meant for, or nothing."""
    for option, value in pairwise(args):
        if option == "--set" and "=" not in value:
            following = args[args.index(value) + 1 :][:1]
            return f"\n  write --set {value}={following[0] if following else '…'}"
    if any(p.name == "solver" for p in error.ctx.command.params):
        return "\n  one net is trained; its solver goes with --solver FILE"
    return ""
