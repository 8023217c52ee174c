"""Products of 16-bit operands on the GPU: cuBLAS's tensor cores, which add up in float32.

The operands are rounded just before each product, into memory that all products of a thread share.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np

from graphnet.backend.calls import Call
from graphnet.backend.cupy.kernels import Kernels, blocks_for
from graphnet.backend.precision import Precision
from graphnet.blob import Array, Shape

#: What the library calls the types of numbers (cudaDataType).
CUDA_R_32F, CUDA_R_16F, CUDA_R_16BF = 0, 2, 14
#: Adding up in float32; and the algorithm of its own choice (cublasComputeType, cublasGemmAlgo).
CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT = 68, -1
#: A matrix as it lies in memory, and the other way round (cublasOperation).
OP_N, OP_T = 0, 1


@dataclass(frozen=True)
class Operand:
    """A factor of a product.

    Attributes:
        source: Its numbers in float32, ``(…, rows, columns)`` as they are to lie in memory.
        turned: Whether the factor is its transpose.
    """

    source: Array
    turned: bool

    @property
    def operation(self) -> int:
        """By the library's name."""
        return OP_T if self.turned else OP_N

    @property
    def step(self) -> int:
        """Elements from a matrix of a stack to the next; 0 if one is for all of the other's."""
        return prod(self.source.shape[-2:]) if self.source.ndim > 2 else 0  # noqa: PLR2004


def operand(array: Array, stack: Shape) -> Operand:
    """A factor ``(M, N)``, or one for each of a ``stack`` of products."""
    if array.ndim > 2 and array.shape[:-2] != stack:  # noqa: PLR2004
        raise ValueError(f"a product of {array.shape} for each of a stack of {stack}")
    other = array.swapaxes(-1, -2)
    is_turned = not array.flags.c_contiguous and other.flags.c_contiguous
    return Operand(other if is_turned else array, is_turned)


class HalfProducts:
    """Binds products of operands that are rounded to 16 bits.

    Args:
        cp: CuPy, or what stands in for it.
        precision: ``float16`` or ``bfloat16``.
    """

    def __init__(self, cp: Any, precision: Precision) -> None:
        self._cp, self._kernels, self._scratch = cp, Kernels(cp), _DeviceScratch()
        self._is_float16 = precision == "float16"
        self._type = CUDA_R_16F if self._is_float16 else CUDA_R_16BF
        # factors of the product and of what was there before, which the library reads on the host
        self._one, self._none = np.ones(1, np.float32), np.zeros(1, np.float32)

    def bind(self, left: Array, right: Array, out: Array) -> Call:
        """Bind ``out = left @ right``; returns the call.

        Args:
            left: ``(…, M, D)``, float32.
            right: ``(…, D, N)``, likewise.
            out: ``(…, M, N)``, likewise. One of the others may have two axes where it has more.
        """
        stack = out.shape[:-2]
        return partial(self._multiply, operand(left, stack), operand(right, stack), out)

    def _multiply(self, left: Operand, right: Operand, out: Array) -> None:
        if not out.size:
            return
        a, b = self._rounded("left", left.source), self._rounded("right", right.source)
        to: Any = out
        if not out.flags.c_contiguous:
            to = self._scratch.array(self._cp, "out", out.shape, np.dtype(np.float32))
        self._launch((left, a), (right, b), to)
        if to is not out:
            self._cp.copyto(out, to)

    def _launch(self, left: tuple[Operand, Any], right: tuple[Operand, Any], out: Any) -> None:
        """Have cuBLAS multiply, which sees every matrix column after column: turned round.

        So it is told to compute ``outᵀ = rightᵀ @ leftᵀ``.
        """
        cuda, cublas = self._cp.cuda, self._cp.cuda.cublas
        m, n = out.shape[-2:]
        depth = left[0].source.shape[-2 if left[0].turned else -1]
        one, none = self._one.ctypes.data, self._none.ctypes.data
        factors, steps = [], []
        for factor, rounded in (right, left):
            factors.append((rounded.data.ptr, self._type, factor.source.shape[-1]))
            steps.append(factor.step)
        begin = (cuda.get_cublas_handle(), right[0].operation, left[0].operation, n, m, depth, one)
        target, how = (out.data.ptr, CUDA_R_32F, n), (CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT)
        if out.ndim == 2:  # noqa: PLR2004
            cublas.gemmEx(*begin, *factors[0], *factors[1], none, *target, *how)
            return
        count = prod(out.shape[:-2])
        with_steps = (*factors[0], steps[0], *factors[1], steps[1])
        cublas.gemmStridedBatchedEx(*begin, *with_steps, none, *target, m * n, count, *how)

    def _rounded(self, name: str, source: Any) -> Any:
        """The numbers of ``source`` in 16 bits, in C order."""
        cp, scratch = self._cp, self._scratch
        if self._is_float16:
            half = scratch.array(cp, name, source.shape, np.dtype(np.float16))
            cp.copyto(half, source, casting="same_kind")
            return half
        half = scratch.array(cp, name, source.shape, np.dtype(np.uint16))
        if not source.flags.c_contiguous:
            gathered = scratch.array(cp, "gathered", source.shape, np.dtype(np.float32))
            cp.copyto(gathered, source)
            source = gathered
        arguments = (source, half, np.int64(source.size))
        blocks = (blocks_for(source.size), 1)
        self._kernels.bind("rounding.to_bfloat16", source.dtype, blocks, arguments)()
        return half


class _DeviceScratch(threading.local):
    """Memory of each thread by name, as large as was ever asked for."""

    def __init__(self) -> None:
        self._held: dict[str, Any] = {}

    def array(self, cp: Any, name: str, shape: Shape, dtype: np.dtype) -> Any:
        """An array of this shape; nothing in it outlives a product."""
        n_bytes = prod(shape) * dtype.itemsize
        held = self._held.get(name)
        if held is None or held.size < n_bytes:
            self._held[name] = held = cp.empty(n_bytes, np.uint8)
        return held[:n_bytes].view(dtype).reshape(shape)
