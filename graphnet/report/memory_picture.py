"""The memory plan as a picture: which array has which bytes of the arena, from call to call."""

from __future__ import annotations

from graphnet.amounts import bytes_text
from graphnet.draw.shapes import Group, Picture, Rect, Shape, Text
from graphnet.draw.text_width import shortened, text_width
from graphnet.net.compiled import CompiledNet
from graphnet.net.memory import DATA, DIFF, SCRATCH, Key, MemoryPlan

_MARGIN, _LEFT, _SMALL, _TITLE = 16.0, 76.0, 10.0, 15.0
_WIDTH, _HEIGHT = 640.0, 340.0
#: What each kind of array is called, and how it looks.
_KINDS = {
    DATA: ("values", "images"),
    DIFF: ("gradients", "neurons"),
    SCRATCH: ("scratch", "shape"),
}


def memory_picture(compiled: CompiledNet) -> Picture:
    """Calls from left to right, bytes from below; a box for each array while it matters.

    Arrays that are meant to share bytes, such as views, are one box.
    """
    plan = compiled.plan
    title = f"{bytes_text(plan.n_bytes)} for values, gradients and scratch of a step"
    n_calls = 2 * len(compiled.layers) + 1
    left, top = _MARGIN + _LEFT, _MARGIN + 52
    x_step, y_step = _WIDTH / n_calls, _HEIGHT / max(plan.n_bytes, 1)
    groups = [Group("title", title, _head(title, left, top, n_calls, plan.n_bytes))]
    groups.append(Group("legend", "", _legend(left, _MARGIN + 38)))
    for keys, lives, offset, n_bytes in _regions(plan):
        kind, names = keys[0][0], ", ".join(dict.fromkeys(map(_name, keys)))
        hint = f"{names}: {bytes_text(n_bytes)} of {_KINDS[kind][0]} at byte {offset:,}"
        shapes: list[Shape] = []
        for first, last in lives:
            x, width = left + first * x_step, (last - first + 1) * x_step
            height = n_bytes * y_step
            y = top + _HEIGHT - offset * y_step - height
            shapes.append(Rect(x, y, width, height, _KINDS[kind][1]))
            if height > _SMALL + 2 and text_width(names[:4], _SMALL) < width - 6:
                said = shortened(names, width - 6, _SMALL)
                shapes.append(Text(x + 3, y + height / 2 + 3.5, said, _SMALL, "ink"))
        groups.append(Group("array", names, shapes, hint))
    return Picture(left + _WIDTH + _MARGIN, top + _HEIGHT + 40 + _MARGIN, title, groups)


def _regions(plan: MemoryPlan) -> list[tuple[list[Key], list[tuple[int, int]], int, int]]:
    """The arrays of each region, its lives, offset and size; the largest first."""
    found: dict[int, list[Key]] = {}
    for key, region in plan.regions.items():
        found.setdefault(id(region), []).append(key)
    listed = [(keys, plan.regions[keys[0]]) for keys in found.values()]
    listed.sort(key=lambda pair: -pair[1].n_bytes)
    return [(keys, region.lives, region.offset, region.n_bytes) for keys, region in listed]


def _name(key: Key) -> str:
    of = str(key[1].name)
    return f"{of}/{key[2]}" if key[0] == SCRATCH else f"d {of}" if key[0] == DIFF else of


def _head(title: str, left: float, top: float, n_calls: int, n_bytes: int) -> list[Shape]:
    bottom = top + _HEIGHT
    middle = left + _WIDTH * (n_calls // 2) / n_calls
    return [
        Text(_MARGIN, _MARGIN + 12, title, _TITLE, "ink", is_bold=True),
        Rect(left, top, _WIDTH, _HEIGHT, "frame"),
        Text(left - 6, top + 10, bytes_text(n_bytes), _SMALL, "muted", anchor="end"),
        Text(left - 6, bottom, "0 B", _SMALL, "muted", anchor="end"),
        Text((left + middle) / 2, bottom + 16, "forward", _SMALL, "ink", anchor="middle"),
        Text((middle + left + _WIDTH) / 2, bottom + 16, "backward", _SMALL, "ink", anchor="middle"),
        Text(left + _WIDTH / 2, bottom + 34, "calls of layers", _SMALL, "muted", anchor="middle"),
    ]


def _legend(left: float, y: float) -> list[Shape]:
    shapes: list[Shape] = []
    for text, look in _KINDS.values():
        shapes += [Rect(left, y - 9, 12, 10, look), Text(left + 17, y, text, _SMALL, "ink")]
        left += 17 + text_width(text, _SMALL) + 18
    return shapes
