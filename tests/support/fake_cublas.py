# ruff: noqa: PLR0917  # the library's own
"""What the stand-in for CuPy has of ``cupy.cuda.cublas``: products of 16-bit numbers.

They are written from cuBLAS's own documentation: every matrix lies in memory column after column,
with a leading dimension, and is read by its address. What the library refuses is refused here.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np

#: Of the library, as CuPy hands it out.
HANDLE = 0x5EED
CUDA_R_32F, CUDA_R_16F, CUDA_R_16BF = 0, 2, 14
COMPUTE_32F, GEMM_DEFAULT = 68, -1


def bfloat16(bits: np.ndarray) -> np.ndarray:
    """Numbers of the upper halves of their bits."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def matrix(pointer: int, kind: int, rows: int, columns: int, leading: int) -> np.ndarray:
    """A view ``(rows, columns)`` of what lies column after column from an address on."""
    if leading < max(1, rows):
        raise ValueError(f"CUBLAS_STATUS_INVALID_VALUE: leading {leading} < rows {rows}")
    dtype = np.dtype({CUDA_R_32F: np.float32, CUDA_R_16F: np.float16, CUDA_R_16BF: np.uint16}[kind])
    count = leading * (columns - 1) + rows
    raw = (ctypes.c_char * (count * dtype.itemsize)).from_address(pointer)
    flat = np.frombuffer(raw, dtype)
    strides = (dtype.itemsize, leading * dtype.itemsize)
    return np.lib.stride_tricks.as_strided(flat, (rows, columns), strides)


def numbers(seen: np.ndarray) -> np.ndarray:
    """What a matrix of any kind means, in float64."""
    return (bfloat16(seen) if seen.dtype == np.uint16 else seen).astype(np.float64)


class Cublas:
    """The functions that graphnet calls, with the parameters CuPy gives them."""

    CUBLAS_OP_N, CUBLAS_OP_T = 0, 1
    CUBLAS_COMPUTE_32F = COMPUTE_32F

    def __init__(self, cp: Any) -> None:
        self._cp = cp

    def gemmEx(  # noqa: N802
        self, handle: int, transa: int, transb: int, m: int, n: int, k: int, alpha: int,
        A: int, Atype: int, lda: int, B: int, Btype: int, ldb: int, beta: int,  # noqa: N803
        C: int, Ctype: int, ldc: int, computeType: int, algo: int,  # noqa: N803
    ) -> None:  # fmt: skip
        """``C = alpha · op(A) @ op(B) + beta · C``."""
        strided = (A, Atype, lda, 0, B, Btype, ldb, 0, beta, C, Ctype, ldc, 0, 1)
        self.gemmStridedBatchedEx(
            handle, transa, transb, m, n, k, alpha, *strided, computeType, algo
        )

    def gemmStridedBatchedEx(  # noqa: N802
        self, handle: int, transa: int, transb: int, m: int, n: int, k: int, alpha: int,
        A: int, Atype: int, lda: int, strideA: int, B: int, Btype: int, ldb: int,  # noqa: N803
        strideB: int, beta: int, C: int, Ctype: int, ldc: int, strideC: int,  # noqa: N803
        batchCount: int, computeType: int, algo: int,  # noqa: N803
    ) -> None:  # fmt: skip
        """The same of a stack; strides count elements."""
        if handle != HANDLE or (computeType, algo) != (COMPUTE_32F, GEMM_DEFAULT):
            raise ValueError("CUBLAS_STATUS_INVALID_VALUE")
        if Atype != Btype or Atype not in (CUDA_R_16F, CUDA_R_16BF) or Ctype != CUDA_R_32F:
            raise ValueError("CUBLAS_STATUS_NOT_SUPPORTED: of these types there is no product")
        factor, kept = (ctypes.c_float.from_address(p).value for p in (alpha, beta))
        if (factor, kept) != (1.0, 0.0):
            raise ValueError("the stand-in multiplies by 1 and forgets what was there")
        self._cp.launches["gemm"] = self._cp.launches.get("gemm", 0) + batchCount
        shapes = ((m, k), (k, m)), ((k, n), (n, k))
        for i in _counted(batchCount):
            a = matrix(A + 2 * i * strideA, Atype, *shapes[0][transa], lda)
            b = matrix(B + 2 * i * strideB, Btype, *shapes[1][transb], ldb)
            c = matrix(C + 4 * i * strideC, Ctype, m, n, ldc)
            left, right = (numbers(x).T if t else numbers(x) for x, t in ((a, transa), (b, transb)))
            with np.errstate(all="ignore"):
                c[...] = left @ right


def _counted(count: int) -> Iterator[int]:
    """All matrices of a stack, of which there is one at least.

    Raises:
        ValueError: If there is none.
    """
    if count < 1:
        raise ValueError("CUBLAS_STATUS_INVALID_VALUE: no matrix")
    yield from range(count)
