"""Tests of graphnet.draw.png."""

import io
import sys

import pytest
from draw.test_svg import one
from PIL import Image

from graphnet.draw import png as png_module
from graphnet.draw.layered.layout import Point
from graphnet.draw.png import png
from graphnet.draw.shapes import Group, Picture, Trace
from graphnet.draw.theme import THEME
from graphnet.errors import GraphnetError


def test_a_picture():
    """Two pixels for a unit, the box in its colour, the page around it."""
    image = Image.open(io.BytesIO(png(one())))
    assert image.size == (100, 80)
    assert image.getpixel((98, 78)) == (255, 255, 255)
    fill = THEME["images"].light.fill
    assert image.getpixel((50, 38)) == tuple(int(fill[i : i + 2], 16) for i in (1, 3, 5))
    darkest, _ = image.crop((8, 8, 40, 30)).convert("L").getextrema()
    assert darkest < 90, "the text is not there"


def test_broken_lines():
    """Have gaps, also where a stroke ends just at a corner."""
    points = [Point(0, 5), Point(6, 5), Point(6, 5), Point(15, 5), Point(30.1, 5)]
    trace = Trace(points, "series0", dashes=(6, 3))
    image = Image.open(io.BytesIO(png(Picture(30, 10, "t", [Group("g", "", [trace])]))))
    row = [image.getpixel((x, 10))[0] < 200 for x in range(60)]
    assert [row[x] for x in (6, 15, 24, 33)] == [True, False, True, False]


def test_a_huge_one_is_made_smaller(monkeypatch):
    """No picture takes all memory."""
    monkeypatch.setattr(png_module, "MOST_PIXELS", 60)
    assert max(Image.open(io.BytesIO(png(one()))).size) <= 60


def test_without_pillow(monkeypatch):
    """It says what to install, and what needs nothing."""
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(GraphnetError, match=r"a PNG file needs Pillow: pip install .*\[images\]"):
        png(one())
