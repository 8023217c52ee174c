"""Operators that put numbers elsewhere, and those that sum axes up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np

from graphnet.interchange.onnx.graph.constants import (
    MOST,
    axes_of,
    counted,
    new_shape,
    slice_parts,
    unsqueezed,
)
from graphnet.interchange.onnx.graph.node_reader import FromOnnx, NodeReader
from graphnet.interchange.onnx.graph.values import Value
from graphnet.interchange.onnx.operators.parts import cut, rename_top, silence, taken
from graphnet.interchange.onnx.operators.windows import WHOLE


def _constants(r: NodeReader) -> list[np.ndarray | None]:
    """The inputs behind the first, as constants."""
    for i in range(1, len(r.inputs)):
        if r.has(i):
            r.constant(i, f"input {i}")
    return [None, *(x if isinstance(x, np.ndarray) else None for x in r.inputs[1:])]


def _as(r: NodeReader, x: Value, shape: Sequence[int]) -> None:
    """The output: the blob in another shape, its batch axis the same."""
    if not shape or shape[0] != x.shape[0] or prod(shape) != prod(x.shape):
        r.refuse(
            f"sees a value of shape {list(x.shape)} as {list(shape)}: the batch axis does not stay"
        )
    r.reshaped(x, shape[1:], word="", out=0)


def _flatten(r: NodeReader) -> None:
    x = r.value(0)
    axis = r.attributes.whole("axis", 1)
    at = axis if axis == len(x.shape) else counted(axis, len(x.shape))
    if at == 1 and len(x.shape) > 2:  # noqa: PLR2004  # else there is nothing to join
        r.layer("Flatten", x, out=0)
    else:
        _as(r, x, (prod(x.shape[:at]), prod(x.shape[at:])))


def _reshape(r: NodeReader) -> None:
    target = r.wholes(1, "shape")
    allow = bool(r.attributes.whole("allowzero", 0))
    x = r.raw(0)
    shape = new_shape(target, x.logical, allow_zero=allow)
    if not x.is_plain and [n for n in shape if n != 1] == [n for n in x.logical if n != 1]:
        fitted = _fitted(x, shape)
        if fitted is not None:
            r.give(fitted)
            return
    _as(r, r.value(0), shape)


def _fitted(x: Value, shape: Sequence[int]) -> Value | None:
    """A value that is turned round, with other axes of size 1; None if one of the blob's goes."""
    kept = iter([a for a in x.axes if a is not None and x.shape[a] != 1])
    if any(x.shape[a] == 1 for a in range(len(x.shape))):
        return None
    axes = tuple(None if n == 1 else next(kept) for n in shape)
    return Value(x.blob, x.shape, axes, x.kind, x.source)


def _squeeze(r: NodeReader) -> None:
    x = r.raw(0)
    axes = axes_of(_constants(r), r.attributes, len(x.axes))
    if axes is None:
        axes = [i for i, n in enumerate(x.logical) if n == 1]
    if any(x.logical[axis] != 1 for axis in axes):
        r.refuse(f"takes axes {axes} away from a value of shape {list(x.logical)}")
    seen = x.squeezed(axes)
    if seen is not None:
        r.give(seen)
        return
    plain = r.value(0)
    for axis in axes:
        r.not_batch(axis)
    _as(r, plain, [n for i, n in enumerate(plain.shape) if i not in axes])


def _unsqueeze(r: NodeReader) -> None:
    x = r.raw(0)
    given = r.attributes.wholes("axes")
    if given is None:
        given = r.wholes(1, "axes")
    rank = len(x.axes) + len(given)
    axes = [counted(axis, rank) for axis in given]
    if len(set(axes)) < len(axes):
        r.refuse(f"has axes {given}")
    if not x.is_plain or 0 in axes:
        r.give(x.unsqueezed(axes))
        return
    _as(r, x, unsqueezed(x.shape, axes, 1))


def _transpose(r: NodeReader) -> None:
    x = r.raw(0)
    order = r.attributes.wholes("perm")
    r.give(x.transposed(order if order is not None else range(len(x.axes))[::-1]))


def _concat(r: NodeReader) -> None:
    blobs = [r.value(i) for i in range(len(r.inputs))]
    axis = r.not_batch(counted(r.attributes.whole("axis", 1), len(blobs[0].shape)))
    if len(blobs) == 1:
        r.give(blobs[0])
    else:
        r.layer("Concat", *blobs, out=0, axis=axis)


