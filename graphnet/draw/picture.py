"""From a diagram to a picture: boxes with their texts, labels of blobs, edges, a legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from graphnet.draw.bars import moved
from graphnet.draw.diagram import BlobKey, Box, BoxKey, Diagram, DrawnBlob, DrawnBlock, kinds
from graphnet.draw.layered.layout import Layout, Point, Size, Spacing, layout
from graphnet.draw.shapes import Group, Line, Picture, Rect, Shape, Text
from graphnet.draw.text_width import shortened, text_width
from graphnet.draw.theme import HEATS, ROOMS

Vertex: TypeAlias = BoxKey | BlobKey

_MARGIN = 18.0
_NAME, _SMALL = 13.0, 11.0
_LINE, _PAD = 15.0, 10.0
#: No text in a box is wider.
_WIDEST = 230.0
#: From the boxes of a block to its frame.
_AROUND = 8.0
_SPACING = Spacing(rows=21, vertices=26, bends=14)


class Heat(NamedTuple):
    """What boxes are coloured by instead of their kind.

    Attributes:
        title: What it is, for the legend.
        parts: Of each box its part of the whole, in [0, 1].
        texts: Of each box its amount, in words.
    """

    title: str
    parts: Mapping[BoxKey, float]
    texts: Mapping[BoxKey, str]


def picture(diagram: Diagram, heat: Heat | None = None, docs: str = "") -> Picture:
    """The picture of a diagram.

    Args:
        diagram: What is drawn.
        heat: What boxes are coloured by. Default: their kind.
        docs: The address of the catalogue of layers, to which boxes lead; "" for no links.
    """
    faces = {key: _Face(box, heat) for key, box in diagram.boxes.items()}
    sizes: dict[Vertex, Size] = {key: face.size for key, face in faces.items()}
    sizes |= {key: _label_size(blob) for key, blob in diagram.blobs.items()}
    edges: list[tuple[Vertex, Vertex]] = []
    for blob_key, blob in diagram.blobs.items():
        edges += [(blob_key.producer, blob_key), *((blob_key, reader) for reader in blob.readers)]
    found = layout(sizes, edges, _SPACING)
    legend = _legend(diagram, heat)
    head = _LINE + 10
    groups = [
        moved(group, _MARGIN, _MARGIN + head) for group in _groups(diagram, faces, found, docs)
    ]
    width = max(found.size.width, _width_of(legend), text_width(diagram.title, 15, bold=True))
    foot = _MARGIN + head + found.size.height + 22
    groups.insert(0, Group("title", diagram.title, [_title(diagram)]))
    groups += [moved(Group("legend", "", legend), _MARGIN, foot)]
    return Picture(width + 2 * _MARGIN, foot + _LINE + _MARGIN, f"The net {diagram.title}", groups)


def _title(diagram: Diagram) -> Text:
    phases = "" if len(diagram.phases) > 1 else f"   phase {diagram.phases[0]}"
    return Text(_MARGIN, _MARGIN + 12, diagram.title + phases, 15, "ink", is_bold=True)


def _groups(
    diagram: Diagram, faces: Mapping[BoxKey, _Face], found: Layout[Vertex], docs: str
) -> list[Group]:
    """Edges, labels and boxes, placed."""
    groups = [
        Group("block", block.name, frame)
        for block in diagram.blocks
        if (frame := _frame(block, faces, found))
    ]
    for (source, target), points in found.lines.items():
        leads_to_box = isinstance(target, BoxKey)
        line = Line(points, "wire", has_arrow=leads_to_box)
        groups.append(Group("edge", f"{source.name} {target.name}", [line]))
    for blob_key, blob in diagram.blobs.items():
        groups.append(Group("blob", blob_key.name, _label(blob, found.centres[blob_key])))
    for key, face in faces.items():
        centre, size = found.centres[key], face.size
        corner = Point(centre.x - size.width / 2, centre.y - size.height / 2)
        link = f"{docs}#{face.box.type.lower()}" if docs and face.box.room != "own" else ""
        groups.append(Group("layer", key.name, face.shapes(corner), face.hint, link))
    return groups


def _frame(block: DrawnBlock, faces: Mapping[BoxKey, _Face], found: Layout[Vertex]) -> list[Shape]:
    """A frame around the boxes of a block; nothing if another box would stand in it."""
    areas = {key: _area(found.centres[key], face.size) for key, face in faces.items()}
    own = [areas[key] for key in block.boxes]
    if not own:
        return []
    left, top = min(a[0] for a in own) - _AROUND, min(a[1] for a in own) - _AROUND
    right, foot = max(a[2] for a in own) + _AROUND, max(a[3] for a in own) + _AROUND
    for key, (x, y, end, bottom) in areas.items():
        if key not in block.boxes and x < right and end > left and y < foot and bottom > top:
            return []
    rect = Rect(left, top, right - left, foot - top, "frame", radius=9, is_dashed=True)
    return [rect, Text(left + 6, foot + 13, block.text, _SMALL, "muted")]


def _area(centre: Point, size: Size) -> tuple[float, float, float, float]:
    """Left, top, right and foot of a box."""
    x, y = size.width / 2, size.height / 2
    return centre.x - x, centre.y - y, centre.x + x, centre.y + y


# --- labels -----------------------------------------------------------------------------


def _label_size(blob: DrawnBlob) -> Size:
    return Size(text_width(_label_text(blob), _SMALL) + 4, _LINE)


def _label_text(blob: DrawnBlob) -> str:
    return f"{_short_name(blob)}  {blob.shape}".rstrip()


def _short_name(blob: DrawnBlob) -> str:
    return shortened(blob.key.name, _WIDEST, _SMALL)


def _label(blob: DrawnBlob, centre: Point) -> list[Shape]:
    """The blob's name, and muted its shape."""
    name, foot = _short_name(blob), centre.y + 4
    if not blob.shape:
        return [Text(centre.x, foot, name, _SMALL, "ink", anchor="middle")]
    between = centre.x - _label_size(blob).width / 2 + text_width(name, _SMALL) + 4
    return [
        Text(between - 3, foot, name, _SMALL, "ink", anchor="end"),
        Text(between + 3, foot, blob.shape, _SMALL, "muted"),
    ]


