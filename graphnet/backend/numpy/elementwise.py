"""Element-wise functions over arrays of any size, block by block, and gathering."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from graphnet.backend.calls import cut
from graphnet.backend.numpy.threads import ThreadPool
from graphnet.blob import Array, columns

#: Elements of a block, of which three float32 ones fit into a core's second-level cache of 2 MiB;
#: and where threads share them out, so that a call takes so long that they do not wait for each
#: other at the interpreter's lock.
BLOCK_ELEMENTS, SHARED_ELEMENTS = 2**17, 2**18
#: Below this many elements a call is not worth waking a thread.
INLINE_ELEMENTS = 2**18


def flattened(arrays: Sequence[Array]) -> list[Array]:
    """The elements of each array in the order they are stored in: views of one axis.

    Raises:
        ValueError: If there are gaps between them, or the arrays are not stored in one order.
    """
    if all(array.flags.c_contiguous for array in arrays):
        return [array.reshape(-1) for array in arrays]
    return [columns(array).reshape(-1) for array in arrays]


def bind_elementwise(
    pool: ThreadPool, function: Callable[..., None], arrays: Sequence[Array]
) -> Callable[[], None]:
    """A call of ``function(np, *blocks)`` on all blocks of arrays of one shape and order.

    Raises:
        ValueError: If the arrays differ in shape or in storage order, or have gaps.
    """
    if len({array.shape for array in arrays}) > 1:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise ValueError(f"element-wise functions need arrays of one shape, not {shapes}")
    flat = flattened(arrays)
    size = flat[0].size
    inline = size < INLINE_ELEMENTS
    most = BLOCK_ELEMENTS if inline else SHARED_ELEMENTS
    parts = cut(max(size, 1), -(-size // most), multiple=64)
    tasks = [
        pool.task(partial(function, np, *(a[start:stop] for a in flat))) for start, stop in parts
    ]
    return pool.bind(tasks, inline=inline)
