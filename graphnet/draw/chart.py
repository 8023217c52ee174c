"""Charts of lines: panels one above the other over one x axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

from graphnet.draw.layered.layout import Point
from graphnet.draw.shapes import Group, Picture, Rect, Shape, Text, Trace
from graphnet.draw.text_width import shortened, text_width
from graphnet.draw.theme import N_SERIES

_SMALL, _TITLE = 11.0, 13.0
_MARGIN, _LEFT, _LINE = 18.0, 56.0, 16.0
_WIDTH = 640.0
#: About so far apart are the marks of an axis.
_X_MARKS, _Y_MARKS = 90.0, 42.0
#: Greater values are as good as infinite.
_MOST = 1e300
#: Values that differ by more than this factor are shown on a logarithmic scale.
_WIDE = 300.0
_DASHES: tuple[tuple[float, ...], ...] = ((), (6, 3), (2, 3), (9, 3, 2, 3))
#: Where the lowest is less than this, the scale is linear.
_LEAST = 1e-30


@dataclass(frozen=True)
class Series:
    """A line of a chart.

    Attributes:
        name: What the legend calls it; "" to leave it out there.
        points: ``(x, y)``, x ascending. A y that is not finite is a gap.
        colour: Of the theme's series.
        is_faint: Whether it only stands behind another.
        has_dots: Whether each point is marked.
    """

    name: str
    points: Sequence[tuple[float, float]]
    colour: int = 0
    is_faint: bool = False
    has_dots: bool = False


@dataclass(frozen=True)
class Panel:
    """A part of a chart with its own y axis.

    Attributes:
        title: Of its y axis.
        series: What it shows.
        height: Of its plot.
    """

    title: str
    series: Sequence[Series]
    height: float = 190.0


@dataclass(frozen=True)
class AxisScale:
    """Where values lie along an axis.

    Attributes:
        low: The least value.
        high: The greatest; more than ``low``.
        start: The place of ``low``.
        end: The place of ``high``.
        is_log: Whether equal factors are equally far apart.
    """

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def place(self, value: float) -> float:
        """Of a value between ``low`` and ``high``."""
        if self.is_log:
            part = log10(value / self.low) / log10(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)

    def marks(self, apart: float) -> list[float]:
        """Round values about so far apart."""
        n = max(2, abs(self.end - self.start) / apart)
        if self.is_log:
            return log_marks(self.low, self.high)
        return round_marks(self.low, self.high, n)


def round_marks(low: float, high: float, n: float) -> list[float]:
    """The multiples of 1, 2 or 5 times a power of ten between two values, about ``n`` of them."""
    rough = (high - low) / n
    power = 10.0 ** floor(log10(rough))
    # a step larger than the range may miss it: then the next smaller one
    steps = [f * power for f in (10, 5, 2, 1) if f * power <= high - low]
    step = next((s for s in reversed(steps) if s >= rough * 0.999), steps[0])
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def log_marks(low: float, high: float) -> list[float]:
    """The powers of ten between two values; also 2 and 5 times them where there are few."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    factors = (1, 2, 5) if log10(high / low) <= 3 else (1,)  # noqa: PLR2004  # some nine at most
    marks = [f * 10.0**p for p in powers for f in factors]
    within = [m for m in marks if low * 0.999 <= m <= high * 1.001]
    return within[:: ceil(len(within) / 9) or 1]


def number(value: float) -> str:
    """A number as an axis shows it."""
    size = abs(value)
    if size >= 1e6 or (0 < size < 1e-3):  # noqa: PLR2004
        mantissa, _, exponent = f"{value:.3g}".partition("e")
        return f"{mantissa}e{int(exponent)}" if exponent else f"{value:g}"
    return f"{value:,.0f}" if size >= 1000 else f"{value:.4g}"  # noqa: PLR2004


