"""Printing: tables and colours on a terminal, plain lines anywhere else.

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

from graphnet.readable import readable, readable_json, visible, write_line

if TYPE_CHECKING:
    from rich.console import Console

#: The heading of each column; ``>bytes`` is the heading ``bytes`` of one aligned to the right.
Columns = Sequence[str]
Rows = Sequence[Sequence[str]]

#: Between the columns of a table.
_GAP = "  "
#: Columns of a terminal on which there is room for boxes and bars.
_ROOMY = 60


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal, and more than a ``dumb`` one."""
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


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Print pairs of a name and a text, one below the other."""
    width = max(len(name) for name, _ in pairs)
    for name, text in pairs:
        say(f"{name:<{width}}  {visible(text, in_line=True)}")


def table(columns: Columns, rows: Rows, *, narrow: tuple[Columns, Rows] | None = None) -> None:
    """Print a table.

    Args:
        columns: The headings.
        rows: The cells of each row.
        narrow: Columns and rows for a terminal that the others are too wide for. If these are too
            wide as well, the whole table is printed in plain lines.
    """
    # first of all: what replaces a character may be longer
    rows = [[readable(visible(cell, in_line=True), sys.stdout) for cell in row] for row in rows]
    columns = [readable(heading, sys.stdout) for heading in columns]
    if on_terminal():
        width = console().width
        fits = narrow is None or _width(columns, rows) <= width
        shown = (columns, rows) if fits or narrow is None else narrow
        if _width(*shown, folded=True) <= width:
            _rich_table(*shown)
            return
    _plain_table(columns, rows)


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
    """The width of each column; with ``folded`` a list is as narrow as its longest word."""
    cells = [_headings(columns), *rows]
    return [
        max(
            max(map(len, row[i].split()), default=0) if folded and is_list else len(row[i])
            for row in cells
        )
        for i, is_list in enumerate(_lists(columns, rows))
    ]


def _width(columns: Columns, rows: Rows, *, folded: bool = False) -> int:
    """The width of the whole table."""
    return sum(_widths(columns, rows, folded=folded)) + len(_GAP) * (len(columns) - 1)


def _lists(columns: Columns, rows: Rows) -> list[bool]:
    """Which columns hold lists: only their cells may be broken over several lines."""
    return [
        heading[:1] != ">" and any(" " in row[i] for row in rows)
        for i, heading in enumerate(columns)
    ]


def _rich_table(columns: Columns, rows: Rows) -> None:
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, padding=(0, len(_GAP), 0, 0), pad_edge=False, header_style="bold")
    for heading, is_list in zip(columns, _lists(columns, rows), strict=True):
        side: Literal["left", "right"] = "right" if heading[:1] == ">" else "left"
        drawn.add_column(
            heading.removeprefix(">"), justify=side, overflow="fold", no_wrap=not is_list
        )
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
    """The number of bytes in ``4GiB``, ``512M`` or ``1000000``; units are powers of 1024.

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
