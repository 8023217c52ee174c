"""Max and mean pooling on the GPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, cast

from graphnet.backend.base import Divisor, PoolingKind, ScratchDecl, Window
from graphnet.backend.calls import in_turn
from graphnet.backend.cupy.kernels import NULL, Kernels, blocks_for
from graphnet.blob import Array, Shape

#: What the kernels know the divisors as.
RULES: Mapping[Divisor, int] = {"kernel": 0, "padded": 1, "valid": 2}


def pool2d_scratch(kind: PoolingKind, y: Shape, *, backward: bool) -> dict[str, ScratchDecl]:
    """The scratch of :class:`CupyPool2d`: where each maximum was found."""
    if kind == "Mean" or not backward:
        return {}
    return {"argmax": ScratchDecl(y, "int32", "pass", blob=True)}


class CupyPool2d:
    """A pooling bound to its arrays.

    Args:
        cp: CuPy, or what stands in for it.
        kind: Max or Mean.
        window: Its geometry; every window meets the image.
        divisor: Of a mean.
        arrays: x, y, dx, dy; the diffs may be None.
        scratch: As :func:`pool2d_scratch` declares it.
    """

    forward: Callable[[], None]
    backward: Callable[[], None]

    def __init__(
        self,
        cp: Any,
        kind: PoolingKind,
        window: Window,
        divisor: Divisor,
        arrays: Sequence[Array | None],
        scratch: Mapping[str, Array],
    ) -> None:
        x, y, dx, dy = cast("Sequence[Any]", arrays)
        n, *image = x.shape
        geometry = (n, *image, *y.shape[2:], *window.kernel, *window.stride, *window.pad)
        blocks, blocks_back = ((blocks_for(prod(a.shape[1:])), n) for a in (y, x))
        argmax, rule = scratch.get("argmax", NULL), RULES[divisor]
        bind = Kernels(cp).bind
        if kind == "Max":
            self.forward = bind("pool2d.max_pool", x.dtype, blocks, (x, y, argmax, *geometry))
        else:
            self.forward = bind("pool2d.mean_pool", x.dtype, blocks, (x, y, rule, *geometry))
        if dx is None:
            self.backward = in_turn([])
        elif kind == "Max":
            self.backward = bind(
                "pool2d.max_pool_gradient", x.dtype, blocks_back, (dy, argmax, dx, *geometry)
            )
        else:
            self.backward = bind(
                "pool2d.mean_pool_gradient", x.dtype, blocks_back, (dy, dx, rule, *geometry)
            )
