"""From rows as they are stored to the finished batch of one top."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import isfinite

import numpy as np

from graphnet.backend.calls import Call, in_turn
from graphnet.data.hdf5.reader import Column
from graphnet.data.transformer import Apply, Samples, Transformer
from graphnet.declare.lossless import first_inexact, inexact_text
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
        batch_size: Rows of every batch.
        dtype: The net's precision.
        seed: Of the run.
        layer: The data layer's name; with the seed it keys random transformers.
        check_finite: Refuse values that are NaN or infinite in the net's precision.

    Raises:
        DataError: If a transformer's file cannot be read.
        ShapeError: If a transformer cannot take these rows.
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
        #: The largest whole number up to which the net's precision holds every one.
        self._exact = 1 << (np.finfo(dtype).nmant + 1)
        self._may_round = column.dtype.kind in "iu" and np.iinfo(column.dtype).max > self._exact
        moving = [i for i, t in enumerate(transformers) if not t.in_place]
        self._is_direct = not moving and not self._is_converted
        self.is_simple = not moving
        self._first = np.empty((batch_size, *column.shape), dtype) if moving else None
        self._steps: list[tuple[Apply, bool, np.ndarray | None]] = []
        shape = column.shape
        for i, transformer in enumerate(transformers):
            # counted by type, so that tops with the same random transformers are treated alike
            count = sum(t.type == transformer.type for t in transformers[:i])
            key = stream_key(seed, f"augment/{layer}/{transformer.type}/{count}")
            apply = transformer.bind(shape, batch_size, dtype, key)
            shape = transformer.out_shape(shape)
            is_between = i in moving[:-1]
            between = np.empty((batch_size, *shape), dtype) if is_between else None
            self._steps.append((apply, transformer.in_place, between))

    def check_whole_numbers(
        self, rows: np.ndarray, first: int, where: Callable[[int], str]
    ) -> None:
        """See that the net's precision can tell whole numbers apart: they may be labels.

        Args:
            rows: As they are stored.
            first: Of the source, the number of the first.
            where: Names the place of a row.

        Raises:
            DataError: At the first that it cannot hold.
        """
        place = first_inexact(rows, self._dtype)
        if place is not None:
            text = inexact_text(rows[place], place[1:], self._dtype)
            raise DataError(f"{where(first + place[0])}: '{self.name}': {text}")

    def receiver(self, target: np.ndarray) -> np.ndarray:
        """Where the rows of a batch are to be put, ``(N, …)`` in the type on disk.

        It is the target itself where nothing lies between.
        """
        return target if self._is_direct and target.flags.c_contiguous else self._stored

    def bind(
        self, target: np.ndarray, samples: Samples, where: Callable[[int], str]
    ) -> Callable[[], None]:
        """A call that makes the batch of the rows then in :meth:`receiver`.

        It raises a DataError if a value is not finite, or a whole number that is too large for
        the net's precision to hold it.

        Args:
            target: ``(N, …)``, in any storage order.
            samples: Which rows they then are.
            where: Names the place of a row.
        """
        stored = self.receiver(target)
        x = target if self._first is None else self._first
        calls: list[Call] = []
        if self._is_float and self._is_converted:
            calls.append(partial(_convert, stored, x))
        elif x is not stored:
            calls.append(partial(_copy, stored, x))
        if self._may_round:
            calls.append(partial(self._check_exact, x, samples, where))
        if self._check:
            calls.append(partial(self._check_finite, self._total(stored, x), x, samples, where))
        for apply, in_place, between in self._steps:
            out = x if in_place else target if between is None else between
            calls.append(partial(apply, x, out, samples))
            x = out
        return in_turn(calls)

    def _total(self, stored: np.ndarray, x: np.ndarray) -> Call:
        """A cheap sum over the batch, which cannot be finite if an element is not."""
        if self._is_converted:
            return partial(_sum, x)
        return partial(np.vdot, stored, stored)  # of squares: warns of nothing

    def _check_exact(self, x: np.ndarray, samples: Samples, where: Callable[[int], str]) -> None:
        """Refuse the first whole number that has become another one."""
        stored = self._stored
        if stored.max() <= self._exact and stored.min() >= -self._exact:
            return
        with np.errstate(invalid="ignore"):  # of what has been rounded out of the type's range
            is_beyond = x >= float(int(np.iinfo(stored.dtype).max) + 1)
            bad = is_beyond | (x.astype(stored.dtype) != stored)
        if not bad.any():
            return
        n = int(bad.reshape(len(bad), -1).any(axis=1).argmax())
        at = bad[n].argmax() if bad.ndim > 1 else 0
        raise DataError(
            f"{where(int(samples.rows[n]))}: {stored[n].reshape(-1)[at]} in '{self.name}' would be "
            f"rounded to {x[n].reshape(-1)[at]:.0f} in {x.dtype}\n"
            "  store it as a floating-point number if it may be rounded"
        )

    def _check_finite(
        self,
        total: Call,
        x: np.ndarray,
        samples: Samples,
        where: Callable[[int], str],
    ) -> None:
        if not isfinite(total()):
            self._refuse(x, self._stored if self._is_converted else x, samples, where)

    def _refuse(
        self, x: np.ndarray, stored: np.ndarray, samples: Samples, where: Callable[[int], str]
    ) -> None:
        """Name the first value that is not finite, if there is one after all."""
        bad = ~np.isfinite(x.reshape(len(x), -1)).all(axis=1)
        if not bad.any():
            return
        n = int(bad.argmax())
        values = stored[n].reshape(-1)
        value = values[~np.isfinite(x[n].reshape(-1))][0]
        text = f"is {value}" if not np.isfinite(value) else f"{value} is too large for {x.dtype}"
        raise DataError(
            f"{where(int(samples.rows[n]))}: a value of '{self.name}' {text}\n"
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
    """``target[...] = stored``, whose samples may lie across those of ``stored``.

    Samples whose distance in memory is a multiple of a large power of two crowd each other out of
    the processor's cache where many are read in turn; so they go a few at a time.
    """
    n = len(stored)
    step = _FEW_SAMPLES if stored.strides[0] % _CROWDED_BYTES == 0 else n
    for start in range(0, n, step):
        np.copyto(target[start : start + step], stored[start : start + step])