# --- boxes ------------------------------------------------------------------------------


class _Face:
    """The texts of a box, and so its size."""

    def __init__(self, box: Box, heat: Heat | None) -> None:
        self.box = box
        self.look = box.room
        times = f"{box.times} ×" if box.times > 1 else None
        self.badges = [b for b in (box.key.phase, "frozen" if box.is_frozen else None, times) if b]
        kind = box.type + (f" · {box.n_params:,} params" if box.n_params else "")
        self.lines = [kind, *_wrapped(box.settings)]
        if box.shares_with:
            self.lines.append(f"params of {box.shares_with}")
        if heat is not None:
            part = heat.parts.get(box.key, 0.0)
            highest = max(heat.parts.values(), default=0.0) or 1.0
            self.look = f"heat{round((HEATS - 1) * part / highest)}"
            self.lines.append(heat.texts.get(box.key, ""))
        self.lines = [shortened(line, _WIDEST, _SMALL) for line in self.lines if line]
        self.folded = [shortened(line, _WIDEST, _SMALL) for line in box.folded]
        self.name = shortened(box.key.name, _WIDEST, _NAME, bold=True)

    @property
    def size(self) -> Size:
        badges = sum(_badge_width(badge) + 6 for badge in self.badges)
        texts = [text_width(line, _SMALL) for line in (*self.lines, *self.folded)]
        width = max([text_width(self.name, _NAME, bold=True) + badges, *texts, 60.0])
        height = _PAD + _LINE * (1 + len(self.lines) + len(self.folded)) + _PAD * 0.6
        if self.folded:
            height += 6
        return Size(round(width + 2 * _PAD), round(height))

    @property
    def hint(self) -> str:
        box = self.box
        facts = [f"{box.key.name}: {box.type}", box.summary]
        facts += [f"{box.n_params:,} params"] if box.n_params else []
        facts += [f"{box.macs:,} multiply-adds for a sample"] if box.macs else []
        facts += [*box.settings, *box.folded]
        return "\n".join(filter(None, facts))

    def shapes(self, corner: Point) -> list[Shape]:
        """The box with its upper left corner there."""
        (x, y), size, box = corner, self.size, self.box
        is_dashed = box.key.phase is not None
        shapes: list[Shape] = [
            Rect(x, y, size.width, size.height, self.look, radius=7, is_dashed=is_dashed)
        ]
        foot = y + _PAD + 10
        shapes.append(Text(x + _PAD, foot, self.name, _NAME, "ink", is_bold=True))
        right = x + size.width - 7
        for badge in self.badges:
            width = _badge_width(badge)
            shapes.append(Rect(right - width, foot - 11, width, 14, "badge", radius=7))
            shapes.append(Text(right - width / 2, foot - 1, badge, 9.5, "muted", anchor="middle"))
            right -= width + 4
        for line in self.lines:
            foot += _LINE
            shapes.append(Text(x + _PAD, foot, line, _SMALL, "muted"))
        if self.folded:
            rule = foot + 7
            ends = (Point(x, rule), Point(x + size.width, rule))
            shapes.append(Line(ends, "rule"))
            foot += 6
        for line in self.folded:
            foot += _LINE
            shapes.append(Text(x + _PAD, foot, line, _SMALL, "ink"))
        return shapes


def _badge_width(badge: str) -> float:
    return text_width(badge, 9.5) + 10


def _wrapped(settings: Sequence[str]) -> list[str]:
    """Settings side by side, as many to a line as there is room for."""
    lines: list[str] = []
    for setting in settings:
        joined = f"{lines[-1]} · {setting}" if lines else setting
        if lines and text_width(joined, _SMALL) <= _WIDEST * 0.8:
            lines[-1] = joined
        else:
            lines.append(setting)
    return lines


# --- the legend -------------------------------------------------------------------------


def _legend(diagram: Diagram, heat: Heat | None) -> list[Shape]:
    """What the colours mean, from the point (0, 0) on."""
    shapes: list[Shape] = []
    x = 0.0
    if heat is not None:
        for step in range(HEATS):
            shapes.append(Rect(x, 0, 14, 12, f"heat{step}"))
            x += 14
        shapes.append(Text(x + 6, 10, heat.title, _SMALL, "muted"))
        return shapes
    for room in kinds(diagram.boxes.values()):
        name = ROOMS.get(room, room)
        shapes.append(Rect(x, 0, 12, 12, room, radius=3))
        shapes.append(Text(x + 17, 10, name, _SMALL, "muted"))
        x += 17 + text_width(name, _SMALL) + 14
    return shapes


def _width_of(shapes: Sequence[Shape]) -> float:
    ends = [s.x + text_width(s.text, s.size) for s in shapes if isinstance(s, Text)]
    return max(ends, default=0)
