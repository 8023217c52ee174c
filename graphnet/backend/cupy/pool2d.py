"""Max and mean pooling on the GPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, cast

from graphnet.backend.base import Divisor, PoolingKind, ScratchDecl
from graphnet.backend.calls import Op, in_turn
from graphnet.backend.cupy.kernels import NULL, Kernels, blocks_for
from graphnet.backend.window import Window
from graphnet.blob import Array, Shape

#: What the kernels know the divisors as.
RULES: Mapping[Divisor, int] = {"kernel": 0, "padded": 1, "valid": 2}


def pool2d_scratch(kind: PoolingKind, y: Shape, *, backward: bool) -> dict[str, ScratchDecl]:
    """The scratch that :func:`bind_pool2d` needs: where each maximum was found."""
    if kind == "Mean" or not backward:
        return {}
    return {"argmax": ScratchDecl(y, "int32", "pass", blob=True)}


def bind_pool2d(
    cp: Any,
    kind: PoolingKind,
    window: Window,
    divisor: Divisor,
    arrays: Sequence[Array | None],
    scratch: Mapping[str, Array],
) -> Op:
    """A pooling bound to its arrays.

    Args:
        cp: CuPy, or what stands in for it.
        kind: Max or Mean.
        window: Its geometry; every window meets the image.
        divisor: Of a mean.
        arrays: x, y, dx, dy; the diffs may be None.
        scratch: As :func:`pool2d_scratch` declares it.
    """
    x, y, dx, dy = cast("Sequence[Any]", arrays)
    n, *image = x.shape
    geometry = (n, *image, *y.shape[2:], *window.kernel, *window.stride, *window.pad)
    argmax, rule = scratch.get("argmax", NULL), RULES[divisor]

    def bind(kernel: str, over: Array, *arguments: Any) -> Callable[[], None]:
        """A kernel with a thread for each element of a sample of an array."""
        blocks = (blocks_for(prod(over.shape[1:])), n)
        return Kernels(cp).bind(f"pool2d.{kernel}", x.dtype, blocks, (*arguments, *geometry))

    is_max, backward = kind == "Max", in_turn([])
    forward = bind("max_pool", y, x, y, argmax) if is_max else bind("mean_pool", y, x, y, rule)
    if dx is not None and is_max:
        backward = bind("max_pool_gradient", x, dy, argmax, dx)
    elif dx is not None:
        backward = bind("mean_pool_gradient", x, dy, dx, rule)
    return Op(forward, backward)
