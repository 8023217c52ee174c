"""Operators of one value, element by element: activations and what is put together of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np

from graphnet.interchange.onnx.graph.constants import counted
from graphnet.interchange.onnx.graph.node_reader import FromOnnx, NodeReader

_FLOATS, _BOOL = (1, 10, 11, 16), 9  # of ONNX's types
LARGEST = float(np.finfo(np.float32).max)


def plain(kind: str, **keys: Any) -> FromOnnx:
    """One layer without more properties."""

    def translate(r: NodeReader) -> None:
        r.layer(kind, r.value(0), out=0, **keys)

    return translate


def with_number(kind: str, key: str, name: str, default: float) -> FromOnnx:
    """One layer of which one property is an attribute."""

    def translate(r: NodeReader) -> None:
        keys: dict[str, Any] = {key: r.attributes.number(name, default)}
        r.layer(kind, r.value(0), out=0, **keys)

    return translate


def _leaky_relu(r: NodeReader) -> None:
    slope = r.attributes.number("alpha", 0.01)
    if 0 <= slope <= 1:
        r.layer("LReLU", r.value(0), out=0, slope=slope)
    else:
        r.layer("PReLU", r.value(0), out=0, channel_shared=True, frozen=True)
        r.fill("slope", np.array([slope]))


def _elu(r: NodeReader) -> None:
    alpha = r.attributes.number("alpha", 1.0)
    if alpha < 0:
        r.refuse(f"has alpha: {alpha:g}, and graphnet's ELU has none below 0")
    r.layer("ELU", r.value(0), out=0, alpha=alpha)


def _celu(r: NodeReader) -> None:
    alpha = r.attributes.number("alpha", 1.0)
    if alpha <= 0:
        r.refuse(f"has alpha: {alpha:g}")
    small = r.layer("Power", r.value(0), word="small", scale=1 / alpha)
    r.layer("Power", r.layer("ELU", small, word="elu"), out=0, scale=alpha)


def _selu(r: NodeReader) -> None:
    alpha = r.attributes.number("alpha", 1.6732632423543772)
    gamma = r.attributes.number("gamma", 1.0507009873554805)
    if alpha < 0:
        r.refuse(f"has alpha: {alpha:g}, and graphnet's ELU has none below 0")
    r.layer("Power", r.layer("ELU", r.value(0), word="elu", alpha=alpha), out=0, scale=gamma)


def _hard_sigmoid(r: NodeReader) -> None:
    alpha, beta = r.attributes.number("alpha", 0.2), r.attributes.number("beta", 0.5)
    line = r.layer("Power", r.value(0), word="line", scale=alpha, shift=beta)
    r.layer("Clip", line, out=0, min=0.0, max=1.0)


def _gelu(r: NodeReader) -> None:
    approximate = r.attributes.text("approximate", "none")
    r.layer("GELU", r.value(0), out=0, approximate=approximate)


def _softsign(r: NodeReader) -> None:
    x = r.value(0)
    more = r.layer("Power", r.layer("AbsVal", x, word="size"), word="more", shift=1.0)
    r.layer("ElementWise", x, more, out=0, operation="Divide")


def _thresholded_relu(r: NodeReader) -> None:
    x = r.value(0)
    gate = r.layer("Threshold", x, word="gate", threshold=r.attributes.number("alpha", 1.0))
    r.layer("ElementWise", x, gate, out=0, operation="Multiply")


def _clip(r: NodeReader) -> None:
    if r.opset < 11:  # noqa: PLR2004  # since then they are inputs
        low, high = (r.attributes.number(k, d) for k, d in (("min", -LARGEST), ("max", LARGEST)))
    else:
        low = r.number(1, "min") if r.has(1) else -LARGEST
        high = r.number(2, "max") if r.has(2) else LARGEST
    low, high = max(low, -LARGEST), min(high, LARGEST)
    if high >= LARGEST and low > -LARGEST:
        r.layer("ReLU", r.value(0), out=0, epsilon=low)
    else:
        r.layer("Clip", r.value(0), out=0, min=min(low, high), max=high)


def _dropout(r: NodeReader) -> None:
    if r.has(2) and r.number(2, "training_mode"):
        r.refuse("acts by chance: training_mode is true")
    if len(r.outputs) > 1 and r.outputs[1]:
        r.refuse("gives its mask, which graphnet's Dropout does not")
    ratio = r.number(1, "ratio") if r.has(1) else r.attributes.number("ratio", 0.5)
    if 0 < ratio < 1:
        x = r.value(0)
        r.layer("Dropout", x, out=0, ratio=ratio)
    else:
        r.give(r.raw(0))


def _identity(r: NodeReader) -> None:
    r.give(r.raw(0))


def _cast(r: NodeReader) -> None:
    to, x = r.attributes.whole("to", 0), r.raw(0)
    if to == _BOOL:
        r.refuse("makes truth values of numbers, which graphnet cannot")
    if to in _FLOATS and x.kind == "cut":
        r.refuse("cuts numbers to whole ones, which graphnet cannot")
    if to in _FLOATS:
        r.give(replace(x, kind="float"))
    else:
        r.give(replace(x, kind="cut" if x.kind == "float" else x.kind))


def _softmax(r: NodeReader) -> None:
    _soft(r, 0)


def _log_softmax(r: NodeReader) -> None:
    _soft(r, None)
    r.layer("Log", r.results.pop(-1), word="log", out=0)


def _soft(r: NodeReader, out: int | None) -> None:
    """A softmax; before opset 13 over all axes from one on."""
    x = r.value(0)
    rank, old = len(x.shape), r.opset < 13  # noqa: PLR2004
    axis = r.not_batch(counted(r.attributes.whole("axis", 1 if old else -1), rank))
    if old and prod(x.shape[axis + 1 :]) != 1:
        flat = r.reshaped(x, [*x.shape[1:axis], prod(x.shape[axis:])], word="flat")
        soft = r.layer("Softmax", flat, axis=axis)
        value = r.reshaped(soft, x.shape[1:], word="back", out=out)
    else:
        value = r.layer("Softmax", x, out=out, axis=axis)
    if out is None:
        r.results[-1] = value


_UNARY: Sequence[tuple[str, str, dict[str, Any]]] = (
    ("Abs", "AbsVal", {}),
    ("Exp", "Exponential", {}),
    ("HardSwish", "Hardswish", {}),
    ("Log", "Log", {}),
    ("Mish", "Mish", {}),
    ("Neg", "Power", {"scale": -1.0}),
    ("Reciprocal", "Power", {"power": -1.0}),
    ("Relu", "ReLU", {}),
    ("Sigmoid", "Sigmoid", {}),
    ("Softplus", "BNLL", {}),
    ("Sqrt", "Power", {"power": 0.5}),
    ("Tanh", "Tanh", {}),
)
_OTHERS: dict[str, Callable[[NodeReader], None]] = {
    "Cast": _cast,
    "Celu": _celu,
    "Clip": _clip,
    "Dropout": _dropout,
    "Elu": _elu,
    "Gelu": _gelu,
    "HardSigmoid": _hard_sigmoid,
    "Identity": _identity,
    "LeakyRelu": _leaky_relu,
    "LogSoftmax": _log_softmax,
    "Selu": _selu,
    "Softmax": _softmax,
    "Softsign": _softsign,
    "Swish": with_number("Swish", "beta", "alpha", 1.0),
    "ThresholdedRelu": _thresholded_relu,
}
#: What translates each operator.
ACTIVATIONS: Mapping[str, FromOnnx] = MappingProxyType(
    {op: plain(kind, **keys) for op, kind, keys in _UNARY} | _OTHERS
)
