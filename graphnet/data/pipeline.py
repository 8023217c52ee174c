"""From rows as they are stored to the finished batch of one top."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import isfinite

import numpy as np

from graphnet.backend.calls import Call, in_turn
from graphnet.data.hdf5.reader import Column
from graphnet.data.transformer import Apply, Samples, Transformer
from graphnet.declare.lossless import first_inexact, inexact_text, most_exact
from graphnet.declare.user_types import type_name
from graphnet.errors import DataError
from graphnet.random.keys import stream_key

#: Samples that lie a multiple of so many bytes apart are transposed so many at a time.
_CROWDED_BYTES, _FEW_SAMPLES = 1024, 8


class Pipeline:
    """Converts a batch to the net's precision, checks it, and runs its transformers.

    Attributes:
        is_simple: Whether a batch takes little more than the conversion.

    Args:
        column: What the rows are like.
        transformers: In order.
        batch_size: Samples in every batch.
        dtype: The net's precision.
        seed: Of the run.
        layer: The data layer's name; with the seed it keys random transformers.
        check_finite: Whether values that are NaN or infinite in the net's precision are refused.
    """

    def __init__(
        self,
        column: Column,
        transformers: Sequence[Transformer],
        batch_size: int,
        dtype: np.dtype,
        *,
        seed: int,
        layer: str,
        check_finite: bool,
    ) -> None:
        self.name, self._dtype = column.name, dtype
        self._stored = np.empty((batch_size, *column.shape), column.dtype)
        self._is_float = column.dtype.kind == "f"
        self._is_converted = column.dtype != dtype
        self._check = check_finite and self._is_float
        self._exact = most_exact(dtype)
        self._may_round = column.dtype.kind in "iu" and np.iinfo(column.dtype).max > self._exact
        moving = [i for i, t in enumerate(transformers) if not t.in_place]
        self._is_direct = not moving and not self._is_converted
        self.is_simple = not moving
        self._first = np.empty((batch_size, *column.shape), dtype) if moving else None
        self._steps: list[tuple[Apply, bool, np.ndarray | None]] = []
        shape = column.shape
        for i, transformer in enumerate(transformers):
            # counted by type, so that tops with the same random transformers are treated alike
            kind = type_name(transformer)
            count = sum(type_name(t) == kind for t in transformers[:i])
            key = stream_key(seed, f"augment/{layer}/{kind}/{count}")
            apply = transformer.bind(shape, batch_size, dtype, key)
            shape = transformer.out_shape(shape)
            is_between = i in moving[:-1]
            between = np.empty((batch_size, *shape), dtype) if is_between else None
            self._steps.append((apply, transformer.in_place, between))

    def check_whole_numbers(self, stored: np.ndarray, where: Callable[[int], str]) -> None:
        """Refuse a whole number that the net's precision rounds to another: it may be a label."""
        place = first_inexact(stored, self._dtype)
        if place is not None:
            text = inexact_text(stored[place], place[1:], self._dtype)
            raise DataError(f"{where(place[0])}: '{self.name}': {text}")

    def receiver(self, target: np.ndarray) -> np.ndarray:
        """Where to put the rows of a batch, ``(N, …)`` as stored: the target, if that can be."""
        return target if self._is_direct and target.flags.c_contiguous else self._stored

    def bind(
        self, target: np.ndarray, samples: Samples, where: Callable[[int], str]
    ) -> Callable[[], None]:
        """A call that makes the batch of the rows then in :meth:`receiver`.

        It raises a DataError if a value is not finite, or a whole number that the net's precision
        does not hold.

        Args:
            target: ``(N, …)``, in any storage order.
            samples: Which rows they then are.
            where: Names the place of a row of the source.
        """

        def place(slot: int) -> str:
            return where(int(samples.rows[slot]))

        stored = self.receiver(target)
        x = target if self._first is None else self._first
        calls: list[Call] = []
        if self._is_float and self._is_converted:
            calls.append(partial(_convert, stored, x))
        elif x is not stored:
            calls.append(partial(_copy, stored, x))
        if self._may_round:
            calls.append(partial(self._check_whole_batch, stored, place))
        if self._check:
            # a cheap sum, which is not finite if an element is not; of squares, it warns of nothing
            total = partial(_sum, x) if self._is_converted else partial(np.vdot, stored, stored)
            calls.append(partial(self._check_finite, total, x, stored, place))
        for apply, in_place, between in self._steps:
            out = x if in_place else target if between is None else between
            calls.append(partial(apply, x, out, samples))
            x = out
        return in_turn(calls)

    def _check_whole_batch(self, stored: np.ndarray, where: Callable[[int], str]) -> None:
        """The same of a batch, quickly: hardly ever is a number too large."""
        if stored.max() > self._exact or stored.min() < -self._exact:
            self.check_whole_numbers(stored, where)

    def _check_finite(
        self, total: Call, x: np.ndarray, stored: np.ndarray, where: Callable[[int], str]
    ) -> None:
        """Refuse the first value that is not finite, if the total is not."""
        if isfinite(total()):
            return
        bad = ~np.isfinite(x.reshape(len(x), -1)).all(axis=1)
        if not bad.any():
            return
        slot = int(bad.argmax())
        value = stored[slot].reshape(-1)[~np.isfinite(x[slot].reshape(-1))][0]
        text = f"is {value}" if not np.isfinite(value) else f"{value} is too large for {x.dtype}"
        raise DataError(
            f"{where(slot)}: a value of '{self.name}' {text}\n"
            "  repair the data, or allow it with check_finite: false"
        )


def _convert(stored: np.ndarray, target: np.ndarray) -> None:
    """``target[...] = stored``, of floats that may be too large for it."""
    with np.errstate(over="ignore", invalid="ignore"):
        _copy(stored, target)


def _sum(x: np.ndarray) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(x.sum())


def _copy(stored: np.ndarray, target: np.ndarray) -> None:
    """``target[...] = stored``, where target may have the batch axis last.

    Samples whose distance in memory is a multiple of a large power of two crowd each other out of
    the processor's cache if many are read in turn; so they are copied a few at a time.
    """
    n = len(stored)
    step = _FEW_SAMPLES if stored.strides[0] % _CROWDED_BYTES == 0 else n
    for start in range(0, n, step):
        np.copyto(target[start : start + step], stored[start : start + step])
