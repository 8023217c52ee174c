"""Layers that slide windows, for ONNX: pooling in all its forms, and LRN.

graphnet rounds the size of a pooled image up. The padding behind the image that this needs is
written out, so that no runtime has to round. Zeros that a mean counts are put round the image by a
Pad: onnxruntime 1.22 to 1.24 is wrong where AveragePool counts its own (``count_include_pad``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

import numpy as np

from graphnet.backend.base import Divisor, PoolingKind
from graphnet.backend.window import Window
from graphnet.blob import Shape
from graphnet.interchange.onnx.writers.layer_writer import LayerWriter
from graphnet.layers.shape.axis import axis_of, folded

_IMAGES = 4  # axes of (N, C, H, W)
_FLOAT, _INT64 = 1, 7  # of ONNX's types

#: Kernel, stride and pad along each side.
Geometry: TypeAlias = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class WindowOp:
    """An operator that pools.

    Attributes:
        op: Its type.
        border: Zeros that are put round the image first: before it along each side, then behind.
        attributes: Its own.
    """

    op: str
    border: tuple[int, ...]
    attributes: dict[str, Any]

    def prepared(self, w: LayerWriter, x: str, what: str = "") -> str:
        """What it reads: the images, or those with the border."""
        if not any(self.border):
            return x
        n = len(self.border) // 2
        word = f"{what}-padded" if what else "padded"
        pads = w.integers(f"{word}.pads", [0, 0, *self.border[:n], 0, 0, *self.border[n:]])
        return w.part(word, "Pad", x, pads, mode="constant")


def window_op(
    kind: PoolingKind, geometry: Geometry, divisor: Divisor, image: Sequence[int], out: Shape
) -> WindowOp:
    """How windows are pooled that give ``out`` places of an image, of any number of sides."""
    (kernel, stride, pads), ends = geometry, []
    for n, o, k, s, p in zip(image, out, kernel, stride, pads, strict=True):
        ends.append(p if (n + 2 * p - k) // s + 1 == o else max((o - 1) * s + k - n - p, 0))
    attributes = {"kernel_shape": list(kernel), "strides": list(stride)}
    if kind == "Max" or divisor == "valid":
        op = "MaxPool" if kind == "Max" else "AveragePool"
        return WindowOp(op, (), attributes | {"pads": [*pads, *ends]})
    if divisor == "kernel":
        return WindowOp("AveragePool", (*pads, *ends), attributes)
    over = [max(end - pad, 0) for end, pad in zip(ends, pads, strict=True)]
    return WindowOp(
        "AveragePool", (*pads, *pads), attributes | {"pads": [*(0 for _ in over), *over]}
    )


def _geometry(window: Window) -> Geometry:
    return window.kernel, window.stride, window.pad


def pooling(w: LayerWriter) -> None:
    """Pooling, Pooling1D and Pooling3D."""
    spec = w.spec
    if spec.kernel is None:
        w.end("GlobalMaxPool" if spec.pooling == "Max" else "GlobalAveragePool", w.x)
        return
    found = window_op(spec.pooling, spec.geometry(w.shape), spec.divisor, w.shape[2:], w.top[2:])
    w.end(found.op, found.prepared(w, w.x), **found.attributes)


def pooling_mask(w: LayerWriter) -> None:
    """PoolingMask: the second output of MaxPool, within each channel."""
    spec, image = w.spec, w.shape[2:]
    found = window_op("Max", spec.geometry(w.shape), "kernel", image, w.top[2:])
    name = w.vertex.name
    pooled, index = (w.graph.fresh(f"{name}.{what}") for what in ("pooled", "index"))
    w.graph.add(name, found.op, [w.x], [pooled, index], **found.attributes)
    place = w.part("place", "Mod", index, w.integers("size", [prod(image)]))
    w.close("number", "Cast", place, to=_FLOAT)


def stochastic_pooling(w: LayerWriter) -> None:
    """StochasticPooling in testing: the mean of x² over that of x, of what is positive."""
    if w.phase == "train":
        w.refuse("it acts by chance in phase train\n  export phase test, where it gives a mean")
    spec = w.spec
    found = window_op("Mean", spec.geometry(w.shape), "valid", w.shape[2:], w.top[2:])
    x = w.part("positive", "Relu", w.x)
    square = w.part("square", "Mul", x, x)
    mean = w.part("mean", found.op, x, **found.attributes)
    least = w.part("divisor", "Max", mean, w.number("least", float(np.finfo(np.float32).tiny)))
    squares = w.part("mean-square", found.op, square, **found.attributes)
    w.end("Div", squares, least)


def unpool(w: LayerWriter) -> None:
    """Unpool: the elements put into zeros, channel by channel."""
    n_channels, n_places, n_pixels = w.shape[1], prod(w.shape[2:]), prod(w.top[2:])
    x = w.reshaped("row", w.x, [n_channels, n_places])
    mask = w.part("whole", "Cast", w.inputs[1], to=_INT64)
    mask = w.reshaped("mask-row", mask, [n_channels, n_places])
    batch = w.part("batch", "Shape", w.x, start=0, end=1)
    sample = w.integers("sample", [n_channels, n_pixels])
    shape = w.part("shape", "Concat", batch, sample, axis=0)
    zeros = w.part("zeros", "Expand", w.number("zero", 0), shape)
    filled = w.main("filled", "ScatterElements", zeros, mask, x, axis=2)
    w.close("shaped", "Reshape", filled, w.integers("image", [-1, *w.top[1:]]))


def channel_pooling(w: LayerWriter) -> None:
    """ChannelPooling: pooling of the plane ``(axis, the axes behind it)``."""
    spec, axis = w.spec, axis_of(w.shape, w.spec.axis)
    x, y = folded(w.shape, axis), folded(w.top, axis)
    plane = w.reshaped("plane", w.x, x[1:])
    found = window_op(spec.pooling, _geometry(spec.window), "kernel", x[2:], y[2:])
    pooled = w.main("pooled", found.op, found.prepared(w, plane), **found.attributes)
    w.close("shaped", "Reshape", pooled, w.integers("shape", [-1, *w.top[1:]]))


def spp(w: LayerWriter) -> None:
    """SPP: the pooling of each level, flattened, in a row."""
    spec, image = w.spec, w.shape[2:]
    levels = []
    for k, window in enumerate(spec.windows(w.shape)):
        side = (2**k, 2**k)
        found = window_op(spec.pooling, _geometry(window), spec.divisor, image, side)
        x = found.prepared(w, w.x, f"level{k}")
        pooled = w.part(f"level{k}", found.op, x, **found.attributes)
        levels.append(w.part(f"flat{k}", "Flatten", pooled, axis=1))
    w.end("Concat", *levels, axis=1)


def lrn(w: LayerWriter) -> None:
    """LRN: the operator of that name across channels; else its formula with a mean of squares."""
    spec = w.spec
    if spec.mode == "WithinChannel" or spec.kernel % 2 == 0:  # onnxruntime takes no even size
        _by_formula(w)
        return
    keys = {"alpha": spec.scale, "beta": spec.power, "bias": spec.shift, "size": spec.kernel}
    axis = axis_of(w.shape, spec.axis)
    if axis == 1 and len(w.shape) == _IMAGES:
        w.end("LRN", w.x, **keys)
        return
    # the operator looks along axis 1 of images
    plane: Shape = folded(w.shape, axis)
    x = w.reshaped("plane", w.x, plane[1:]) if plane != w.shape else w.x
    turned = w.part("turned", "Transpose", x, perm=[0, 2, 1, 3])
    normal = w.main("normal", "LRN", turned, **keys)
    if plane == w.shape:
        w.close("back", "Transpose", normal, perm=[0, 2, 1, 3])
    else:
        back = w.part("back", "Transpose", normal, perm=[0, 2, 1, 3])
        w.close("shaped", "Reshape", back, w.integers("shape", [-1, *w.shape[1:]]))


def _by_formula(w: LayerWriter) -> None:
    """The formula: x / (shift + scale · mean of x²) ^ power."""
    spec, window = w.spec, w.spec.window
    square, seen = w.part("square", "Mul", w.x, w.x), spec.seen(w.shape)
    if seen != w.shape:
        square = w.reshaped("plane", square, seen[1:])
    ends = [k - 1 - pad for k, pad in zip(window.kernel, window.pad, strict=True)]
    keys = {"kernel_shape": list(window.kernel)}
    found = WindowOp("AveragePool", (*window.pad, *ends), keys)
    mean = w.part("mean", found.op, found.prepared(w, square), **keys)
    if seen != w.shape:
        mean = w.reshaped("mean-shaped", mean, w.shape[1:])
    scaled = w.part("scaled", "Mul", mean, w.number("scale", spec.scale))
    base = w.part("base", "Add", scaled, w.number("shift", spec.shift))
    power = w.part("divisor", "Pow", base, w.number("power", spec.power))
    w.end("Div", w.x, power)
