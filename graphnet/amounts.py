"""Amounts as people read them: counts, bytes and seconds, in the unit that fits."""

from __future__ import annotations

from collections.abc import Sequence


def count_text(n: int) -> str:
    """``18.4 M``: three digits and a unit of 1000."""
    return _three_digits(n, 1000, ("", " k", " M", " G", " T", " P"))


def exact_text(n: float) -> str:
    """``18,400``; of a sum of weights that is no whole number one digit more: ``18,400.5``."""
    return f"{n:,}" if isinstance(n, int) else f"{n:,.1f}"


def bytes_text(n: int) -> str:
    """``588 KiB``: three digits and a unit of 1024."""
    return _three_digits(n, 1024, (" B", " KiB", " MiB", " GiB", " TiB"))


def _three_digits(n: int, step: int, units: Sequence[str]) -> str:
    size, (unit, *larger) = float(n), units
    while size >= 999.5 and larger:  # noqa: PLR2004  # where rounding gives 4 digits
        size, (unit, *larger) = size / step, larger
    digits = 0 if unit == units[0] or size >= 99.95 else 1  # noqa: PLR2004
    return f"{size:.{digits}f}{unit}"


def seconds_text(seconds: float) -> str:
    """``4.2 s``, ``3 min 05 s`` or ``2 h 07 min``."""
    if seconds < 59.95:  # noqa: PLR2004  # where rounding gives 60
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"
