"""Arrays in a grid."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from graphnet.draw.pixels import Thumbnail, as_bytes, grid, is_picture
from graphnet.draw.png import png
from graphnet.draw.shapes import Pixels
from graphnet.draw.svg import svg


def test_values_as_bytes():
    """From the darkest to the brightest; what is outside is cut off, NaN is black."""
    values = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, np.nan])
    assert as_bytes(values, 0, 2).tolist() == [0, 0, 128, 255, 255, 0]
    assert as_bytes(np.full(3, 4.0), 4, 4).tolist() == [128, 128, 128]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1, 28, 28), True),
        ((3, 2, 2), True),
        ((2, 8, 8), False),
        ((8, 8), False),
        ((1, 1, 9), False),
    ],
)
def test_what_is_a_picture(shape, expected):
    """Grey or colours, and more than a line."""
    assert is_picture(shape) == expected


def tiles(n, channels=1):
    values = np.random.default_rng(1).random((n, channels, 4, 6))
    return [Thumbnail(one, (f"is {i}", "not")) for i, one in enumerate(values)]


def test_a_grid_keeps_every_tile_and_its_lines():
    """None lies on another, all within the picture."""
    picture = grid("worst", tiles(25), side=60, width=300)
    boxes = [s for g in picture.groups for s in g.shapes if isinstance(s, Pixels)]
    assert len(boxes) == 25
    for i, a in enumerate(boxes):
        assert a.x + a.width <= picture.width
        assert a.y + a.height <= picture.height
        assert a.width / a.height == pytest.approx(6 / 4)
        for b in boxes[:i]:
            assert a.x >= b.x + b.width or b.x >= a.x + a.width or a.y >= b.y + b.height
    root = ET.fromstring(svg(picture))  # noqa: S314
    texts = {t.text for t in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {f"is {i}" for i in range(25)} <= texts


def test_the_svg_has_the_pixels_in_it():
    """As PNG; nothing is fetched from outside."""
    text = svg(grid("t", tiles(2, channels=3)))
    assert len(re.findall(r'href="data:image/png;base64,', text)) == 2
    assert len(re.findall(r"href=", text)) == 2


def test_the_png_has_the_pixels_at_their_place():
    """Black and white where the array has them."""
    image = pytest.importorskip("PIL.Image", reason="needs the extra images")
    values = np.zeros((1, 2, 2))
    values[0, 0, 1] = 1
    picture = grid("t", [Thumbnail(values)], side=64)
    drawn = image.open(io.BytesIO(png(picture))).convert("L")
    (box,) = [s for g in picture.groups for s in g.shapes if isinstance(s, Pixels)]
    at = [
        drawn.getpixel((round((box.x + box.width * x) * 2), round((box.y + box.height * y) * 2)))
        for x, y in ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75))
    ]
    assert at == [0, 255, 0, 0]


def test_an_empty_grid_is_a_title():
    """No division by the number of tiles."""
    assert grid("nothing", []).title == "nothing"
