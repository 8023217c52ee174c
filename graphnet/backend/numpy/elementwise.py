"""Element-wise functions over arrays of any size, block by block, and gathering."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from graphnet.backend.calls import cut
from graphnet.backend.numpy.threads import Task, ThreadPool
from graphnet.blob import Array, columns

#: Elements of a block, of which three float32 ones fit into a core's second-level cache of 2 MiB;
#: of a function of more arrays, such as an update, so that they still do; and where threads share
#: them out, so that a call takes so long that they do not wait for each other at the interpreter's
#: lock.
BLOCK_ELEMENTS, BLOCK_OF_MANY, SHARED_ELEMENTS = 2**17, 2**16, 2**18
#: Where there is scratch besides, all of it and the blocks fit; and where threads share them out.
WITH_SCRATCH, SHARED_WITH_SCRATCH = 2**16, 2**17
#: So many arrays of :data:`BLOCK_ELEMENTS` fit.
FEW_ARRAYS = 3
#: Blocks start at multiples of so many elements.
ALIGNED = 64
#: Below this many elements a call is not worth waking a thread. The update of 2**18.7 params takes
#: 500 µs in one thread and 600 in two, which meet at the interpreter's lock after every pass.
INLINE_ELEMENTS = 2**19


def flattened(arrays: Sequence[Array]) -> list[Array]:
    """The elements of each array in the order they are stored in: views of one axis.

    Raises:
        ValueError: If there are gaps between them, or the arrays are not stored in one order.
    """
    if all(array.flags.c_contiguous for array in arrays):
        return [array.reshape(-1) for array in arrays]
    return [columns(array).reshape(-1) for array in arrays]


def bind_elementwise(
    pool: ThreadPool,
    function: Callable[..., None],
    arrays: Sequence[Array],
    scratch: Array | None = None,
) -> Callable[[], None]:
    """A call of ``function(np, *blocks)`` on all blocks of arrays of one shape and order.

    ``scratch`` is ``(slots, n, elements)``: as many blocks of it follow, the same for every block
    that one thread takes, so that they stay in its cache.

    Raises:
        ValueError: If the arrays differ in shape or in storage order, or have gaps.
    """
    if len({array.shape for array in arrays}) > 1:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise ValueError(f"element-wise functions need arrays of one shape, not {shapes}")
    flat = flattened(arrays)
    size = flat[0].size
    inline = size < INLINE_ELEMENTS
    few = BLOCK_ELEMENTS if len(flat) <= FEW_ARRAYS else BLOCK_OF_MANY
    most = few if inline else SHARED_ELEMENTS
    at_once = most if scratch is None else scratch.shape[-1]
    parts = cut(max(size, 1), -(-size // max(1, at_once)), multiple=ALIGNED)
    tasks: list[Task] = []
    for start, stop in parts:
        blocks = [a[start:stop] for a in flat]
        if scratch is None:
            tasks.append(pool.task(partial(function, np, *blocks)))
        else:
            beside = scratch[:, :, : stop - start]
            tasks.append([[partial(function, np, *blocks, *own)] for own in beside])
    return pool.bind(tasks, inline=inline)


def scratch_shape(size: int, n: int, slots: int) -> tuple[int, int, int]:
    """The shape of ``n`` blocks of scratch beside arrays of ``size`` elements.

    Blocks may differ with the number of threads: no element's value depends on the others'.
    """
    whole = -(-size // ALIGNED) * ALIGNED
    is_shared = slots > 1 and size >= INLINE_ELEMENTS
    return slots, n, min(whole, SHARED_WITH_SCRATCH if is_shared else WITH_SCRATCH)
