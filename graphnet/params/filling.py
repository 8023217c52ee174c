"""Filling params and state part by part, so that their values are never in memory a second time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import Protocol, runtime_checkable

import numpy as np

from graphnet.backend.base import Backend
from graphnet.blob import Array
from graphnet.files.mapping import check_whole, let_go

#: The most numbers of a part.
PART = 1 << 20


@runtime_checkable
class InParts(Protocol):
    """Values that can be had one part after another."""

    def parts(self) -> Iterator[np.ndarray]:
        """All of them in C order, flat."""


def fill(backend: Backend, out: Array, parts: Iterable[np.ndarray]) -> None:
    """Fill an array, rounding to its precision.

    Args:
        backend: Where it lives.
        out: Of C order.
        parts: Its values in that order, flat; none at all leave it as it is.
    """
    flat, start = out.reshape(-1), 0
    for part in parts:
        stop = start + part.size
        backend.upload(np.ascontiguousarray(part, dtype=flat.dtype), flat[start:stop])
        start = stop


def parts_of(values: np.ndarray | InParts) -> Iterator[np.ndarray]:
    """Values in C order, flat, at most ``PART`` numbers at a time where they lie so.

    Of a mapped file, what has been read does not stay in memory.

    Raises:
        GraphnetError: If such a file has been cut short meanwhile.
    """
    if isinstance(values, InParts):
        yield from values.parts()
        return
    values = np.asarray(values)
    if values.flags.c_contiguous:
        flat = values.reshape(-1)
        for start in range(0, flat.size, PART):
            part = flat[start : start + PART]
            check_whole(part)
            yield part
            let_go(part)
    else:
        step = max(1, PART // max(1, prod(values.shape[1:])))
        for start in range(0, len(values), step):
            check_whole(values)
            yield values[start : start + step].reshape(-1)
        if values.T.flags.c_contiguous:
            let_go(values.T)
