"""Transformers undone: from the numbers a net computes with back to those of its data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np

from graphnet.data.record import DataRecord
from graphnet.data.transformer import Transformer
from graphnet.inference.answer import judged
from graphnet.net.predicting.feed import Feed, feeders
from graphnet.net.spec import NetSpec

#: From values ``(N, …)`` to as many.
Restore: TypeAlias = Callable[[np.ndarray], np.ndarray]


def restorer(spec: NetSpec, label: str, record: DataRecord) -> Restore:
    """What undoes the transformers of the blob that answers are held against.

    Args:
        spec: The net.
        label: The blob.
        record: Of the net's data.
    """
    return partial(restored, _transformers(spec, label, record))


def restorers(spec: NetSpec, outputs: Iterable[str], record: DataRecord) -> dict[str, Restore]:
    """The same for outputs that are numbers, if there is something to undo and it can be."""
    found: dict[str, Restore] = {}
    for one in judged(spec):
        transformers = _transformers(spec, one.label, record)
        if one.how.kind == "numbers" and one.answer in outputs and transformers:
            found[one.answer] = partial(restored, transformers)
    return found


def restored(transformers: Sequence[Transformer], values: np.ndarray) -> np.ndarray:
    """Transformed numbers turned back into those that are stored.

    They stay as they are if one of the transformers cannot be undone.
    """
    found: np.ndarray | None = values
    for transformer in reversed(transformers):
        found = None if found is None else transformer.undone(found)
    return values if found is None else found


def _transformers(spec: NetSpec, label: str, record: DataRecord) -> Sequence[Transformer]:
    node = feeders(spec).get(label)
    return Feed(label, node, np.dtype("float32"), record.means).transformers
