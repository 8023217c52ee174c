"""Tests of graphnet.draw.png."""

import io
import sys

import pytest
from draw.test_svg import one
from PIL import Image

from graphnet.draw import png as png_module
from graphnet.draw.png import png
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


def test_a_huge_one_is_made_smaller(monkeypatch):
    """No picture takes all memory."""
    monkeypatch.setattr(png_module, "MOST_PIXELS", 60)
    assert max(Image.open(io.BytesIO(png(one()))).size) <= 60


def test_without_pillow(monkeypatch):
    """It says what to install, and what needs nothing."""
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(GraphnetError, match=r"a PNG file needs Pillow: pip install .*\[images\]"):
        png(one())
