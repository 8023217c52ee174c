"""Printing: tables and colours on a terminal, plain lines anywhere else.

Plain lines are never wrapped or coloured, so that they can be searched, compared and parsed.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

import typer

from graphnet.amounts import bytes_text as bytes_text  # noqa: PLC0414  # commands take it from here
from graphnet.amounts import count_text as count_text  # noqa: PLC0414  # commands take it from here
from graphnet.amounts import seconds_text as seconds_text  # noqa: PLC0414  # commands take it from here
from graphnet.parallel.launch import launched_as
from graphnet.readable import readable, readable_json, visible, write_line

if TYPE_CHECKING:
    from rich.console import Console

#: The heading of each column; ``>bytes`` is the heading ``bytes`` of one aligned to the right.
Columns = Sequence[str]
Rows = Sequence[Sequence[str]]

#: Between the columns of a table.
_GAP = "  "
#: Columns that a list is not broken below.
_NARROWEST = 16
#: Columns of a terminal on which there is room for boxes and bars.
_ROOMY = 60


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal, more than a ``dumb`` one, and this process's own.

    Launchers may give ranks a terminal and pass on what comes to a file, which nobody can know.
    """
    if launched_as(os.environ) is not None:
        return False
    try:
        return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # it is closed
        return False


def is_roomy_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal with room for boxes around texts."""
    return is_terminal(stream) and shutil.get_terminal_size().columns >= _ROOMY


def on_terminal() -> bool:
    """Whether standard output is a terminal."""
    return is_terminal(sys.stdout)


def console(*, stderr: bool = False) -> Console:
    """A console of rich that prints every text literally."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def say(text: str = "") -> None:
    """Print to stdout."""
    write_line(sys.stdout, text)


def say_json(text: str) -> None:
    """Print JSON to stdout, with escapes for characters that the encoding lacks."""
    write_line(sys.stdout, readable_json(text, sys.stdout))


def warn(text: str) -> None:
    """Print to stderr."""
    write_line(sys.stderr, text)


def notice(lines: Sequence[str], *, stderr: bool = False) -> None:
    """Print lines not to be overlooked: framed on a terminal, marked with ``!`` elsewhere."""
    if not lines:
        return
    if is_terminal(sys.stderr if stderr else sys.stdout):
        from rich.panel import Panel
        from rich.text import Text

        frame = Panel(Text(visible("\n".join(lines))), border_style="yellow", expand=False)
        console(stderr=stderr).print(frame)
    else:
        for line in lines:
            (warn if stderr else say)(f"! {line}")


def command_text(*words: str | Path) -> str:
    """A command as the shell of this system takes it when it is pasted."""
    texts = [str(word) for word in words]
    if os.name == "nt":
        import subprocess

        return subprocess.list2cmdline(texts)
    import shlex

    return shlex.join(texts)


