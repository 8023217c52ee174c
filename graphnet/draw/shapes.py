"""Shapes: what a picture consists of, whatever it is written as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from graphnet.draw.layered.layout import Point

Anchor: TypeAlias = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Rect:
    """A rectangle.

    Attributes:
        x: Of its left edge.
        y: Of its upper edge.
        width: Of it.
        height: Of it.
        look: A name in the theme.
        radius: Of its corners.
        is_dashed: Whether its outline is.
    """

    x: float
    y: float
    width: float
    height: float
    look: str
    radius: float = 0
    is_dashed: bool = False


@dataclass(frozen=True)
class Text:
    """A line of text, whose foot stands on ``y``."""

    x: float
    y: float
    text: str
    size: float
    look: str
    anchor: Anchor = "start"
    is_bold: bool = False


@dataclass(frozen=True)
class Line:
    """A line through points: straight from the first to the second, curved to the third, and so on.

    Attributes:
        points: An even number of them.
        look: A name in the theme.
        has_arrow: Whether it ends in an arrow.
    """

    points: Sequence[Point]
    look: str
    has_arrow: bool = False


@dataclass(frozen=True)
class Trace:
    """A line of straight pieces.

    Attributes:
        points: From one end to the other.
        look: A name in the theme.
        has_dots: Whether each point is marked.
        is_faint: Whether it only stands behind another.
        dashes: Lengths of strokes and gaps in turn; none for an unbroken line.
    """

    points: Sequence[Point]
    look: str
    has_dots: bool = False
    is_faint: bool = False
    dashes: tuple[float, ...] = ()


@dataclass(frozen=True)
class Pixels:
    """An array as a picture.

    Attributes:
        x: Of its left edge.
        y: Of its upper edge.
        width: Of it.
        height: Of it.
        values: ``(H, W)`` for grey or ``(H, W, 3)`` for colours, uint8.
    """

    x: float
    y: float
    width: float
    height: float
    values: np.ndarray


#: Whatever a group may consist of.
Shape: TypeAlias = Rect | Text | Line | Trace | Pixels


@dataclass(frozen=True)
class Group:
    """Shapes that belong together.

    Attributes:
        kind: ``layer``, ``blob`` or ``edge``.
        name: Of the layer or blob.
        shapes: What it consists of.
        hint: What a pointer that rests on it shows.
        link: Where a click leads.
    """

    kind: str
    name: str
    shapes: Sequence[Shape]
    hint: str = ""
    link: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture.

    Attributes:
        width: Of it.
        height: Of it.
        title: What it is of, for those who do not see it.
        groups: What is in it, from the back to the front.
    """

    width: float
    height: float
    title: str
    groups: Sequence[Group]
