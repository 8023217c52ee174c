"""Points in two dimensions, each told by its text and colour: embeddings, and truth and answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphnet.draw.chart import AxisScale, number
from graphnet.draw.layered.layout import Point
from graphnet.draw.shapes import Group, Picture, Rect, Shape, Text, Trace
from graphnet.draw.theme import N_SERIES

_MARGIN, _LEFT, _SIDE, _SMALL, _TITLE = 16.0, 54.0, 420.0, 11.0, 15.0
_DOT = 0.01  # a trace so long is seen as its dot alone
_MARKS = 70.0


def embedding_picture(title: str, places: np.ndarray, marks: Sequence[str]) -> Picture:
    """Points, each as a text in the colour of that text.

    Args:
        title: What they are.
        places: ``(m, 2)``.
        marks: What each is; equal marks have equal colours.
    """
    kinds = sorted(set(marks), key=lambda mark: (len(mark), mark))
    colour = {mark: i % N_SERIES for i, mark in enumerate(kinds)}
    frame, x_scale, y_scale = _frame(title, places, ("first component", "second component"))
    shapes: list[Shape] = [
        Text(
            x_scale.place(x),
            y_scale.place(y) + 4,
            mark,
            _SMALL,
            f"mark{colour[mark]}",
            anchor="middle",
        )
        for (x, y), mark in zip(places.tolist(), marks, strict=True)
    ]
    return _picture(title, frame, shapes)


def truth_picture(title: str, truth: np.ndarray, answers: np.ndarray) -> Picture:
    """What was answered over what is right, a dot each, and the line on which both are equal.

    Args:
        title: What they are.
        truth: ``(m,)``.
        answers: ``(m,)``.
    """
    places = np.stack([truth, answers], axis=1)
    low, high = float(np.nanmin(places)), float(np.nanmax(places))
    square = np.array([[low, low], [high, high]])
    frame, x_scale, y_scale = _frame(title, square, ("what is right", "answer"))
    ends = [Point(x_scale.place(v), y_scale.place(v)) for v in (low, high)]
    shapes: list[Shape] = [Trace(ends, "rule")]
    for x, y in places[np.isfinite(places).all(axis=1)].tolist():
        at = Point(x_scale.place(x), y_scale.place(y))
        shapes.append(Trace([at, Point(at.x + _DOT, at.y)], "series0", has_dots=True))
    return _picture(title, frame, shapes)


def _frame(
    title: str, places: np.ndarray, names: tuple[str, str]
) -> tuple[list[Shape], AxisScale, AxisScale]:
    """Title, frame, grid, and the scales of both axes."""
    left, top = _MARGIN + _LEFT, _MARGIN + 34
    right, bottom = left + _SIDE, top + _SIDE
    (x_low, y_low), (x_high, y_high) = np.nanmin(places, axis=0), np.nanmax(places, axis=0)
    x_scale = AxisScale(*_spread(float(x_low), float(x_high)), left, right)
    y_scale = AxisScale(*_spread(float(y_low), float(y_high)), bottom, top)
    shapes: list[Shape] = [Text(_MARGIN, _MARGIN + 12, title, _TITLE, "ink", is_bold=True)]
    for mark in x_scale.marks(_MARKS):
        x = x_scale.place(mark)
        shapes.append(Trace([Point(x, top), Point(x, bottom)], "grid"))
        shapes.append(Text(x, bottom + 16, number(mark), _SMALL, "muted", anchor="middle"))
    for mark in y_scale.marks(_MARKS):
        y = y_scale.place(mark)
        shapes.append(Trace([Point(left, y), Point(right, y)], "grid"))
        shapes.append(Text(left - 6, y + 4, number(mark), _SMALL, "muted", anchor="end"))
    shapes.append(Rect(left, top, _SIDE, _SIDE, "frame"))
    middle = (left + right) / 2
    shapes.append(Text(middle, bottom + 34, names[0], _SMALL, "ink", anchor="middle"))
    shapes.append(Text(_MARGIN, top - 8, names[1], _SMALL, "ink"))
    return shapes, x_scale, y_scale


def _spread(low: float, high: float) -> tuple[float, float]:
    spare = (high - low) * 0.04 if high > low else abs(low) * 0.1 or 0.5
    return low - spare, high + spare


def _picture(title: str, frame: Sequence[Shape], shapes: Sequence[Shape]) -> Picture:
    width = 2 * _MARGIN + _LEFT + _SIDE
    groups = [Group("axis", title, frame), Group("points", "", shapes)]
    return Picture(width, 2 * _MARGIN + 34 + _SIDE + 34, title, groups)
