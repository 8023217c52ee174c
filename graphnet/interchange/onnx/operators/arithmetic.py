"""Operators of two values or more, element by element, and those of a value and a constant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np

from graphnet.interchange.onnx.files.reading import shortest
from graphnet.interchange.onnx.graph.node_reader import FromOnnx, NodeReader
from graphnet.interchange.onnx.graph.values import Value
from graphnet.interchange.onnx.operators.activations import LARGEST

_MOST_REPEATS = 2**20
#: Layers to which a bias may be added, by the operator that made them without one.
_TAKE_BIAS = {"MatMul": "InnerProduct", "Gather": "Embed", "Mul": "Scale"}


def _power(r: NodeReader) -> None:
    r.layer("Power", r.value(0), out=0, power=r.number(1, "exponent"))


def _greater(r: NodeReader) -> None:
    above = r.layer("Threshold", r.value(0), out=0, threshold=r.number(1, "second input"))
    r.give(replace(above, kind="whole"))


# --- two values -------------------------------------------------------------------------


def _add(r: NodeReader) -> None:
    if not (r.is_constant(0) or r.is_constant(1)):
        _of_blobs(r, "Add", "Bias")
        return
    x, c = (1, 0) if r.is_constant(0) else (0, 1)
    _plus(r, r.value(x), r.numbers(c, "constant"), out=0)


def _subtract(r: NodeReader) -> None:
    if r.is_constant(1):
        _plus(r, r.value(0), -r.numbers(1, "constant"), out=0)
    elif r.is_constant(0):
        minus = r.layer("Power", r.value(1), word="minus", scale=-1.0)
        _plus(r, minus, r.numbers(0, "constant"), out=0)
    else:
        _of_blobs(r, "Subtract", "Bias")


def _multiply(r: NodeReader) -> None:
    if not (r.is_constant(0) or r.is_constant(1)):
        _of_blobs(r, "Multiply", "Scale")
        return
    x, c = (1, 0) if r.is_constant(0) else (0, 1)
    _times(r, r.value(x), r.numbers(c, "constant"))


def _divide(r: NodeReader) -> None:
    if r.is_constant(1):
        c = r.numbers(1, "constant")
        if not c.all():
            r.refuse("divides by 0")
        _times(r, r.value(0), (1 / c.astype(np.float64)).astype(np.float32))
    elif r.is_constant(0):
        one = r.layer("Power", r.value(1), word="reciprocal", power=-1.0)
        _times(r, one, r.numbers(0, "constant"))
    else:
        _of_blobs(r, "Divide", "Scale")


def _plus(r: NodeReader, x: Value, c: np.ndarray, *, out: int | None) -> None:
    """Add a constant: to a layer that has no bias yet, or by one of its own."""
    if _joins(r, x, c):
        return
    if c.size == 1 and c.ndim <= len(x.shape):
        r.layer("Power", x, out=out, shift=shortest(c.reshape(-1)[0]))
        return
    x = _widened(r, x, c)
    axis, num_axes, values = _spanned(r, x, c)
    r.layer("Bias", x, out=out, axis=axis, num_axes=num_axes)
    r.fill("bias", values)


def _times(r: NodeReader, x: Value, c: np.ndarray) -> None:
    if c.size == 1 and c.ndim <= len(x.shape):
        r.layer("Power", x, out=0, scale=shortest(c.reshape(-1)[0]))
        return
    x = _widened(r, x, c)
    axis, num_axes, values = _spanned(r, x, c)
    r.layer("Scale", x, out=0, axis=axis, num_axes=num_axes)
    r.fill("scale", values)


def _joins(r: NodeReader, x: Value, c: np.ndarray) -> bool:
    """Give a layer the bias that follows it, if nobody else reads what it makes."""
    found = r.made.alone.get(x.blob)
    if found is None:
        return False
    op, name = found
    layer = r.made.layers[name]
    if layer["type"] != _TAKE_BIAS.get(op) or not r.outputs[0]:
        return False
    key = {"InnerProduct": "weight", "Embed": "weight", "Scale": "scale"}[layer["type"]]
    weight = r.made.params[f"{name}/{key}"]
    if layer["type"] == "Scale":
        axis, num_axes, values = _spanned(r, x, c)
        if (axis, num_axes) != (layer["axis"], layer["num_axes"]):
            return False
    else:
        n = weight.shape[0] if layer["type"] == "InnerProduct" else weight.shape[1]
        if c.size != n or c.shape[-1:] != (n,) or c.ndim > len(x.shape):
            return False
        values = c.reshape(n)
    layer.pop("bias", None)
    if layer["type"] == "Scale":
        layer["bias"] = True
    layer["tops"] = [r.outputs[0]]
    r.made.params[f"{name}/bias"] = values
    r.made.shapes[r.outputs[0]] = r.made.shapes[x.blob]
    r.made.blobs.add(r.outputs[0])
    r.give(Value.plain(r.outputs[0], x.shape))
    return True


def _widened(r: NodeReader, x: Value, c: np.ndarray) -> Value:
    """A value repeated along the axes on which the constant alone is wide."""
    if c.ndim > len(x.shape):
        return x
    for axis, n in enumerate(c.shape, len(x.shape) - c.ndim):
        if axis and x.shape[axis] == 1 and 1 < n <= _MOST_REPEATS:
            x = r.layer("Tile", x, word="wide", axis=axis, tiles=n)
    return x


def _spanned(r: NodeReader, x: Value, c: np.ndarray) -> tuple[int, int, np.ndarray]:
    """The axes of a sample that a constant spans, and its values on them."""
    shape = (1,) * (len(x.shape) - c.ndim) + c.shape
    fits = len(shape) == len(x.shape) and all(
        m in (1, n) for m, n in zip(shape, x.shape, strict=True)
    )
    if not fits or shape[0] != 1:
        r.refuse(
            f"combines a value of shape {list(x.shape)} with a constant of shape {list(c.shape)}:"
            " graphnet repeats constants over axes of a sample, no more"
        )
    wide = [i for i, m in enumerate(shape) if m > 1] or [1]
    first, end = wide[0], wide[-1] + 1
    values = np.broadcast_to(c.reshape(shape[first:end]), x.shape[first:end])
    return first, end - first, values


def _of_blobs(r: NodeReader, operation: str, spread: str) -> None:
    """Two blobs of one shape, or one that is repeated over the last axes of the other."""
    a, b = r.value(0), r.value(1)
    if a.shape == b.shape:
        r.layer("ElementWise", a, b, out=0, operation=operation)
        return
    swapped = prod(a.shape) < prod(b.shape)
    large, small = (b, a) if swapped else (a, b)
    kept = _leading(large, small)
    if kept is None or (swapped and operation in ("Subtract", "Divide")):
        both = _as_wide(r, a, b), _as_wide(r, b, a)
        if both[0].shape != both[1].shape:
            r.refuse(f"combines values of shapes {list(a.shape)} and {list(b.shape)}")
        r.layer("ElementWise", *both, out=0, operation=operation)
        return
    if operation == "Subtract":
        small = r.layer("Power", small, word="minus", scale=-1.0)
    elif operation == "Divide":
        small = r.layer("Power", small, word="reciprocal", power=-1.0)
    r.layer(spread, large, r.reshaped(small, kept, word="beside"), out=0)


def _as_wide(r: NodeReader, x: Value, other: Value) -> Value:
    """A value repeated along the axes on which the other alone is wide."""
    if len(x.shape) != len(other.shape):
        return x
    for axis, (n, m) in enumerate(zip(x.shape, other.shape, strict=True)):
        if axis and n == 1 and 1 < m <= _MOST_REPEATS:
            x = r.layer("Tile", x, word="wide", axis=axis, tiles=m)
    return x


def _leading(large: Value, small: Value) -> list[int] | None:
    """The sizes of the first axes of a sample that a small blob spans; None if others, too."""
    if len(small.shape) != len(large.shape):
        return None
    n = len(small.shape)
    while n > 1 and small.shape[n - 1] == 1:
        n -= 1
    return list(small.shape[1:n]) if small.shape[:n] == large.shape[:n] else None


# --- several values ---------------------------------------------------------------------


def _sum(r: NodeReader) -> None:
    _joined(r, {})


def _mean(r: NodeReader) -> None:
    _joined(r, {"coef": [1 / len(r.inputs)] * len(r.inputs)})


def _joined(r: NodeReader, keys: Mapping[str, Any]) -> None:
    blobs = [r.value(i) for i in range(len(r.inputs))]
    if len(blobs) == 1:
        r.give(blobs[0])
    else:
        r.layer("ElementWise", *blobs, out=0, **keys)


def _extreme(sign: float) -> FromOnnx:
    """Max, or Min as the Max of the negatives."""

    def translate(r: NodeReader) -> None:
        blobs = [r.value(i) for i in range(len(r.inputs)) if not r.is_constant(i)]
        bounds = [r.number(i, "constant") for i in range(len(r.inputs)) if r.is_constant(i)]
        if bounds and len(blobs) == 1:
            if sign > 0:
                r.layer("ReLU", blobs[0], out=0, epsilon=max(bounds))
            else:
                r.layer("Clip", blobs[0], out=0, min=-LARGEST, max=min(bounds))
        elif bounds:
            r.refuse("mixes several values and constants")
        elif len(blobs) == 1:
            r.give(blobs[0])
        elif sign > 0:
            r.layer("ElementWise", *blobs, out=0, operation="Max")
        else:
            minus = [r.layer("Power", x, word=f"minus{i}", scale=-1.0) for i, x in enumerate(blobs)]
            largest = r.layer("ElementWise", *minus, word="largest", operation="Max")
            r.layer("Power", largest, out=0, scale=-1.0)

    return translate


def _prelu(r: NodeReader) -> None:
    x, slope = r.value(0), r.numbers(1, "slope")
    if slope.size == 1:
        r.layer("PReLU", x, out=0, channel_shared=True)
        r.fill("slope", slope.reshape(1))
        return
    axis, num_axes, values = _spanned(r, x, slope)
    if (axis, num_axes) != (1, 1):
        r.refuse("has slopes that differ within a channel")
    r.layer("PReLU", x, out=0)
    r.fill("slope", values)


#: What translates each operator.
ARITHMETIC: Mapping[str, FromOnnx] = MappingProxyType(
    {
        "Add": _add,
        "Div": _divide,
        "Greater": _greater,
        "Max": _extreme(1),
        "Mean": _mean,
        "Min": _extreme(-1),
        "Mul": _multiply,
        "PRelu": _prelu,
        "Pow": _power,
        "Sub": _subtract,
        "Sum": _sum,
    }
)
