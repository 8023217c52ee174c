"""Parts of a blob and borders round it, as layers: what several operators are put together of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from graphnet.interchange.onnx.graph.node_reader import NodeReader
from graphnet.interchange.onnx.graph.values import Value
from graphnet.interchange.onnx.operators.resizing import MOST_OF_MATRIX


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


def along(
    r: NodeReader, x: Value, axis: int, matrix: np.ndarray, more: np.ndarray | None = None
) -> Value:
    """A value multiplied by a matrix along one axis of a sample, by a layer that does not learn.

    Args:
        r: The node.
        x: The value.
        axis: Which.
        matrix: Of each place of the output what it is of those of the input.
        more: What is added to each place.
    """
    last = len(x.shape) - 1
    order = [*(a for a in range(1, last + 1) if a != axis), axis]
    turned = x if axis == last else r.layer("Permute", x, word="turned", axes=order)
    keys: dict[str, Any] = {"frozen": True, "output_dim": len(matrix)}
    keys |= {"axis": last} if last > 1 else {}
    has_more = more is not None and bool(more.any())
    keys |= {} if has_more else {"bias": False}
    y = r.layer("InnerProduct", turned, word=f"axis{axis}", **keys)
    r.fill("weight", matrix)
    if more is not None and has_more:
        r.fill("bias", more)
    if axis == last:
        return y
    back = [1 + order.index(a) for a in range(1, last + 1)]
    return r.layer("Permute", y, word="back", axes=back)


def taken(r: NodeReader, x: Value, axis: int, places: Sequence[int] | np.ndarray) -> Value:
    """Places along an axis of a sample, in any order: those that follow each other are cut out."""
    n, listed = x.shape[axis], [int(p) for p in places]
    if not listed or min(listed) < 0 or max(listed) >= n:
        r.refuse(f"takes places {listed[:3]} … of {n}")
    if listed == list(range(listed[0], listed[0] + len(listed))):
        return cut(r, x, {axis: (listed[0], listed[-1] + 1)})
    if n * len(listed) > MOST_OF_MATRIX:
        r.refuse(f"takes {len(listed):,} of {n:,} places that do not follow each other: too many")
    chosen = np.zeros((len(listed), n), np.float32)
    chosen[np.arange(len(listed)), listed] = 1
    return along(r, x, axis, chosen)
