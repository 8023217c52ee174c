"""A picture as PNG, drawn by Pillow in the light theme."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise
from math import hypot
from typing import Any

from graphnet.draw.layered.layout import Point
from graphnet.draw.shapes import Line, Picture, Pixels, Rect, Shape, Text, Trace
from graphnet.draw.svg import ARROW, DOT
from graphnet.draw.theme import THEME, Look, mixed
from graphnet.errors import GraphnetError
from graphnet.installation import pip_install

#: Pixels for a unit of the picture, and how many times finer it is drawn before it is made smaller.
SCALE, _FINER = 2, 2
#: The most pixels along either side; larger pictures are made smaller.
MOST_PIXELS = 16_000
#: What Pillow's own font lacks, and what says the same.
_LIKE = str.maketrans({"×": "x", "…": "..."})
#: Into how many straight pieces a curve is cut.
_PIECES = 16


def png(picture: Picture) -> bytes:
    """The picture as the bytes of a PNG file.

    Raises:
        GraphnetError: If Pillow is not installed.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise GraphnetError(
            f"a PNG file needs Pillow: {pip_install('images')}\n  an SVG file needs nothing"
        ) from error
    scale = min(SCALE, MOST_PIXELS / max(picture.width, picture.height)) * _FINER
    size = (round(picture.width * scale), round(picture.height * scale))
    image = Image.new("RGB", size, THEME["page"].light.fill)
    pen = _Pen(image, ImageDraw.Draw(image), scale)
    for group in picture.groups:
        for shape in group.shapes:
            pen.draw(shape)
    image = image.resize((size[0] // _FINER, size[1] // _FINER), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


class _Pen:
    """Draws shapes onto an image."""

    def __init__(self, image: Any, draw: Any, scale: float) -> None:
        self._image, self._draw, self._scale = image, draw, scale

    def draw(self, shape: Shape) -> None:
        if isinstance(shape, Pixels):
            self._pixels(shape)
            return
        look = THEME[shape.look].light
        if isinstance(shape, Rect):
            self._rect(shape, look)
        elif isinstance(shape, Text):
            self._text(shape, look)
        elif isinstance(shape, Trace):
            self._trace(shape, look)
        else:
            self._line(shape, look)

    def _pixels(self, pixels: Pixels) -> None:
        from PIL import Image

        s = self._scale
        size = (round(pixels.width * s), round(pixels.height * s))
        small = Image.fromarray(pixels.values)
        made = small.resize(size, Image.Resampling.NEAREST)
        self._image.paste(made, (round(pixels.x * s), round(pixels.y * s)))

    def _rect(self, rect: Rect, look: Look) -> None:
        s = self._scale
        corners = (rect.x * s, rect.y * s, (rect.x + rect.width) * s, (rect.y + rect.height) * s)
        width = max(1, round(look.stroke_width * s)) if look.stroke else 0
        outline = None if rect.is_dashed else look.stroke or None
        self._draw.rounded_rectangle(
            corners, rect.radius * s, look.fill or None, outline, width=width if outline else 0
        )
        if rect.is_dashed and look.stroke:
            self._dashes(rect, look.stroke, width)

    def _dashes(self, rect: Rect, colour: str, width: int) -> None:
        """Short pieces along the outline."""
        s, r = self._scale, rect.radius
        sides = [
            (Point(rect.x + r, rect.y), Point(rect.x + rect.width - r, rect.y)),
            (
                Point(rect.x + rect.width, rect.y + r),
                Point(rect.x + rect.width, rect.y + rect.height - r),
            ),
            (
                Point(rect.x + r, rect.y + rect.height),
                Point(rect.x + rect.width - r, rect.y + rect.height),
            ),
            (Point(rect.x, rect.y + r), Point(rect.x, rect.y + rect.height - r)),
        ]
        for side in sides:
            self._strokes(side, colour, width, (5, 3))
        for x, y, start in (
            (rect.x, rect.y, 180),
            (rect.x + rect.width - 2 * r, rect.y, 270),
            (rect.x + rect.width - 2 * r, rect.y + rect.height - 2 * r, 0),
            (rect.x, rect.y + rect.height - 2 * r, 90),
        ):
            box = (x * s, y * s, (x + 2 * r) * s, (y + 2 * r) * s)
            self._draw.arc(box, start, start + 90, colour, width)

    def _strokes(
        self, points: Sequence[Point], colour: str, width: int, dashes: Sequence[float]
    ) -> None:
        """A broken line: strokes and gaps of these lengths in turn, round corners too."""
        s, i, left = self._scale, 0, dashes[0]
        for a, b in pairwise(points):
            length, at = hypot(b.x - a.x, b.y - a.y), 0.0
            while at < length:
                end = min(length, at + left)
                if i % 2 == 0:
                    parts = (at / length, end / length)
                    ends = [
                        ((a.x + (b.x - a.x) * t) * s, (a.y + (b.y - a.y) * t) * s) for t in parts
                    ]
                    self._draw.line(ends, colour, width)
                left -= end - at
                at = end
                if left < 1e-6:  # noqa: PLR2004  # what is left by rounding
                    i = (i + 1) % len(dashes)
                    left = dashes[i]

    def _text(self, text: Text, look: Look) -> None:
        from PIL import ImageFont

        font = ImageFont.load_default(text.size * self._scale)
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[text.anchor]
        weight = round(0.25 * self._scale) if text.is_bold else 0
        place = (text.x * self._scale, text.y * self._scale)
        self._draw.text(
            place,
            text.text.translate(_LIKE),
            look.fill,
            font,
            anchor,
            stroke_width=weight,
            stroke_fill=look.fill,
        )

    def _trace(self, trace: Trace, look: Look) -> None:
        s = self._scale
        colour = (
            mixed(look.stroke, THEME["page"].light.fill, 0.7) if trace.is_faint else look.stroke
        )
        points = [(p.x * s, p.y * s) for p in trace.points]
        width = max(1, round(look.stroke_width * s))
        if trace.dashes:
            self._strokes(trace.points, colour, width, trace.dashes)
        elif len(points) > 1:
            self._draw.line(points, colour, width, "curve")
        for x, y in points if trace.has_dots else ():
            self._draw.ellipse((x - DOT * s, y - DOT * s, x + DOT * s, y + DOT * s), colour)

    def _line(self, line: Line, look: Look) -> None:
        s = self._scale
        points = [(p.x * s, p.y * s) for p in _flattened(line.points)]
        self._draw.line(points, look.stroke, max(1, round(look.stroke_width * s)), "curve")
        if line.has_arrow:
            (x, y), (length, half) = line.points[-1], ARROW
            tip = [(x, y), (x - half, y - length), (x + half, y - length)]
            self._draw.polygon([(a * s, b * s) for a, b in tip], fill=look.stroke)


def _flattened(points: Sequence[Point]) -> list[Point]:
    """A line of straight pieces: between rows along the curve that SVG draws."""
    found = [points[0]]
    for i, (a, b) in enumerate(pairwise(points)):
        if i % 2 == 0:
            found.append(b)
            continue
        middle = (a.y + b.y) / 2
        for step in range(1, _PIECES + 1):
            t = step / _PIECES
            u = 1 - t
            x = u**3 * a.x + 3 * u * u * t * a.x + 3 * u * t * t * b.x + t**3 * b.x
            y = u**3 * a.y + 3 * u * u * t * middle + 3 * u * t * t * middle + t**3 * b.y
            found.append(Point(x, y))
    return found
