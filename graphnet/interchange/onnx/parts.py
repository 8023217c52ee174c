"""Parts of a blob and borders round it, as layers: what several operators are put together of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from graphnet.interchange.onnx.node_reader import NodeReader
from graphnet.interchange.onnx.values import Value


def rename_top(r: NodeReader, y: Value, out: int = 0) -> None:
    """Let the top of the last layer be an output of the node."""
    name = r.outputs[out]
    if not name:
        r.give(y, out)
        return
    layer = r.made.layers[r.own[-1]]
    layer["tops"] = [name if top == y.blob else top for top in layer["tops"]]
    r.made.shapes[name] = y.shape
    r.made.blobs.add(name)
    r.give(Value.plain(name, y.shape), out)


def cut(r: NodeReader, x: Value, parts: Mapping[int, tuple[int, int]]) -> Value:
    """The part of a blob that lies from one place to another along some axes."""
    for axis, (start, stop) in parts.items():
        n = x.shape[axis]
        if not 0 <= start < stop <= n:
            r.refuse(f"keeps nothing of axis {axis}: places {start} to {stop} of {n}")
        if (start, stop) == (0, n):
            continue
        points = [p for p in (start, stop) if 0 < p < n]
        names = [r.made.fresh_blob(f"{r.name}.part") for _ in range(len(points) + 1)]
        kept = 1 if start else 0
        r.layer("Slice", x, word="cut", tops=names, axis=axis, slice_points=points)
        shapes = r.made.shapes
        unused = [Value.plain(b, shapes[b]) for i, b in enumerate(names) if i != kept]
        silence(r, unused)
        x = Value.plain(names[kept], shapes[names[kept]])
        r.own.append(r.own.pop(-2))  # the layer whose top it is comes last
    return x


def silence(r: NodeReader, unused: Sequence[Value]) -> None:
    """Blobs that nobody reads, so that they are no outputs of the net."""
    name = r.made.fresh_layer(f"{r.name}.unused")
    r.made.layers[name] = {"name": name, "type": "Silence", "bottoms": [v.blob for v in unused]}
    r.own.append(name)


def padded(r: NodeReader, x: Value, pads: Mapping[int, Sequence[int]], mode: str = "zero") -> Value:
    """A value with a border along axes of a sample, by their numbers: ``(before, behind)``.

    Pad does images: the last two axes in one go, any other as the rows of images.
    """
    last, none = len(x.shape) - 1, (0, 0)
    if not any(any(both) for both in pads.values()):
        return x
    if last == 1:  # a row
        row = padded(r, r.reshaped(x, [1, x.shape[1]], word="row"), {2: pads.get(1, none)}, mode)
        return r.reshaped(row, [row.shape[2]], word="padded")
    keys: dict[str, Any] = {"mode": mode} if mode != "zero" else {}
    for axis in range(1, last):
        here, more = pads.get(axis, none), pads.get(last, none) if axis == last - 1 else none
        if not any((*here, *more)):
            continue
        sample = list(x.shape[1:])
        plane = [prod(sample[: axis - 1]), sample[axis - 1], prod(sample[axis:])]
        image = r.reshaped(x, plane, word="image")
        made = r.layer("Pad", image, word="pad", pad=[*here, *more], **keys)
        sample[axis - 1] += sum(here)
        sample[-1] += sum(more)
        x = r.reshaped(made, sample, word="padded")
    return x
