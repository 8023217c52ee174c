"""Mixed precision on the processor: operands are rounded, and everything is computed in float32.

It shows what a GPU's tensor cores would compute, but for the order in which they add. It takes
longer than float32 does: it is there to find out how a net learns in mixed precision.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import compress
from math import prod
from typing import Any

import numpy as np

from graphnet.backend.base import ConvArrays, InnerProductArrays, ScratchDecl
from graphnet.backend.calls import Call, Op, in_turn
from graphnet.backend.numpy.backend import NumpyBackend
from graphnet.backend.precision import Precision
from graphnet.backend.window import Window
from graphnet.blob import Array, Shape

#: By these names the rounded operands are among the scratch of an operation.
_PREFIX, _SPARE = "rounded/", "rounded/spare"
_NAN = 0x7FC00000
#: So many elements of a product's operand are rounded at a time.
_BLOCK = 2**12


def to_float16(xp: Any, values: Array, spare: Array, _: Array) -> None:
    """Round float32 ``values`` to float16 in place: to the nearest, of two the even one.

    What is too large becomes infinite, as what is larger than 65504 by half a unit or more.

    Args:
        xp: NumPy.
        values: Of one axis, contiguous.
        spare: Float32, at least as many.
    """
    half = spare.view(np.float16)[: values.size]
    with np.errstate(over="ignore", invalid="ignore"):
        xp.copyto(half, values, casting="same_kind")
    xp.copyto(values, half)


def to_bfloat16(xp: Any, values: Array, spare: Array, more: Array) -> None:
    """Round float32 ``values`` to bfloat16 in place: to the nearest, of two the even one.

    Args:
        xp: NumPy.
        values: Of one axis, contiguous.
        spare: Float32, at least as many.
        more: Likewise.
    """
    bits, odd = values.view(np.uint32), spare.view(np.uint32)[: values.size]
    is_nan = more.view(np.bool_)[: values.size]
    xp.isnan(values, out=is_nan)
    xp.right_shift(bits, 16, out=odd)
    xp.bitwise_and(odd, 1, out=odd)
    xp.add(odd, 0x7FFF, out=odd)
    xp.add(bits, odd, out=bits)
    xp.bitwise_and(bits, 0xFFFF0000, out=bits)
    xp.copyto(bits, np.uint32(_NAN), where=is_nan)  # whose bits may have run over


ROUNDINGS: Mapping[str, Callable[[Any, Array, Array, Array], None]] = {
    "float16": to_float16,
    "bfloat16": to_bfloat16,
}


class RoundedNumpyBackend(NumpyBackend):
    """The NumPy backend, whose products round their operands first.

    Args:
        precision: ``float16`` or ``bfloat16``.
        threads: As of :class:`NumpyBackend`.
    """

    def __init__(self, precision: Precision, threads: int | None = None) -> None:
        super().__init__(threads)
        self.precision = precision
        self._round, self._operand_scratch = ROUNDINGS[precision], _OperandScratch()

    # --- products -----------------------------------------------------------------------

    def product(
        self, left: Array, right: Array, out: Array, *, whole: bool = False, is_sum: bool = False
    ) -> Call:
        if is_sum:
            return super().product(left, right, out, whole=whole)
        return partial(self._multiply, left, right, out)

    def _multiply(self, left: Array, right: Array, out: Array) -> None:
        scratch = self._operand_scratch
        scratch.fit(left.size, right.size)
        a, b = (
            self._rounded_into(scratch, operand, own)
            for operand, own in ((left, scratch.left), (right, scratch.right))
        )
        np.matmul(a, b, out=out)

    def _rounded_into(self, scratch: _OperandScratch, operand: Array, own: Array) -> Array:
        flat: Array = own[: operand.size]
        copy = flat.reshape(operand.shape)
        np.copyto(copy, operand)
        for start in range(0, flat.size, _BLOCK):
            self._round(np, flat[start : start + _BLOCK], scratch.spare, scratch.more)
        return copy

    # --- operations ---------------------------------------------------------------------

    def inner_product_scratch(
        self, x: Shape, weight: Shape, y: Shape, *, backward: bool
    ) -> Mapping[str, ScratchDecl]:
        needed = super().inner_product_scratch(x, weight, y, backward=backward)
        shapes = {"x": x, "weight": weight} | ({"dy": y} if backward else {})
        return {**needed, **dict(self._operands(shapes))}

    def inner_product(
        self, arrays: InnerProductArrays, scratch: Mapping[str, Array] | None = None
    ) -> Op:
        held = scratch or {}
        x, weight, dy = (held.get(_PREFIX + name) for name in ("x", "weight", "dy"))
        if x is None or weight is None:
            raise ValueError("an inner product of rounded operands needs its scratch")
        rounded = replace(arrays, x=x, weight=weight, dy=dy, dbias=None)
        op = super().inner_product(rounded, held)
        factors = {"x": (arrays.x, arrays.dweight), "weight": (arrays.weight, arrays.dx)}
        axes = range(arrays.y.ndim - 1)
        return self._after_rounding(op, factors, arrays.dy, arrays.dbias, axes, held)

    def conv2d_scratch(
        self, window: Window, n_group: int, x: Shape, filter_: Shape, *, backward: bool
    ) -> Mapping[str, ScratchDecl]:
        needed = super().conv2d_scratch(window, n_group, x, filter_, backward=backward)
        shapes: dict[str, Shape] = {"x": x, "filter": filter_}
        if backward:
            shapes["dy"] = (x[0], filter_[0], *window.floor_size((x[2], x[3])))
        return {**needed, **dict(self._operands(shapes))}

    def conv2d(
        self, window: Window, n_group: int, arrays: ConvArrays, scratch: Mapping[str, Array]
    ) -> Op:
        x, filter_ = scratch[_PREFIX + "x"], scratch[_PREFIX + "filter"]
        dy = None if arrays.dy is None else scratch[_PREFIX + "dy"]
        rounded = replace(arrays, x=x, filter=filter_, dy=dy, dbias=None)
        op = super().conv2d(window, n_group, rounded, scratch)
        factors = {"x": (arrays.x, arrays.dfilter), "filter": (arrays.filter, arrays.dx)}
        return self._after_rounding(op, factors, arrays.dy, arrays.dbias, (0, 2, 3), scratch)

    def _after_rounding(
        self,
        op: Op,
        factors: Mapping[str, tuple[Array, Array | None]],
        dy: Array | None,
        dbias: Array | None,
        axes: Sequence[int],
        scratch: Mapping[str, Array],
    ) -> Op:
        """An operation, and before it the rounding of the operands that it reads.

        Args:
            op: Bound to the rounded operands, without a bias's diff.
            factors: By name, what is rounded, and the diff for which backward reads it (None: not
                wanted).
            dy: The diff of the output, as it is.
            dbias: The diff of the bias, which is no product, or None.
            axes: Those of ``dy`` that it is summed over.
            scratch: Has the rounded operands.
        """
        before = [self._rounded(source, name, scratch) for name, (source, _) in factors.items()]
        calls: list[Call] = []
        if dy is not None:
            wanted = [diff is not None for _, diff in factors.values()]
            if any(wanted):
                calls += [self._rounded(dy, "dy", scratch), *compress(before, wanted), op.backward]
            if dbias is not None:
                calls.append(self.axes_sum(dy, axes, dbias))
        return Op(in_turn([*before, op.forward]), in_turn(calls))

    def _operands(self, shapes: Mapping[str, Shape]) -> Iterator[tuple[str, ScratchDecl]]:
        """The scratch for operands of these shapes: params as they are, the others as blobs."""
        for name, shape in shapes.items():
            yield _PREFIX + name, ScratchDecl(shape, blob=name in ("x", "dy"))
        largest = max(shapes.values(), key=prod)
        yield _SPARE, self.elementwise_scratch(largest, 2)

    def _rounded(self, source: Array, name: str, scratch: Mapping[str, Array]) -> Call:
        """The call that writes ``source``, rounded, to the operand of that name."""
        target = scratch[_PREFIX + name]
        rounding = self.elementwise(self._round, target, scratch=scratch[_SPARE])
        return in_turn([partial(np.copyto, target, source), rounding])


class _OperandScratch(threading.local):
    """Where a thread rounds the operands of a product; nothing in it outlives a call."""

    def __init__(self) -> None:
        self.left = self.right = np.empty(0, np.float32)
        self.spare, self.more = np.empty((2, _BLOCK), np.float32)

    def fit(self, n_left: int, n_right: int) -> None:
        """Hold operands of so many elements; what has grown stays so."""
        if n_left > self.left.size:
            self.left = np.empty(n_left, np.float32)
        if n_right > self.right.size:
            self.right = np.empty(n_right, np.float32)
