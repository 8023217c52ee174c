"""ClassLabels: the class each position is given, checked, and where that class's score lies.

Used by the losses and statistics that compare scores ``(N, C, …)`` with a class per position. A
label blob holds whole numbers as floats: one for each position, with ``axis`` left out or of
size 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import prod
from typing import Any

import numpy as np

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call, in_turn
from graphnet.backend.measures import Number
from graphnet.blob import Array, Shape, reshaped, shape_text, storage
from graphnet.errors import BatchError, ShapeError
from graphnet.layers.shape.axis import axis_of, with_size, without
from graphnet.sealed import Sealed


def check_label_shape(scores: Shape, label: Shape, axis: int) -> None:
    """See that there is one label for each position.

    Raises:
        ShapeError: If not, or if the scores have no such axis.
    """
    fitting = label_shapes(scores, axis)
    if label in fitting:
        return
    if scores in label_shapes(label, axis):
        raise ShapeError(
            f"its bottoms look swapped: scores of shape {shape_text(scores)}, labels of shape"
            f" {shape_text(label)}\n  give the scores first, then the labels"
        )
    axis = axis_of(scores, axis)
    if label == scores:
        raise ShapeError(
            f"labels of shape {shape_text(label)}, as the scores have, look one-hot\n"
            f"  expected {shape_text(fitting[0])} or {shape_text(fitting[1])}: the number of one"
            " class for each position\n"
            "  an Argmax layer makes that of them; SoftlabelSoftmaxLoss takes them as they are"
        )
    raise ShapeError(
        f"labels of shape {shape_text(label)} do not fit scores of shape {shape_text(scores)}"
        f"\n  expected {shape_text(fitting[0])} or {shape_text(fitting[1])}: one class for "
        f"each position, the classes lying along axis {axis} of the scores"
    )


def label_shapes(scores: Shape, axis: int) -> tuple[Shape, ...]:
    """The shapes that labels of such scores may have; none if these have no such axis."""
    if axis >= len(scores) or -axis > len(scores):
        return ()
    axis = axis_of(scores, axis)
    return without(scores, axis), with_size(scores, axis, 1)


def label_scratch(scores: Shape, axis: int) -> dict[str, ScratchDecl]:
    """The scratch of :class:`ClassLabels`, which lives from forward to backward."""
    positions = with_size(scores, axis_of(scores, axis), 1)
    return {
        "classes": ScratchDecl(positions, "int64", "pass", blob=True),
        "index": ScratchDecl(positions, "int64", "pass", blob=True),
        "offset": ScratchDecl(positions, "int64", "forever", blob=True),
        "ignored": ScratchDecl(positions, "bool", "pass", blob=True),
        "flag": ScratchDecl(positions, "bool", blob=True),
        "whole": ScratchDecl(positions, blob=True),
    }


def memory(array: Array) -> Array:
    """All elements of a blob's array in the order they are stored, as a view of one axis."""
    stored = array if array.flags.c_contiguous else storage(array)
    return reshaped(stored, (array.size,))


