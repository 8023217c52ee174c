"""Nets as notebooks show them: the picture, on the notebook's own background."""

from __future__ import annotations

from graphnet.draw.diagram import diagram
from graphnet.draw.picture import picture
from graphnet.draw.svg import svg
from graphnet.net.compiled import CompiledNet


def net_html(compiled: CompiledNet) -> str:
    """HTML that shows a net; a wide one can be moved to the side."""
    return f'<div style="overflow-x:auto">{svg(picture(diagram([compiled])))}</div>'
