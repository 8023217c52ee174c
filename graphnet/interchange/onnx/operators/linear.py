"""Operators that multiply by a matrix, or look rows of one up."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from graphnet.interchange.onnx.graph.constants import counted
from graphnet.interchange.onnx.graph.node_reader import FromOnnx, NodeReader
from graphnet.interchange.onnx.graph.values import Value
from graphnet.interchange.onnx.operators.parts import along, rename_top, taken

_MATRIX = 2  # axes


def _matrix(r: NodeReader, i: int) -> np.ndarray:
    found = r.numbers(i, "matrix")
    if found.ndim != _MATRIX or not found.size:
        r.refuse(f"has a constant of shape {list(found.shape)}, expected a matrix")
    return found


def _gemm(r: NodeReader) -> None:
    if r.attributes.whole("transA", 0):
        r.refuse("turns its first input round, batch axis and all: transA is 1")
    x, weight = r.value(0), _matrix(r, 1)
    weight = weight if r.attributes.whole("transB", 0) else weight.T
    alpha, beta = r.attributes.number("alpha", 1.0), r.attributes.number("beta", 1.0)
    n, size = weight.shape
    if len(x.shape) != _MATRIX or x.shape[1] != size:
        r.refuse(f"multiplies a value of shape {list(x.shape)} by a matrix of {size} × {n}")
    bias = None
    if r.has(2) and beta:
        given = r.numbers(2, "third input")
        if given.shape not in ((), (1,), (n,), (1, n), (1, 1)):
            r.refuse(f"adds a constant of shape {list(given.shape)}, expected [{n}]")
        bias = np.broadcast_to(given.reshape(-1), (n,)) * np.float32(beta)
    _product(r, _unflattened(r, x), 1, weight if alpha == 1 else weight * np.float32(alpha), bias)


def _matmul(r: NodeReader) -> None:
    if r.is_constant(0) and not r.is_constant(1):
        _product_from_left(r)
        return
    x, weight = r.value(0), _matrix(r, 1)
    if len(x.shape) < _MATRIX or x.shape[-1] != weight.shape[0]:
        r.refuse(
            f"multiplies a value of shape {list(x.shape)} by a matrix of"
            f" {weight.shape[0]} × {weight.shape[1]}"
        )
    _product(r, x, len(x.shape) - 1, weight.T, None)


def _product_from_left(r: NodeReader) -> None:
    """A matrix times a value: along the last axis but one."""
    matrix, x = _matrix(r, 0), r.value(1)
    axis = r.not_batch(max(len(x.shape) - 2, 0))
    if x.shape[axis] != matrix.shape[1]:
        r.refuse(
            f"multiplies a matrix of {matrix.shape[0]} × {matrix.shape[1]} by a value of shape"
            f" {list(x.shape)}"
        )
    rename_top(r, along(r, x, axis, matrix))


def _unflattened(r: NodeReader, x: Value) -> Value:
    """What was flattened for this node alone: an InnerProduct does that by itself."""
    op, name = r.made.alone.get(x.blob, ("", ""))
    if op != "Flatten" or name not in r.made.layers:
        return x
    (blob,) = r.made.layers.pop(name)["bottoms"]
    return Value.plain(blob, r.made.shapes[blob])


def _product(
    r: NodeReader, x: Value, axis: int, weight: np.ndarray, bias: np.ndarray | None
) -> None:
    keys: dict[str, Any] = {"axis": axis} if axis > 1 else {}
    if bias is None:
        keys["bias"] = False
    r.layer("InnerProduct", x, out=0, output_dim=len(weight), **keys)
    r.fill("weight", np.ascontiguousarray(weight))
    if bias is not None:
        r.fill("bias", bias)


def _gather(r: NodeReader) -> None:
    if r.is_constant(0):
        if r.attributes.whole("axis", 0):
            r.refuse("looks up columns; graphnet's Embed has rows")
        weight, index = _matrix(r, 0), r.value(1, cut=True)
        dim, n = weight.shape
        r.layer("Embed", index, out=0, input_dim=dim, output_dim=n, bias=False)
        r.fill("weight", weight)
        return
    x, places = r.value(0), r.constant(1, "indices")
    axis = r.not_batch(counted(r.attributes.whole("axis", 0), len(x.shape)))
    size = x.shape[axis]
    listed = [int(i) + (size if i < 0 else 0) for i in places.reshape(-1)]
    if places.dtype.kind not in "iu":
        r.refuse("takes places that are no whole numbers")
    part = taken(r, x, axis, listed)
    shape = [*x.shape[1:axis], *places.shape, *x.shape[axis + 1 :]]
    r.reshaped(part, shape, word="taken", out=0)


def _one_hot(r: NodeReader) -> None:
    labels, n = r.value(0, cut=True), int(r.number(1, "depth"))
    values = r.constant(2, "values")
    if values.reshape(-1).tolist() != [0, 1] or n < 1:
        r.refuse(f"writes {values.reshape(-1).tolist()[:2]}; graphnet's Index2Onehot 0 and 1")
    axis = r.not_batch(counted(r.attributes.whole("axis", -1), len(labels.shape) + 1))
    shape = list(labels.shape[1:])
    shape.insert(axis - 1, 1)
    places = r.reshaped(labels, shape, word="places")
    r.layer("Index2Onehot", places, out=0, n_class=n, axis=axis)


#: What translates each operator.
LINEAR: Mapping[str, FromOnnx] = MappingProxyType(
    {"Gather": _gather, "Gemm": _gemm, "MatMul": _matmul, "OneHot": _one_hot}
)
