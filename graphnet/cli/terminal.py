"""What the commands print: tables and colours on a terminal, plain lines anywhere else.

Plain lines are never wrapped or coloured, so that they can be searched, compared and parsed.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TextIO

import typer

from graphnet.readable import readable, readable_json, write_line

if TYPE_CHECKING:
    from rich.console import Console

Justify = Literal["left", "right"]
Columns = Sequence[tuple[str, Justify]]
Rows = Sequence[Sequence[str]]

#: Between the columns of a table.
_GAP = "  "
#: Columns of a terminal on which there is room for boxes and bars.
_ROOMY = 60


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody is looking at what is printed there, on more than a ``dumb`` terminal."""
    try:
        return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # it is closed
        return False


def is_roomy_terminal(stream: TextIO | None) -> bool:
    """Whether boxes around texts leave room for the texts."""
    return is_terminal(stream) and shutil.get_terminal_size().columns >= _ROOMY


def on_terminal() -> bool:
    """Whether somebody is looking at what is printed."""
    return is_terminal(sys.stdout)


def console(*, stderr: bool = False) -> Console:
    """A console that takes every text literally."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def say(text: str = "") -> None:
    """Print to stdout."""
    write_line(sys.stdout, text)


def say_json(text: str) -> None:
    """Print JSON to stdout, in escapes of its own where the encoding lacks a character."""
    write_line(sys.stdout, readable_json(text, sys.stdout))


def warn(text: str) -> None:
    """Print to stderr."""
    write_line(sys.stderr, text)


def notice(lines: Sequence[str], *, stderr: bool = False) -> None:
    """Print what must not be overlooked: framed on a terminal, marked lines elsewhere."""
    if not lines:
        return
    if is_terminal(sys.stderr if stderr else sys.stdout):
        from rich.panel import Panel
        from rich.text import Text

        frame = Panel(Text("\n".join(lines)), border_style="yellow", expand=False)
        console(stderr=stderr).print(frame)
    else:
        for line in lines:
            (warn if stderr else say)(f"! {line}")


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Print names and what they stand for, one below the other."""
    width = max(len(name) for name, _ in pairs)
    for name, text in pairs:
        say(f"{name:<{width}}  {text}")


def table(columns: Columns, rows: Rows, *, narrow: tuple[Columns, Rows] | None = None) -> None:
    """Print a table.

    Args:
        columns: Each one's heading, and the side it is aligned to.
        rows: As many cells each as there are columns.
        narrow: Columns and rows instead, on a terminal that the others do not fit on. Where they
            do not fit either, nothing is left out: the lines are as they are off a terminal.
    """
    # what takes the place of a character may be longer
    rows = [[readable(cell, sys.stdout) for cell in row] for row in rows]
    columns = [(readable(heading, sys.stdout), side) for heading, side in columns]
    if on_terminal():
        width = console().width
        fits = narrow is None or _width(columns, rows) <= width
        shown = (columns, rows) if fits or narrow is None else narrow
        if _width(*shown, folded=True) <= width:
            _rich_table(*shown)
            return
    _plain_table(columns, rows)


def _plain_table(columns: Columns, rows: Rows) -> None:
    cells = [[heading for heading, _ in columns], *rows]
    widths = _widths(columns, rows)
    for row in cells:
        padded = (
            f"{cell:{'>' if side == 'right' else '<'}{width}}"
            for cell, (_, side), width in zip(row, columns, widths, strict=True)
        )
        say(_GAP.join(padded).rstrip())


def _widths(columns: Columns, rows: Rows, *, folded: bool = False) -> list[int]:
    """Of each column; folded, those that are lists are as narrow as their longest word."""
    cells = [[heading for heading, _ in columns], *rows]
    return [
        max(
            max(map(len, row[i].split()), default=0) if folded and is_list else len(row[i])
            for row in cells
        )
        for i, is_list in enumerate(_lists(columns, rows))
    ]


def _width(columns: Columns, rows: Rows, *, folded: bool = False) -> int:
    """Of the whole table."""
    return sum(_widths(columns, rows, folded=folded)) + len(_GAP) * (len(columns) - 1)


def _lists(columns: Columns, rows: Rows) -> list[bool]:
    """Which columns hold lists: only these are broken where the terminal is narrow."""
    return [
        side == "left" and any(" " in row[i] for row in rows) for i, (_, side) in enumerate(columns)
    ]


def _rich_table(columns: Columns, rows: Rows) -> None:
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, padding=(0, len(_GAP), 0, 0), pad_edge=False, header_style="bold")
    for (heading, side), is_list in zip(columns, _lists(columns, rows), strict=True):
        drawn.add_column(heading, justify=side, overflow="fold", no_wrap=not is_list)
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    console().print(drawn)


def count_text(n: int) -> str:
    """``18.4 M``: three digits and a unit of 1000."""
    return _three_digits(n, 1000, ("", " k", " M", " G", " T", " P"))


def bytes_text(n: int) -> str:
    """``588 KiB``: three digits and a unit of 1024."""
    return _three_digits(n, 1024, (" B", " KiB", " MiB", " GiB", " TiB"))


def _three_digits(n: int, step: int, units: Sequence[str]) -> str:
    size, (unit, *larger) = float(n), units
    while size >= 999.5 and larger:  # noqa: PLR2004  # where rounding gives 4 digits
        size, (unit, *larger) = size / step, larger
    digits = 0 if unit == units[0] or size >= 99.95 else 1  # noqa: PLR2004
    return f"{size:.{digits}f}{unit}"


def parse_bytes(text: str) -> int:
    """The number of ``4GiB``, ``512M`` or ``1000000``; all units are of 1024.

    Raises:
        BadParameter: If it is no such size.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if found is None:
        raise typer.BadParameter(f"expected a size such as 4GiB or 512MiB, found '{text}'")
    return int(float(found[1]) * 1024 ** " KMGT".index(found[2].upper() or " "))


def seconds_text(seconds: float) -> str:
    """``4.2 s``, ``3 min 05 s`` or ``2 h 07 min``."""
    if seconds < 59.95:  # noqa: PLR2004  # where rounding gives 60
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"
