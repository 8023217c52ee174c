"""A picture as a page of its own: the SVG, at its size, on the reader's own light or dark page."""

from __future__ import annotations

from html import escape

from graphnet.draw.shapes import Picture
from graphnet.draw.svg import svg
from graphnet.draw.theme import THEME


def html(picture: Picture) -> str:
    """The picture as the text of an HTML file."""
    light, dark = THEME["page"].light.fill, THEME["page"].dark.fill
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(picture.title)}</title>
<style>
body{{margin:0;padding:1rem;background:{light}}}
svg{{display:block;margin:auto;max-width:100%;height:auto}}
@media (prefers-color-scheme:dark){{body{{background:{dark}}}}}
</style>
</head>
<body>
{svg(picture, has_background=False)}</body>
</html>
"""
