"""``graphnet new``: a folder with a net, its solver, and what else it needs."""

from __future__ import annotations

from pathlib import Path

from graphnet.cli.output.terminal import notice, say
from graphnet.errors import SpecError
from graphnet.files.paths import shown
from graphnet.starters.catalog import SHIPPED
from graphnet.starters.folder import check_is_new, name_of, write_new
from graphnet.starters.shipped import copy_of


def new(folder: Path, like: str | None, template: str | None, data: str | None) -> None:
    """Write a new folder, and say what is in it and how to go on.

    Args:
        folder: To be made; nothing is written over.
        like: A shipped net to copy.
        template: What to make it from instead; None: what suits the data.
        data: What to make it for; None: a data set of the package.

    Raises:
        GraphnetError: If the folder is not empty, there is no such net, template or data, or the
            data cannot be used.
    """
    if like is not None and (template is not None or data is not None):
        other = "--template" if template is not None else "--from"
        raise SpecError(f"--like copies a net as it is\n  leave out {other}, or leave out --like")
    if like is None and template is None and data is None:
        raise SpecError(
            "new: from what?\n  a copy of a shipped net: --like mnist; graphnet nets lists them"
            "\n  for your data: --from DIR\n  from a template: --template mlp"
        )
    check_is_new(folder)
    if like is not None:
        files, order = copy_of(like, name_of(folder))
        write_new(folder, files)
        _say_written(folder, list(files), f"a copy of {like}: {SHIPPED[like].about}")
        _say_next(folder, order)
        return
    from graphnet.starters.templates import new_net

    made = new_net(folder, template, data)
    write_new(folder, made.files)
    _say_written(folder, list(made.files), made.about)
    notice(made.problems)
    _say_next(folder, ["net.yaml"])


def _say_written(folder: Path, files: list[str], about: str) -> None:
    say(about)
    say(f"in {shown(folder.absolute())}: {', '.join(files)}")


def _say_next(folder: Path, order: list[str]) -> None:
    """What to do with it, in which order."""
    for i, net in enumerate(order):
        path = str(shown(folder.absolute() / net))
        path = f"'{path}'" if " " in path else path
        say(f"{'train it: ' if i == 0 else ' ' * 10}graphnet solve {path}")
