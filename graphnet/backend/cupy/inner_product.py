"""The inner product on the GPU: matrix products of cuBLAS on batch-first arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from graphnet.backend.base import InnerProductArrays
from graphnet.backend.calls import Call, Op, in_turn
from graphnet.backend.cupy.kernels import Kernels
from graphnet.blob import Array, rows

#: Binds ``out = left @ right``, of matrices.
Dot: TypeAlias = Callable[[Array, Array, Array], Call]
#: Columns that a block of threads adds up; the kernel says so too.
SUM_COLUMNS = 32


def bind_inner_product(cp: Any, arrays: InnerProductArrays, dot: Dot) -> Op:
    """An inner product bound to its arrays; ``cp`` is CuPy, or what stands in for it."""
    weight = arrays.weight
    n_out, n_in = weight.shape
    x, y = _matrix(arrays.x, n_in), _matrix(arrays.y, n_out)
    forward: list[Call] = [dot(x, weight.T, y)]
    if arrays.bias is not None:
        forward.append(partial(cp.add, y, arrays.bias, out=y))
    backward: list[Call] = []
    dy = None if arrays.dy is None else _matrix(arrays.dy, n_out)
    if dy is not None and arrays.dweight is not None:
        backward.append(dot(dy.T, x, arrays.dweight))
    if dy is not None and arrays.dx is not None:
        backward.append(dot(dy, weight, _matrix(arrays.dx, n_in)))
    if dy is not None and arrays.dbias is not None:
        arguments = (dy, arrays.dbias, *dy.shape)
        blocks = (-(-n_out // SUM_COLUMNS), 1)
        backward.append(Kernels(cp).bind("sums.column_sums", dy.dtype, blocks, arguments))
    return Op(in_turn(forward), in_turn(backward))


def _matrix(array: Array, width: int) -> Array:
    """The view ``(N · positions, width)``."""
    return rows(array).reshape(-1, width)
