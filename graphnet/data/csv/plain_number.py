"""Plain numbers in text: digits with a sign, a decimal point and an exponent, and nothing else.

Python's ``float`` also takes ``1_000``, ``nan`` and digits of other scripts, which in a table are
more likely mistakes, and are refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[ \t]*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?[ \t]*", re.ASCII)
_WHOLE = re.compile(r"[ \t]*[+-]?\d+[ \t]*", re.ASCII)
_ONLY_PLAIN = re.compile(r"[0-9.eE+\-\n \t]*")
_MISSING = frozenset({"", "?", "na", "n/a", "nan", "null", "none", "nil", "-"})
_MAY_BE_WORDS = frozenset({"none", "nil"})
_MARKED = re.compile(r"[+-]?\d[\d.,'_\s]*([eE][+-]?\d+)?")
_NO_WORD = re.compile(r"[+-]?(inf|infinity|0x[0-9a-f]+)", re.IGNORECASE)
_GROUPED = re.compile(r"[ \t]*[+-]?[1-9]\d{0,2}\.\d{3}[ \t]*", re.ASCII)
_MOST_SHOWN = 40
_MOST_DIGITS = 308  # of a float
_CLOCK = r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?"
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = re.compile(
    rf"(\d{{4}}([-/.])\d{{1,2}}\2\d{{1,2}}|\d{{1,2}}([-/.])\d{{1,2}}\3(\d{{4}}|\d\d)"
    rf"|\d{{1,2}}\.?[ -]?{_MONTH}\.?[ -]?(\d{{4}}|\d\d)"
    rf"|{_MONTH}\.? \d{{1,2}}(st|nd|rd|th)?,? \d{{4}})([T ,]+{_CLOCK}.*)?|{_CLOCK}",
    re.ASCII | re.IGNORECASE,
)


def is_plain(text: str) -> bool:
    """Whether it is a plain number, perhaps between blanks."""
    return _PLAIN.fullmatch(text) is not None


def is_whole(text: str) -> bool:
    """Whether it is written as a whole number: digits, perhaps with a sign."""
    return _WHOLE.fullmatch(text) is not None


def whole_number(text: str) -> int | float:
    """What a text says that :func:`is_whole`; infinite where no float is so large."""
    digits = text.strip(" \t+-").lstrip("0") or "0"
    if len(digits) > _MOST_DIGITS:
        return math.inf
    return -int(digits) if "-" in text else int(digits)


def is_word(text: str) -> bool:
    """Whether it is no number, and has a letter."""
    return not is_plain(text) and any(map(str.isalpha, text))


def is_marked(text: str) -> bool:
    """Whether it is a number, but not plain: ``1,000``, ``1_000``, or in other digits."""
    return not is_plain(text) and _MARKED.fullmatch(text.strip(" \t")) is not None


def is_meant_as_number(text: str) -> bool:
    """Whether it is a number, though perhaps not a plain one: infinite, or in base 16."""
    return is_plain(text) or is_marked(text) or _NO_WORD.fullmatch(text.strip(" \t")) is not None


def perhaps_grouped(cells: Iterable[str]) -> str | None:
    """The first number with a point, if every such number may be meant as a whole one.

    ``1.234`` may: some languages write a thousand so. Blank if no number has a point, None if one
    cannot be meant so.
    """
    pointed = [cell for cell in cells if "." in cell]
    if not all(map(_GROUPED.fullmatch, pointed)):
        return None
    return pointed[0].strip(" \t") if pointed else ""


def is_missing(text: str) -> bool:
    """Whether it is what programs write for a value that is missing."""
    return text.strip(" \t").lower() in _MISSING


def is_gap(text: str) -> bool:
    """Whether it is what programs write for a value that is missing, and no word that is meant.

    ``none`` and ``nil`` may be words.
    """
    return is_missing(text) and text.strip(" \t").lower() not in _MAY_BE_WORDS


def plain_numbers(cells: list[str]) -> list[float] | None:
    """The cells as numbers; None if one is not plain, or would become infinite or 0."""
    joined = "\n".join(cells)
    if not _ONLY_PLAIN.fullmatch(joined):
        return None
    try:
        values = list(map(float, cells))
    except ValueError:
        return None
    small = "e-" in joined.lower() and any(map(_vanishes, cells, values))
    return None if small or any(abs(v) == float("inf") for v in values) else values


def _vanishes(cell: str, value: float) -> bool:
    return value == 0 and re.search("[1-9]", cell.lower().partition("e")[0]) is not None


def looks_like_a_date(cell: str) -> bool:
    """Whether it is a date, a time, or both, as programs and people write them."""
    return _DATE.fullmatch(cell.strip(" \t")) is not None


def shown_cell(cell: str) -> str:
    """A cell as messages show it: in quotes, and shortened."""
    text = cell.strip(" \t")
    return repr(text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…")


def why_not_plain(cell: str) -> str:
    """What is wrong with a cell that :func:`plain_numbers` refuses, and the cure, on two lines."""
    text = cell.strip(" \t")
    shown = shown_cell(cell)
    if not text:
        return "the field is empty\n  fill in what is missing, or leave out the row or the column"
    if is_plain(text):
        big = abs(float(text)) > 1
        return f"{text} is too {'large' if big else 'small'}\n  expected what float64 can hold"
    if is_missing(text):
        cure = "fill in what is missing, or leave out the row or the column"
    elif text.lower().lstrip("+-") in ("inf", "infinity"):
        cure = "write a finite number, or leave out the row or the column"
    elif is_marked(text):
        cure = "write it with a decimal point, and without marks between thousands"
    elif re.search(r"\d", text):
        cure = "write it in digits, such as -1.5e3, or leave out the column: --leave-out COLUMN"
    else:
        cure = "write a number, or leave out the column: --leave-out COLUMN"
    return f"{shown} is not a plain number\n  {cure}"