def chart(title: str, panels: Sequence[Panel], x_title: str, *, may_be_log: bool = True) -> Picture:
    """A picture of panels over one x axis.

    Args:
        title: Above it all.
        panels: From the top; those without a finite value are left out.
        x_title: What x is.
        may_be_log: Whether a y axis is logarithmic where positive values differ widely.
    """
    shown = [p for p in panels if any(_finite(s.points) for s in p.series)]
    xs = [x for p in shown for s in p.series for x, _ in _finite(s.points)]
    low, high = min(xs, default=0.0), max(xs, default=1.0)
    left, right = _MARGIN + _LEFT, _MARGIN + _LEFT + _WIDTH
    x_scale = AxisScale(low, high if high > low else low + 1, left, right)
    y = _MARGIN + 14
    heading = shortened(title, right - _MARGIN, 15, bold=True)
    groups = [Group("title", title, [Text(_MARGIN, y, heading, 15, "ink", is_bold=True)])]
    y += 14
    legend, y = _legend(shown, left, y, right)
    groups.append(Group("legend", "", legend))
    for panel in shown:
        y += 24
        groups.append(Group("panel", panel.title, _panel(panel, x_scale, y, may_be_log)))
        y += panel.height
    if not shown:
        groups.append(
            Group("panel", "", [Text(left, y + 30, "nothing recorded yet", _TITLE, "muted")])
        )
        y += 60
    marks = [
        Text(x_scale.place(x), y + 16, number(x), _SMALL, "muted", anchor="middle")
        for x in x_scale.marks(_X_MARKS)
    ]
    middle = (left + right) / 2
    name = Text(middle, y + 34, x_title, _SMALL, "ink", anchor="middle")
    groups.append(Group("axis", x_title, [*marks, name]))
    return Picture(right + 1.6 * _MARGIN, y + 34 + _MARGIN, title, groups)


def _finite(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(x, y) for x, y in points if isfinite(x) and _is_shown(y)]


def _is_shown(y: float) -> bool:
    """Whether it is a number that an axis can be made for."""
    return abs(y) < _MOST


def _legend(
    panels: Sequence[Panel], left: float, y: float, right: float
) -> tuple[list[Shape], float]:
    """The names of the series, each once, in lines; and where they end."""
    named = {s.name: s for p in panels for s in p.series if s.name and not s.is_faint}
    shapes: list[Shape] = []
    if len(named) < 2:  # noqa: PLR2004  # one needs no name
        return shapes, y
    x, foot = left, y + 12
    for text, series in named.items():
        name = shortened(text, right - left - 30, _SMALL)
        width = 24 + text_width(name, _SMALL) + 16
        if x > left and x + width > right:
            x, foot = left, foot + _LINE
        ends = [Point(x, foot - 4), Point(x + 18, foot - 4)]
        shapes += [
            Trace(ends, _look(series), series.has_dots, dashes=_dashes(series)),
            Text(x + 24, foot, name, _SMALL, "ink"),
        ]
        x += width
    return shapes, foot


def _look(series: Series) -> str:
    return f"series{series.colour % N_SERIES}"


def _dashes(series: Series) -> tuple[float, ...]:
    """Lines of one colour are told apart by their strokes."""
    return _DASHES[series.colour // N_SERIES % len(_DASHES)]


def _panel(panel: Panel, x_scale: AxisScale, top: float, may_be_log: bool) -> list[Shape]:
    """Grid, marks, lines."""
    bottom = top + panel.height
    ys = [y for s in panel.series for _, y in _finite(s.points)]
    scale = _y_scale(ys, top, bottom, may_be_log=may_be_log)
    left, right = x_scale.start, x_scale.end
    shapes: list[Shape] = [Text(_MARGIN, top - 8, panel.title, _TITLE, "ink", is_bold=True)]
    for mark in scale.marks(_Y_MARKS):
        y = scale.place(mark)
        shapes.append(Trace([Point(left, y), Point(right, y)], "grid"))
        shapes.append(Text(left - 6, y + 4, number(mark), _SMALL, "muted", anchor="end"))
    for mark in x_scale.marks(_X_MARKS):
        x = x_scale.place(mark)
        shapes.append(Trace([Point(x, top), Point(x, bottom)], "grid"))
    shapes.append(Rect(left, top, right - left, panel.height, "frame"))
    for series in sorted(panel.series, key=lambda s: not s.is_faint):
        for piece in _pieces(series.points):
            points = [Point(x_scale.place(x), scale.place(y)) for x, y in piece]
            has_dots = series.has_dots or len(points) == 1
            look, dashes = _look(series), _dashes(series)
            shapes.append(Trace(points, look, has_dots, series.is_faint, dashes))
    return shapes


def _y_scale(ys: Sequence[float], top: float, bottom: float, *, may_be_log: bool) -> AxisScale:
    low, high = min(ys), max(ys)
    if may_be_log and low > _LEAST and high / low > _WIDE:
        return AxisScale(low / 1.2, high * 1.2, bottom, top, is_log=True)
    size = max(abs(low), abs(high))
    spare = max((high - low) * 0.06, size * 1e-6) if high > low else size * 0.1 or 0.1
    least = 0.0 if low >= 0 and low - spare < 0 else low - spare
    return AxisScale(least, high + spare, bottom, top)


def _pieces(points: Sequence[tuple[float, float]]) -> Iterable[list[tuple[float, float]]]:
    """The runs of points without a gap."""
    piece: list[tuple[float, float]] = []
    for x, y in points:
        if _is_shown(y):
            piece.append((x, y))
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece
