"""A picture as SVG: text that can be selected, light and dark as the reader has it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from html import escape
from itertools import pairwise

from graphnet.draw.layered.layout import Point
from graphnet.draw.shapes import Group, Line, Picture, Pixels, Rect, Shape, Text, Trace
from graphnet.draw.theme import THEME, Look
from graphnet.files.image_file import png_of

FONTS = "Helvetica, Arial, 'Liberation Sans', sans-serif"
#: How long and how half as wide an arrow is.
ARROW = (7.0, 3.2)
#: Half as wide as a point of a chart.
DOT = 1.6


def svg(picture: Picture, *, has_background: bool = True, has_style: bool = True) -> str:
    """The picture as the text of an SVG file.

    Args:
        picture: What it shows.
        has_background: Whether it brings its own background; without, it lies on the page's.
        has_style: Whether it brings its colours; without, a page has :func:`style` once for all.
    """
    size = f'width="{_n(picture.width)}" height="{_n(picture.height)}"'
    box = f'viewBox="0 0 {_n(picture.width)} {_n(picture.height)}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graphnet" {size} {box} role="img">',
        f"<title>{_text(picture.title)}</title>",
    ]
    if has_style:
        lines.append(f"<style>{style()}</style>")
    if has_background:
        lines.append('<rect class="page" width="100%" height="100%"/>')
    for group in picture.groups:
        lines += _group(group)
    return "\n".join([*lines, "</svg>", ""])


def style() -> str:
    """The colours of all looks, light and dark, as CSS."""
    rules = [f".graphnet text{{font-family:{FONTS};white-space:pre}}"]
    rules += [".graphnet .layer a:hover rect:first-of-type{stroke-width:2.4}"]
    rules += [_rule(name, both.light) for name, both in THEME.items()]
    dark = "".join(_rule(name, both.dark) for name, both in THEME.items())
    return "".join([*rules, f"@media (prefers-color-scheme:dark){{{dark}}}"])


def _rule(name: str, look: Look) -> str:
    parts = [f"fill:{look.fill or 'none'}"]
    if look.stroke:
        parts += [f"stroke:{look.stroke}", f"stroke-width:{look.stroke_width:g}"]
    arrow = f".graphnet .{name}-arrow{{fill:{look.stroke}}}" if name == "wire" else ""
    return f".graphnet .{name}{{{';'.join(parts)}}}{arrow}"


def _group(group: Group) -> Iterator[str]:
    name = f' data-name="{_attribute(group.name)}"' if group.name else ""
    yield f'<g class="{group.kind}"{name}>'
    if group.hint:
        yield f"<title>{_text(group.hint)}</title>"
    if group.link:
        yield f'<a href="{_attribute(group.link)}">'
    for shape in group.shapes:
        yield from _shape(shape)
    if group.link:
        yield "</a>"
    yield "</g>"


def _shape(shape: Shape) -> Iterator[str]:
    if isinstance(shape, Rect):
        place = f'x="{_n(shape.x)}" y="{_n(shape.y)}"'
        size = f'width="{_n(shape.width)}" height="{_n(shape.height)}"'
        radius = f' rx="{_n(shape.radius)}"' if shape.radius else ""
        dashed = ' stroke-dasharray="5 3"' if shape.is_dashed else ""
        yield f'<rect class="{shape.look}" {place} {size}{radius}{dashed}/>'
    elif isinstance(shape, Text):
        anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
        bold = ' font-weight="bold"' if shape.is_bold else ""
        place = f'x="{_n(shape.x)}" y="{_n(shape.y)}"'
        yield (
            f'<text class="{shape.look}" {place} font-size="{_n(shape.size)}"{anchor}{bold}>'
            f"{_text(shape.text)}</text>"
        )
    elif isinstance(shape, Trace):
        faint = ' opacity="0.3"' if shape.is_faint else ""
        places = " ".join(f"{_n(p.x)},{_n(p.y)}" for p in shape.points)
        dashes = " ".join(map(_n, shape.dashes))
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        yield f'<polyline class="{shape.look}"{faint}{dashed} points="{places}"/>'
        for point in shape.points if shape.has_dots else ():
            at = f'cx="{_n(point.x)}" cy="{_n(point.y)}"'
            yield f'<circle class="{shape.look}" {at} r="{_n(DOT)}"/>'
    elif isinstance(shape, Pixels):
        place = f'x="{_n(shape.x)}" y="{_n(shape.y)}"'
        size = f'width="{_n(shape.width)}" height="{_n(shape.height)}"'
        data = b64encode(png_of(shape.values)).decode("ascii")
        how = 'preserveAspectRatio="none" style="image-rendering:pixelated"'
        yield f'<image {place} {size} {how} href="data:image/png;base64,{data}"/>'
    else:
        yield f'<path class="{shape.look}" d="{_path(shape)}"/>'
        if shape.has_arrow:
            yield f'<path class="{shape.look}-arrow" d="{_arrow(shape.points[-1])}"/>'


def _path(line: Line) -> str:
    """Straight through a row, and between rows a curve that leaves and arrives upright."""
    points = list(line.points)
    if line.has_arrow:
        points[-1] = Point(points[-1].x, points[-1].y - ARROW[0] + 1)
    parts = [f"M{_n(points[0].x)} {_n(points[0].y)}"]
    for i, (a, b) in enumerate(pairwise(points)):
        if i % 2 == 0 or abs(a.x - b.x) < 0.5:  # noqa: PLR2004  # half a pixel is straight
            parts.append(f"L{_n(b.x)} {_n(b.y)}")
        else:
            middle = (a.y + b.y) / 2
            parts.append(f"C{_n(a.x)} {_n(middle)} {_n(b.x)} {_n(middle)} {_n(b.x)} {_n(b.y)}")
    return "".join(parts)


def _arrow(tip: Point) -> str:
    length, half = ARROW
    return (
        f"M{_n(tip.x)} {_n(tip.y)}L{_n(tip.x - half)} {_n(tip.y - length)}"
        f"L{_n(tip.x + half)} {_n(tip.y - length)}Z"
    )


def _n(value: float) -> str:
    """A number as short as it can be."""
    return f"{value:.1f}".removesuffix(".0")


def _text(text: str) -> str:
    """Text as XML can hold it."""
    return escape(_printable(text, "\n"), quote=False)


def _attribute(text: str) -> str:
    return escape(_printable(text))


def _printable(text: str, also: str = "") -> str:
    return "".join(c if c.isprintable() or c in also else "\ufffd" for c in text)
