"""Arrays as pictures, in a grid with names below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from graphnet.draw.shapes import Group, Picture, Pixels, Shape, Text
from graphnet.draw.text_width import shortened

#: Numbers of channels that can be seen: grey, and red, green and blue.
SEEN_CHANNELS = (1, 3)
_MARGIN, _GAP, _LINE, _SMALL, _TITLE = 16.0, 8.0, 14.0, 11.0, 15.0


def as_bytes(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values as 8 bits: ``low`` and what is less is 0, ``high`` and what is more is 255.

    Args:
        values: Of any shape; NaN is 0.
        low: The darkest.
        high: The brightest.
    """
    size = high - low
    part = (values.astype(np.float64) - low) / size if size > 0 else np.full(values.shape, 0.5)
    return np.round(np.clip(np.nan_to_num(part), 0, 1) * 255).astype(np.uint8)


def is_picture(shape: Sequence[int]) -> bool:
    """Whether an array ``(C, H, W)`` can be seen: 1 or 3 channels, more than a line."""
    return len(shape) == 3 and shape[0] in SEEN_CHANNELS and min(shape[1:]) > 1  # noqa: PLR2004


@dataclass(frozen=True)
class Thumbnail:
    """An array in a grid.

    Attributes:
        values: ``(C, H, W)``, 1 or 3 channels.
        lines: What is said below it, a line each.
    """

    values: np.ndarray
    lines: tuple[str, ...] = ()


def grid(
    title: str,
    tiles: Sequence[Thumbnail],
    *,
    side: float = 64,
    width: float = 640,
    scale: tuple[float, float] | None = None,
) -> Picture:
    """Arrays of one shape in rows.

    Args:
        title: What they are.
        tiles: From the upper left one on.
        side: How wide each is.
        width: Of the whole, about.
        scale: What is black and what white. Default: of each, its own least and greatest value.
    """
    groups = [
        Group("title", title, [Text(_MARGIN, _MARGIN + 12, title, _TITLE, "ink", is_bold=True)])
    ]
    n = max(1, int((width - 2 * _MARGIN + _GAP) // (side + _GAP)))
    n_lines = max((len(tile.lines) for tile in tiles), default=0)
    heights = [side * tile.values.shape[1] / tile.values.shape[2] for tile in tiles]
    row = max(heights, default=0.0) + n_lines * _LINE + _GAP
    top = _MARGIN + 24
    for i, (tile, height) in enumerate(zip(tiles, heights, strict=True)):
        x, y = _MARGIN + i % n * (side + _GAP), top + i // n * row
        low, high = scale or (float(np.nanmin(tile.values)), float(np.nanmax(tile.values)))
        values = as_bytes(tile.values, low, high)
        seen = values[0] if len(values) == 1 else np.ascontiguousarray(values.transpose(1, 2, 0))
        said = [
            Text(
                x + side / 2,
                y + height + _LINE * (k + 1) - 2,
                shortened(line, side + _GAP - 2, _SMALL),
                _SMALL,
                "ink" if k == 0 else "muted",
                anchor="middle",
            )
            for k, line in enumerate(tile.lines)
        ]
        shapes: list[Shape] = [Pixels(x, y, side, height, seen), *said]
        groups.append(Group("tile", ", ".join(tile.lines), shapes, ", ".join(tile.lines)))
    n_rows = ceil(len(tiles) / n)
    right = _MARGIN * 2 + min(n, max(1, len(tiles))) * (side + _GAP) - _GAP
    return Picture(max(right, 240), top + n_rows * row + _MARGIN, title, groups)
