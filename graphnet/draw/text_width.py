"""How wide a text is in the fonts that pictures name: Helvetica's widths, with some to spare."""

from __future__ import annotations

import unicodedata

#: Thousandths of the font's size for the characters from the space to the tilde (Adobe's metrics
#: of Helvetica, which Arial and Liberation Sans share).
_WIDTHS = (
    *(278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278),
    *(556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556),
    *(1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778),
    *(667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556),
    *(333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556),
    *(556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584),
)
#: Another font may be wider, and bold letters are.
_SPARE, _BOLD = 1.12, 1.07


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a text, at least.

    Args:
        text: One line.
        size: Of the font, in the picture's units.
        bold: Whether it is bold.
    """
    width = sum(map(_character_width, text)) / 1000
    return size * width * _SPARE * (_BOLD if bold else 1)


def _character_width(character: str) -> int:
    place = ord(character) - ord(" ")
    if 0 <= place < len(_WIDTHS):
        return _WIDTHS[place]
    if unicodedata.combining(character):
        return 0
    return 1000 if unicodedata.east_asian_width(character) in "WF" else 600


def shortened(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """The text, or as much of its beginning as there is room for and an ellipsis."""
    if text_width(text, size, bold=bold) <= width:
        return text
    kept = len(text)
    while kept and text_width(text[:kept] + "…", size, bold=bold) > width:
        kept -= 1
    return text[:kept].rstrip() + "…"
