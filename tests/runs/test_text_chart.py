"""Tests of graphnet.runs.text_chart."""

from math import nan

from hypothesis import given
from hypothesis import strategies as st

from graphnet.runs.text_chart import text_chart


def test_a_line():
    """From corner to corner, with the range on both axes."""
    assert text_chart([(0, 0), (1, 1), (2, 2)], width=14, height=3) == [
        "2 |          *",
        "  |     *",
        "0 |*",
        "  +-----------",
        "   0         2",
    ]


def test_nothing():
    """Is said."""
    assert text_chart([]) == text_chart([(0, nan)]) == ["(nothing recorded)"]


@given(
    st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=1),
    st.integers(30, 120),
    st.integers(2, 20),
)
def test_it_fits(points, width, height):
    """Whatever the values: no line is wider, and each column has a mark at most where it may."""
    lines = text_chart(sorted(points), width, height)
    assert len(lines) == height + 2
    assert max(map(len, lines)) <= width + 1
    assert "*" in "".join(lines[:height])
