"""Bars: counts by name, and histograms of values; and pictures one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from graphnet.draw.chart import AxisScale, number
from graphnet.draw.layered.layout import Point
from graphnet.draw.shapes import Group, Picture, Pixels, Rect, Shape, Text
from graphnet.draw.text_width import shortened, text_width

_MARGIN, _SMALL, _TITLE, _LINE = 16.0, 11.0, 13.0, 17.0
_WIDTH, _HEIGHT, _WIDEST_NAME = 640.0, 110.0, 180.0
_MARKS = 80.0


def counts_picture(title: str, counts: Sequence[tuple[str, int]]) -> Picture:
    """A bar for each name, the longest the most frequent, with its number beside it."""
    names = [shortened(name, _WIDEST_NAME, _SMALL) for name, _ in counts]
    left = _MARGIN + max((text_width(name, _SMALL) for name in names), default=0.0) + 8
    most = max((n for _, n in counts), default=0) or 1
    room = _WIDTH - left - 70
    shapes: list[Shape] = [_title(title)]
    y = _MARGIN + 26
    for name, (_, n) in zip(names, counts, strict=True):
        width = room * n / most
        shapes += [
            Text(left - 8, y + 10, name, _SMALL, "ink", anchor="end"),
            Rect(left, y, width, 12, "images"),
            Text(left + width + 6, y + 10, f"{n:,}", _SMALL, "muted"),
        ]
        y += _LINE
    return Picture(_WIDTH, y + _MARGIN, title, [Group("counts", title, shapes)])


def histogram_picture(title: str, values: np.ndarray, n_bins: int = 60) -> Picture:
    """How often values lie in each of so many equal intervals; those not finite are left out."""
    finite = values[np.isfinite(values)].astype(np.float64)
    shapes: list[Shape] = [_title(title)]
    top, left, right = _MARGIN + 26, _MARGIN + 8, _WIDTH - _MARGIN
    bottom = top + _HEIGHT
    if finite.size:
        counts, edges = np.histogram(finite, n_bins)
        most = int(counts.max())
        scale = AxisScale(float(edges[0]), float(edges[-1]), left, right)
        for count, a, b in zip(counts.tolist(), edges[:-1], edges[1:], strict=True):
            if count:
                height = _HEIGHT * count / most
                x, end = scale.place(float(a)), scale.place(float(b))
                shapes.append(Rect(x, bottom - height, end - x, height, "images"))
        shapes += [
            Text(scale.place(mark), bottom + 15, number(mark), _SMALL, "muted", anchor="middle")
            for mark in scale.marks(_MARKS)
        ]
        highest = f"highest bar: {most:,} of {finite.size:,}"
        shapes.append(Text(right, top - 8, highest, _SMALL, "muted", anchor="end"))
    else:
        shapes.append(Text(left, top + 20, "no finite value", _SMALL, "muted"))
    shapes.append(Rect(left, top, right - left, _HEIGHT, "frame"))
    return Picture(_WIDTH, bottom + 24 + _MARGIN, title, [Group("histogram", title, shapes)])


def _title(title: str) -> Text:
    said = shortened(title, _WIDTH - 2 * _MARGIN - 180, _TITLE, bold=True)
    return Text(_MARGIN, _MARGIN + 12, said, _TITLE, "ink", is_bold=True)


def stacked(title: str, pictures: Sequence[Picture]) -> Picture:
    """Pictures one below the other."""
    groups: list[Group] = []
    y = 0.0
    for picture in pictures:
        groups += [moved(group, 0, y) for group in picture.groups]
        y += picture.height
    return Picture(max((p.width for p in pictures), default=0.0), y, title, groups)


def moved(group: Group, dx: float, dy: float) -> Group:
    """The group elsewhere."""

    def move(shape: Shape) -> Shape:
        if isinstance(shape, Rect | Text | Pixels):
            return replace(shape, x=shape.x + dx, y=shape.y + dy)
        return replace(shape, points=[Point(p.x + dx, p.y + dy) for p in shape.points])

    return Group(group.kind, group.name, [move(s) for s in group.shapes], group.hint, group.link)