def write_offsets(xp: Any, out: Array, array: Array, axis: int) -> None:
    """Where class 0 of each position lies in ``memory(array)``.

    Args:
        xp: The array module.
        out: ``(N, …)`` with size 1 along ``axis``.
        array: As many axes, each of the same size, or of size 1 and then broadcast.
        axis: The axis of the classes.
    """
    out.fill(0)
    for k, size in enumerate(array.shape):
        if k != axis and size > 1:
            along = (1,) * k + (size,) + (1,) * (array.ndim - k - 1)
            out += xp.arange(size).reshape(along) * (array.strides[k] // array.itemsize)


class IndexRange:
    """Tells which values are whole numbers from 0 to n − 1, and turns the others into such.

    Args:
        backend: The one they are on.
        n: How many indices there are.
        dtype: Their element type.
    """

    def __init__(self, backend: Backend, n: int, dtype: np.dtype) -> None:
        self.xp = backend.xp
        self.low, self.high = (backend.full((), bound, dtype) for bound in (0, n - 1))

    def fit(self, values: Array, fitted: Array, flag: Array) -> list[Call]:
        """The calls that write such numbers to ``fitted``, and to ``flag`` which were so already.

        Whatever the values are (NaN becomes 0), those of ``fitted`` can be used as indices.
        """
        xp = self.xp
        return [
            partial(xp.fmax, values, self.low, fitted),
            partial(xp.fmin, fitted, self.high, fitted),
            partial(xp.floor, fitted, fitted),
            partial(xp.equal, values, fitted, flag),
        ]


class ClassLabels(Sealed):
    """Reads a label blob.

    Attributes:
        classes: The class of each position; 0 where it is ignored.
        index: Where the score of that class lies in ``memory(scores)``.
        expectation: That all labels are classes; its layer lists it.
        ignores: Whether some positions may not count.
        ignored: Those; written only if there may be some.
        read: Takes over the labels of a batch; raises a BatchError if one is no class, naming it
            and its row, on a backend that sees it at once.

    Args:
        backend: The layer's.
        scores: ``(N, …)``, with the classes along ``axis``.
        label: The blob's data.
        axis: The axis of the classes.
        ignore_label: A label that does not count; it need not be a class.
        scratch: As declared by :func:`label_scratch`.
        bottom: The number of the bottom that holds the labels.
        without: Where nothing is counted, whatever the label is; it broadcasts against positions.
    """

    def __init__(
        self,
        backend: Backend,
        scores: Array,
        label: Array,
        axis: int,
        ignore_label: int | None,
        scratch: Mapping[str, Array],
        bottom: int = 1,
        without: Array | None = None,
    ) -> None:
        self.bottom = bottom
        self.xp, self.ignore_label, self.without = backend.xp, ignore_label, without
        self.ignores = ignore_label is not None or without is not None
        self.axis = axis_of(scores.shape, axis)
        self.n_class = scores.shape[self.axis]
        self.is_given_so = label.ndim == scores.ndim
        self.label = label if self.is_given_so else self.xp.expand_dims(label, self.axis)
        self.classes, self.index, self.offset, self.ignored, self.flag, self.whole = (
            scratch[name] for name in ("classes", "index", "offset", "ignored", "flag", "whole")
        )
        write_offsets(self.xp, self.offset, scores, self.axis)
        self.number = backend.number
        self.expectation = backend.expectation(self.flag, self.label, self.refuse)
        step = backend.full((), scores.strides[self.axis] // scores.itemsize, self.index.dtype)
        self.read = in_turn(self.calls(IndexRange(backend, self.n_class, label.dtype), step))

    def calls(self, whole_numbers: IndexRange, step: Array) -> list[Call]:
        """What ``read`` does."""
        xp, label, flag, ignored = self.xp, self.label, self.flag, self.ignored
        calls = whole_numbers.fit(label, self.whole, flag)
        if self.ignore_label is not None:
            calls.append(partial(xp.equal, label, self.ignore_label, ignored))
        if self.without is not None:
            first = ignored if self.ignore_label is not None else self.without
            calls.append(partial(xp.logical_or, first, self.without, ignored))
        if self.ignores:
            calls.append(partial(xp.logical_or, flag, ignored, flag))
        calls.append(self.expectation.look)
        calls.append(partial(xp.copyto, self.classes, self.whole, "unsafe"))
        if self.ignores:
            calls.append(partial(xp.copyto, self.classes, 0, where=ignored))
        calls.append(partial(xp.multiply, self.classes, step, self.index))
        calls.append(partial(xp.add, self.index, self.offset, self.index))
        return calls

    def n_counted(self, n_valid: int) -> Number:
        """How many positions of the first rows are not ignored."""
        positions = n_valid * prod(self.classes.shape[1:])
        if not self.ignores:
            return positions
        return positions - self.number(self.xp.count_nonzero(self.ignored[:n_valid]))

    def refuse(self, at: tuple[int, ...], value: float, ago: int) -> None:
        """Report a label that is no class."""
        place = without(at, self.axis)
        also = "" if self.ignore_label is None else f" (or {self.ignore_label}, which is ignored)"
        raise BatchError(
            f"the label {number_text(value)} in {place_text(place)} of the batch is no class"
            f"\n  {counted_from_0('classes', self.n_class)}{also}",
            self.bottom,
            at if self.is_given_so else place,
            value,
            ago,
        )


def place_text(place: tuple[int, ...]) -> str:
    """``row 3, place [0, 5]``."""
    row, *others = place
    return f"row {row}" + (f", place {others}" if others else "")


def number_text(value: float) -> str:
    """Whole numbers in full, others as short as they are told apart."""
    return str(int(value)) if value.is_integer() and abs(value) < 2**63 else f"{value:g}"


def counted_from_0(what: str, n: int) -> str:
    """What a number that names one of n things is expected to be."""
    return f"expected a whole number from 0 to {n - 1}: {what} count from 0"