def _split(r: NodeReader) -> None:
    x = r.value(0)
    axis = r.not_batch(counted(r.attributes.whole("axis", 0), len(x.shape)))
    n, size = len(r.outputs), x.shape[axis]
    sizes = r.attributes.wholes("split")
    if r.has(1):
        sizes = r.wholes(1, "sizes")
    if sizes is None:
        each = -(-size // n)
        sizes = [min(each, size - i * each) for i in range(n)]
    if len(sizes) != n or sum(sizes) != size or min(sizes) < 1:
        r.refuse(f"cuts {size} places into {sizes} for {n} outputs")
    if n == 1:
        r.give(x)
        return
    points = [sum(sizes[:i]) for i in range(1, n)]
    tops = [name or r.made.fresh_blob(f"{r.name}.part") for name in r.outputs]
    r.layer("Slice", x, tops=tops, axis=axis, slice_points=points)
    parts = [Value.plain(top, r.made.shapes[top]) for top in tops]
    for i, part in enumerate(parts):
        r.give(part, i)
    unused = [p for p, name in zip(parts, r.outputs, strict=True) if not name]
    if unused:
        silence(r, unused)


def _slice(r: NodeReader) -> None:
    x = r.value(0)
    found, stepped = {}, {}
    for axis, part in slice_parts(_constants(r), r.attributes, x.shape).items():
        start, stop, step = part.indices(x.shape[axis])
        if axis == 0 and (start, stop, step) != (0, x.shape[0], 1):
            r.not_batch(0)
        if axis and step == 1:
            found[axis] = (start, stop)
        elif axis:
            stepped[axis] = range(start, stop, step)
    kept = cut(r, x, found)
    for axis, places in stepped.items():
        kept = taken(r, kept, axis, places)
    if kept.blob == x.blob:
        r.give(x)
    else:
        rename_top(r, kept)


def _tile(r: NodeReader) -> None:
    x = r.value(0)
    repeats = r.wholes(1, "repeats")
    if len(repeats) != len(x.shape) or min(repeats, default=1) < 1:
        r.refuse(f"repeats {len(x.shape)} axes {repeats} times")
    _repeated(r, x, repeats)


def _expand(r: NodeReader) -> None:
    x, target = r.value(0), r.wholes(1, "shape")
    target = [1] * (len(x.shape) - len(target)) + target
    if len(target) != len(x.shape):
        r.refuse(f"expands a value of shape {list(x.shape)} to {target}")
    repeats = [m if n == 1 else 1 for n, m in zip(x.shape, target, strict=True)]
    if any(m not in (1, n) and n != 1 for n, m in zip(x.shape, target, strict=True)):
        r.refuse(f"expands a value of shape {list(x.shape)} to {target}")
    _repeated(r, x, [max(1, n) for n in repeats])


def _repeated(r: NodeReader, x: Value, repeats: Sequence[int]) -> None:
    if repeats[0] != 1:
        r.not_batch(0)
    if prod(x.shape) * prod(repeats) > MOST:
        r.refuse("makes too large a value")
    y = x
    for axis, n in enumerate(repeats):
        if n > 1:
            y = r.layer("Tile", y, axis=axis, tiles=n)
    if y is x:
        r.give(x)
    else:
        rename_top(r, y)


# --- sums over axes ---------------------------------------------------------------------


def _reduced_axes(r: NodeReader, x: Value) -> list[int] | None:
    """The axes that are summed over, none of them the batch; None: nothing is done."""
    axes = axes_of(_constants(r), r.attributes, len(x.shape))
    if not axes:
        if r.attributes.whole("noop_with_empty_axes", 0):
            return None
        axes = list(range(len(x.shape)))
    for axis in axes:
        r.not_batch(axis)
    return sorted(set(axes))


def _last(r: NodeReader, x: Value, axes: Sequence[int]) -> Value:
    """The blob with these axes behind all others."""
    order = [a for a in range(1, len(x.shape)) if a not in axes] + list(axes)
    if order == sorted(order):
        return x
    return r.layer("Permute", x, word="turned", axes=order)


def _kept(r: NodeReader, x: Value, axes: Sequence[int]) -> list[int]:
    """The shape of a sample that is left."""
    keeps = r.attributes.whole("keepdims", 1)
    ones = [1 if i in axes else n for i, n in enumerate(x.shape)]
    return [n for i, n in enumerate(ones) if i and (keeps or i not in axes)]


def _reduce(operation: str, *behind: tuple[str, dict[str, Any]]) -> FromOnnx:
    """A sum over axes, and what is made of it."""

    def translate(r: NodeReader) -> None:
        x = r.value(0)
        axes = _reduced_axes(r, x)
        if axes is None:
            if operation in ("Sum", "Mean") and not behind:
                r.give(x)
                return
            r.refuse("has no axes, and noop_with_empty_axes: 1")
        last = _last(r, x, axes)
        made = r.layer("Reduction", last, operation=operation, axis=len(x.shape) - len(axes))
        for kind, keys in behind:
            made = r.layer(kind, made, word="of-sum", **keys)
        shape = _kept(r, x, axes)
        if tuple(shape) == made.shape[1:]:
            rename_top(r, made)
        else:
            r.reshaped(made, shape, out=0)

    return translate


def _extreme(sign: float) -> FromOnnx:
    """The largest along axes, or the smallest as the largest of the negatives."""

    def translate(r: NodeReader) -> None:
        x = r.value(0)
        axes = _reduced_axes(r, x)
        if axes is None:
            r.give(x)
            return
        last = _last(r, x, axes)
        n = prod(x.shape[a] for a in axes)
        plane = r.reshaped(last, [prod(x.shape[1:]) // n, 1, n], word="plane")
        if sign < 0:
            plane = r.layer("Power", plane, word="minus", scale=-1.0)
        made = r.layer("Pooling", plane, **WHOLE)
        if sign < 0:
            made = r.layer("Power", made, word="back", scale=-1.0)
        r.reshaped(made, _kept(r, x, axes), out=0)

    return translate


def _argmax(r: NodeReader) -> None:
    _arg(r, r.value(0))


def _argmin(r: NodeReader) -> None:
    _arg(r, r.layer("Power", r.value(0), word="minus", scale=-1.0))


def _arg(r: NodeReader, x: Value) -> None:
    axis = r.not_batch(counted(r.attributes.whole("axis", 0), len(x.shape)))
    n, is_last = x.shape[axis], bool(r.attributes.whole("select_last_index", 0))
    if is_last:  # the first from behind
        x = taken(r, x, axis, range(n)[::-1])
    made = r.layer("Argmax", x, axis=axis)
    if is_last:
        made = r.layer("Power", made, word="counted", scale=-1.0, shift=float(n - 1))
    shape = _kept(r, x, [axis])
    if tuple(shape) == made.shape[1:]:
        rename_top(r, made)
    else:
        r.reshaped(made, shape, out=0)
    r.give(replace(r.results[0], kind="whole"))


def _top_k(r: NodeReader) -> None:
    x = r.value(0)
    k = int(r.number(1, "k")) if r.has(1) else r.attributes.whole("k", 1)
    axis = r.not_batch(counted(r.attributes.whole("axis", -1), len(x.shape)))
    if not r.attributes.whole("largest", 1) or not r.attributes.whole("sorted", 1) or k < 1:
        r.refuse("gives the smallest, or in no order; graphnet's Argmax the largest, in order")
    for out, name in enumerate(r.outputs):
        if name:
            keys: dict[str, Any] = {"axis": axis, "top_k": k, "values": out == 0}
            made = r.layer("Argmax", x, word=("values", "")[out], out=out, **keys)
            r.give(replace(made, kind="whole" if out else "float"), out)


#: What translates each operator.
SHAPES: Mapping[str, FromOnnx] = MappingProxyType(
    {
        "ArgMax": _argmax,
        "ArgMin": _argmin,
        "Concat": _concat,
        "Expand": _expand,
        "Flatten": _flatten,
        "ReduceL1": _reduce("AbsSum"),
        "ReduceL2": _reduce("SquareSum", ("Power", {"power": 0.5})),
        "ReduceLogSum": _reduce("Sum", ("Log", {})),
        "ReduceMax": _extreme(1),
        "ReduceMean": _reduce("Mean"),
        "ReduceMin": _extreme(-1),
        "ReduceSum": _reduce("Sum"),
        "ReduceSumSquare": _reduce("SquareSum"),
        "Reshape": _reshape,
        "Slice": _slice,
        "Split": _split,
        "Squeeze": _squeeze,
        "Tile": _tile,
        "TopK": _top_k,
        "Transpose": _transpose,
        "Unsqueeze": _unsqueeze,
    }
)
