"""Bound calls: what a pass is a list of, and how work is cut into several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

from graphnet.blob import Array

#: A call bound to its arrays.
Call: TypeAlias = Callable[[], Any]


class Op(NamedTuple):
    """An operation bound to its arrays.

    Attributes:
        forward: Computes the outputs from the inputs.
        backward: Assigns the wanted diffs; called after ``forward`` on the same data.
    """

    forward: Callable[[], None]
    backward: Callable[[], None]


def in_turn(calls: Sequence[Call]) -> Callable[[], None]:
    """A call that makes all of ``calls``, one after another."""
    if len(calls) == 1:
        return calls[0]

    def run() -> None:
        for call in calls:
            call()

    return run


def assign(xp: Any, target: Array, source: Array) -> None:
    """For ``Backend.elementwise``: a copy."""
    xp.copyto(target, source)


def add_to(xp: Any, target: Array, other: Array) -> None:
    """For ``Backend.elementwise``: a sum in place."""
    xp.add(target, other, out=target)


def cut(size: int, parts: int, multiple: int = 1) -> list[tuple[int, int]]:
    """``range(size)`` in at most ``parts`` runs ``(start, stop)`` of nearly the same length.

    Args:
        size: At least 1.
        parts: Wanted; fewer where there is not enough to share out.
        multiple: All runs but the last start and stop at multiples of it.
    """
    units = -(-size // multiple)
    parts = max(1, min(parts, units))
    edges = [min(size, units * i // parts * multiple) for i in range(parts + 1)]
    return list(pairwise(edges))