def file_word(path: Path) -> str:
    """A path as a word of a command: one that begins with a minus would be an option."""
    return f"./{path}" if str(path).startswith("-") else str(path)


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Print pairs of a name and a text, one below the other.

    On a terminal a text too long for its line goes on in the next one, between two words.
    """
    width = max(len(name) for name, _ in pairs)
    room = shutil.get_terminal_size().columns - width - len(_GAP) if on_terminal() else None
    for name, text in pairs:
        for i, line in enumerate(_folded(readable(visible(text, in_line=True), sys.stdout), room)):
            say(f"{name if i == 0 else '':<{width}}{_GAP}{line}".rstrip())


def _folded(text: str, room: int | None) -> list[str]:
    """The text in lines of whole words that fit, except for words that are longer than a line."""
    if room is None or len(text) <= room:
        return [text]
    import textwrap

    indent = text[: len(text) - len(text.lstrip())] + _GAP
    return textwrap.wrap(
        text,
        max(room, 1),
        subsequent_indent=indent if len(indent) < room else "",
        break_long_words=False,
        break_on_hyphens=False,
    )


def table(
    columns: Columns,
    rows: Rows,
    *,
    narrow: tuple[Columns, Rows] | None = None,
    leave_out: Sequence[str] = (),
) -> None:
    """Print a table.

    Off a terminal it is whole, however wide. On one it is made to fit, without cutting a word:
    lists are broken between two of their words, and columns left out.

    Args:
        columns: The headings.
        rows: The cells of each row.
        narrow: Columns and rows for a terminal that the others are too wide for.
        leave_out: Headings of columns that a terminal may do without, the first to go first. If
            what stays is still too wide, it is printed in plain lines.
    """
    # first of all: what replaces a character may be longer
    columns, rows = _readable(columns, rows)
    if not on_terminal():
        _plain_table(columns, rows)
        return
    width = console().width
    if narrow is not None and _width(columns, rows) > width:
        columns, rows = _readable(*narrow)
    for heading in [readable(heading, sys.stdout) for heading in leave_out]:
        if _width(columns, rows, folded=True) <= width:
            break
        columns, rows = _without(heading, columns, rows)
    if _width(columns, rows, folded=True) <= width:
        _rich_table(columns, rows, width)
    else:
        _plain_table(columns, rows)


def _readable(columns: Columns, rows: Rows) -> tuple[Columns, Rows]:
    """With the characters that standard output has."""
    said = [readable(visible(heading, in_line=True), sys.stdout) for heading in columns]
    return said, [
        [readable(visible(cell, in_line=True), sys.stdout) for cell in row] for row in rows
    ]


def _without(heading: str, columns: Columns, rows: Rows) -> tuple[Columns, Rows]:
    """The table without a column; as it is if it has none of that name, or no other."""
    kept = [i for i, name in enumerate(columns) if name.removeprefix(">") != heading]
    if not kept or len(kept) == len(columns):
        return columns, rows
    return [columns[i] for i in kept], [[row[i] for i in kept] for row in rows]


def _plain_table(columns: Columns, rows: Rows) -> None:
    widths = _widths(columns, rows)
    for row in [_headings(columns), *rows]:
        padded = (
            f"{cell:{'>' if heading[:1] == '>' else '<'}{width}}"
            for cell, heading, width in zip(row, columns, widths, strict=True)
        )
        say(_GAP.join(padded).rstrip())


def _headings(columns: Columns) -> list[str]:
    return [heading.removeprefix(">") for heading in columns]


def _widths(columns: Columns, rows: Rows, *, folded: bool = False) -> list[int]:
    """The width of each column; with ``folded`` a list is as narrow as can be read."""
    cells = [_headings(columns), *rows]
    return [
        max((_narrowest(row[i]) if folded and is_list else len(row[i])) for row in cells)
        for i, is_list in enumerate(_lists(columns, rows))
    ]


def _narrowest(cell: str) -> int:
    """The columns that a list needs: for its longest word, and not for one word a line."""
    return max(min(len(cell), _NARROWEST), *map(len, cell.split()), 0)


def _width(columns: Columns, rows: Rows, *, folded: bool = False) -> int:
    """The width of the whole table."""
    return sum(_widths(columns, rows, folded=folded)) + len(_GAP) * (len(columns) - 1)


def _lists(columns: Columns, rows: Rows) -> list[bool]:
    """Which columns hold lists: only their cells may be broken over several lines."""
    return [
        heading[:1] != ">" and any(" " in row[i] for row in rows)
        for i, heading in enumerate(columns)
    ]


def _fitted_widths(columns: Columns, rows: Rows, width: int) -> list[int]:
    """The widths of the columns in a table no wider than ``width``.

    The widest column gives way first, and none becomes narrower than its longest word.
    """
    widths, least = _widths(columns, rows), _widths(columns, rows, folded=True)
    while sum(widths) + len(_GAP) * (len(columns) - 1) > width:
        i = max((i for i in range(len(widths)) if widths[i] > least[i]), key=widths.__getitem__)
        widths[i] -= 1
    return widths


def _rich_table(columns: Columns, rows: Rows, width: int) -> None:
    from rich.table import Table
    from rich.text import Text

    # gaps are columns: versions of Rich disagree on whether a width includes the padding
    drawn = Table(box=None, padding=0, pad_edge=False, header_style="bold")
    widths = _fitted_widths(columns, rows, width)
    for i, (heading, is_list, n) in enumerate(
        zip(columns, _lists(columns, rows), widths, strict=True)
    ):
        if i:
            drawn.add_column(width=len(_GAP))
        side: Literal["left", "right"] = "right" if heading[:1] == ">" else "left"
        drawn.add_column(
            heading.removeprefix(">"), justify=side, overflow="fold", no_wrap=not is_list, width=n
        )
    for row in rows:
        drawn.add_row(*[cell for text in row for cell in (Text(), Text(text))][1:])
    console().print(drawn)


def parse_bytes(text: str) -> int:
    """The number of bytes in ``4GiB``, ``512M`` or ``1000000``; units are powers of 1024.

    Raises:
        BadParameter: If it is no such size.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if found is None:
        raise typer.BadParameter(f"expected a size such as 4GiB or 512MiB, found '{text}'")
    return int(float(found[1]) * 1024 ** " KMGT".index(found[2].upper() or " "))
