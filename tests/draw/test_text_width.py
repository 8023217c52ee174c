"""Tests of graphnet.draw.text_width."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphnet.draw.text_width import shortened, text_width


def test_widths_grow_with_text_size_and_weight():
    """And are those of Helvetica with a tenth to spare."""
    assert text_width("", 12) == 0
    assert text_width("iiii", 12) < text_width("mmmm", 12)
    assert text_width("conv1", 24) == pytest.approx(2 * text_width("conv1", 12))
    assert text_width("conv1", 12, bold=True) > text_width("conv1", 12)
    assert text_width("0", 1000) == pytest.approx(556, rel=0.13)
    assert text_width("漢", 10) > text_width("x", 10)
    assert text_width("e\u0301", 10) == text_width("e", 10)


@given(st.text(), st.floats(20, 200))
def test_a_shortened_text_fits(text, width):
    """And begins as the text does."""
    short = shortened(text, width, 11)
    assert text_width(short, 11) <= width
    assert short == text or short.endswith("…")
    assert text.startswith(short.removesuffix("…"))
