"""The CUDA kernels of the folder ``cuda``: compiled when wanted, and bound to their arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.errors import ShapeError

FOLDER = Path(__file__).parent / "cuda"
#: Threads of a block; the kernels that add up what they hold say so too.
THREADS = 256
#: The most blocks along y that CUDA launches; the kernels loop where there is more to do.
MOST_ALONG_Y = 65535
#: Elements of a sample that the kernels for images can count.
MOST_OF_A_SAMPLE = 2**31 - 1
#: A pointer to nothing, for arguments that may be left out.
NULL = np.uint64(0)

REALS = {4: "float", 8: "double"}


def options(itemsize: int) -> tuple[str, ...]:
    """The compiler's, for numbers of so many bytes."""
    return ("--std=c++17", f"-Dreal={REALS[itemsize]}")


@cache
def source(file: str) -> str:
    """The text of ``backend/cupy/cuda/FILE.cu``."""
    return f'#line 1 "{file}.cu"\n' + (FOLDER / f"{file}.cu").read_text(encoding="utf-8")


@cache
def _module(cp: Any, file: str, itemsize: int) -> Any:
    return cp.RawModule(code=source(file), options=options(itemsize))


@cache
def _function(cp: Any, kernel: str, itemsize: int) -> Any:
    file, _, name = kernel.partition(".")
    return _module(cp, file, itemsize).get_function(name)


class Kernels:
    """Gives launches of kernels.

    Args:
        cp: CuPy, or what stands in for it.
    """

    def __init__(self, cp: Any) -> None:
        self.cp = cp

    def bind(
        self,
        kernel: str,
        dtype: np.dtype,
        blocks: tuple[int, int],
        arguments: Sequence[Any],
        *,
        threads: int = THREADS,
    ) -> Callable[[], None]:
        """A call that launches a kernel.

        Args:
            kernel: ``file.name``.
            dtype: Of the numbers it computes with.
            blocks: Along x and y; along y at most :data:`MOST_ALONG_Y` are launched.
            arguments: Arrays, NumPy scalars, and integers, which it takes as ``int``.
            threads: Of a block.
        """
        if 0 in blocks:
            return _nothing
        function = _function(self.cp, kernel, np.dtype(dtype).itemsize)
        passed = tuple(np.int32(a) if isinstance(a, int) else a for a in arguments)
        grid = (blocks[0], min(blocks[1], MOST_ALONG_Y))
        return partial(function, grid, (threads,), passed)


def check_countable(*shapes: Shape) -> None:
    """Check that the elements of a sample can be counted by ``int``, as the kernels do.

    Raises:
        ShapeError: If it has too many.
    """
    for shape in shapes:
        if prod(shape[1:]) > MOST_OF_A_SAMPLE:
            raise ShapeError(
                f"a sample of a blob of shape {shape_text(shape)} has more elements than the "
                f"kernels for a GPU can count, which is {MOST_OF_A_SAMPLE}"
                "\n  use the backend numpy, or smaller images"
            )


def blocks_for(n_threads: int) -> int:
    """How many blocks hold so many threads."""
    return -(-n_threads // THREADS)


def _nothing() -> None:
    """There is nothing to compute."""
