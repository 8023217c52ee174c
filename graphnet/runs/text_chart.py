"""A small chart in characters, for terminals."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from graphnet.draw.chart import number


def text_chart(
    points: Sequence[tuple[float, float]], width: int = 60, height: int = 8, mark: str = "*"
) -> list[str]:
    """Lines of text: the values from left to right, their range on the left, x below.

    Args:
        points: ``(x, y)``, x ascending; those that are not finite are left out.
        width: Of the whole, in characters.
        height: Of the plot, in lines.
        mark: What stands where a value is.
    """
    finite = [(x, y) for x, y in points if isfinite(x) and isfinite(y)]
    if not finite:
        return ["(nothing recorded)"]
    xs, ys = zip(*finite, strict=True)
    low, high = min(ys), max(ys)
    labels = {0: number(high), height - 1: number(low)}
    left = max(map(len, labels.values()))
    columns = max(10, width - left - 2)
    grid = [[" "] * columns for _ in range(height)]
    for x, y in finite:
        column = round((x - xs[0]) / ((xs[-1] - xs[0]) or 1) * (columns - 1))
        row = round((high - y) / ((high - low) or 1) * (height - 1))
        grid[row][column] = mark
    lines = [f"{labels.get(i, ''):>{left}} |{''.join(row).rstrip()}" for i, row in enumerate(grid)]
    first, last = number(xs[0]), number(xs[-1])
    between = " " * (columns - len(first) - len(last))
    axis = f"{first}{between}{last}" if between else first
    return [
        *(line.rstrip() for line in lines),
        f"{' ' * left} +{'-' * columns}",
        f"{' ' * left}  {axis}",
    ]
