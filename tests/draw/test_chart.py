"""Tests of graphnet.draw.chart."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graphnet.draw.chart import AxisScale, Panel, Series, chart, log_marks, number, round_marks
from graphnet.draw.shapes import Rect, Text, Trace


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 9))
@example(low=5000.0, span=40041.0, n=2)  # no multiple of 50,000 lies within
def test_marks_are_round_and_within(low, span, n):
    """And about as many as were asked for."""
    marks = round_marks(low, low + span, n)
    assert 1 <= len(marks) <= 2.5 * n + 2
    slack = span * 1e-6 + 1e-9
    assert all(low - slack <= m <= low + span + slack for m in marks)


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (0.5, 60, [0.5, 1, 2, 5, 10, 20, 50]),
        (1e-6, 1, [1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1]),
        (1, 3e20, [1, 1e3, 1e6, 1e9, 1e12, 1e15, 1e18]),
    ],
)
def test_logarithmic_marks(low, high, marks):
    """Powers of ten, and what lies between where there are few."""
    found = log_marks(low, high)
    assert found == pytest.approx(marks)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.05, "0.05"), (1e-5, "1e-5"), (1234.5, "1,234"), (2.5e7, "2.5e7"), (-3, "-3")],
)
def test_numbers(value, text):
    """Short."""
    assert number(value) == text


def test_scales():
    """Linear and logarithmic, upward and downward."""
    assert AxisScale(0, 10, 100, 200).place(5) == 150
    assert AxisScale(1, 100, 200, 100, is_log=True).place(10) == pytest.approx(150)


@given(
    st.lists(
        st.tuples(st.floats(0, 1e6), st.floats(allow_nan=True, allow_infinity=True)), max_size=50
    )
)
def test_lines_lie_within_their_frames(points):
    """Whatever was measured."""
    picture = chart("t", [Panel("y", [Series("s", sorted(points, key=lambda p: p[0]))])], "x")
    for group in picture.groups:
        frames = [s for s in group.shapes if isinstance(s, Rect)]
        for shape in group.shapes:
            if frames and isinstance(shape, Trace) and shape.look.startswith("series"):
                frame = frames[0]
                for x, y in shape.points:
                    assert frame.x - 0.1 <= x <= frame.x + frame.width + 0.1
                    assert frame.y - 0.1 <= y <= frame.y + frame.height + 0.1


def test_a_wide_range_is_logarithmic():
    """Where all values are positive, and it was not refused."""
    points = [(0, 1e-6), (1, 1.0)]
    texts = {}
    for may_be_log in (True, False):
        picture = chart("t", [Panel("y", [Series("s", points)])], "x", may_be_log=may_be_log)
        texts[may_be_log] = {
            s.text for g in picture.groups for s in g.shapes if isinstance(s, Text)
        }
    assert "1e-5" in texts[True]
    assert "1e-5" not in texts[False]
