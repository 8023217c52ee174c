"""Feed: rows as they are stored become what a blob holds, by the transformers of its data layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

import numpy as np

from graphnet.blob import Shape
from graphnet.data.hdf5.reader import Column
from graphnet.data.pipeline import Pipeline
from graphnet.data.transformer import Samples, Transformer
from graphnet.data.transformers import out_shape
from graphnet.errors import ShapeError, located
from graphnet.layers.base import Phase
from graphnet.net.passes import select_phase
from graphnet.net.spec import NetSpec, Node


def feeders(spec: NetSpec, phase: Phase = "test") -> dict[str, Node]:
    """The tops of a phase's data layers, and the layer of each."""
    data = spec.data_nodes()
    return {top: n for n in select_phase(spec.nodes, phase) if n in data for top in n.tops}


class Feed:
    """Transforms the rows of one blob, a batch at a time.

    Attributes:
        name: Of the blob.
        transformers: In order.

    Args:
        name: Of the blob.
        node: The data layer that gives it where the net is not fed; None if none does.
        dtype: The net's precision.
        means: What transformers subtract, as a run has recorded it; see ``DataRecord``.
        raw: Whether the rows are already what the blob holds.
    """

    def __init__(
        self,
        name: str,
        node: Node | None,
        dtype: np.dtype,
        means: Mapping[str, np.ndarray] | None = None,
        *,
        raw: bool = False,
    ) -> None:
        self.name, self._node, self._dtype = name, node, dtype
        self.transformers = () if raw or node is None else _with_means(name, node, means or {})
        self._key: tuple[np.dtype, Shape, int] | None = None

    def out_shape(self, shape: Shape) -> Shape:
        """The shape of a row in the blob, of one as it is stored.

        Raises:
            ShapeError: If a transformer cannot take it.
        """
        with self._located():
            return out_shape(self.transformers, shape)

    def __call__(
        self, rows: np.ndarray, first: int, batch: int, where: Callable[[int], str]
    ) -> np.ndarray:
        """The rows as the blob holds them.

        Args:
            rows: At most ``batch``.
            first: The number of the first, of which random transformers are a function.
            batch: The most rows there will be.
            where: Names the place of the row of a number, for messages.

        Raises:
            DataError: If a value is not finite, or the precision does not hold it.
        """
        key = (rows.dtype.newbyteorder("="), rows.shape[1:], batch)
        with self._located():
            if key != self._key:
                self._bind(key)
            self._where = where
            last = first + len(rows) - 1
            np.minimum(np.arange(first, first + batch), last, out=self._samples.rows)
            np.copyto(self._stored[: len(rows)], rows)
            self._stored[len(rows) :] = self._stored[len(rows) - 1]
            self._finish()
        return self._made[: len(rows)].copy()

    def _bind(self, key: tuple[np.dtype, Shape, int]) -> None:
        dtype, shape, batch = self._key = key
        node = self._node
        pipeline = Pipeline(
            Column(self.name, dtype, shape),
            self.transformers,
            batch,
            self._dtype,
            seed=0,
            layer=node.name if node else self.name,
            check_finite=node is None or node.spec.must_be_finite,
        )
        self._made = np.empty((batch, *out_shape(self.transformers, shape)), self._dtype)
        self._samples = Samples(np.empty(batch, np.int64), np.zeros(batch, np.int64))
        self._stored = pipeline.receiver(self._made)
        self._finish = pipeline.bind(self._made, self._samples, self._place)

    def _place(self, row: int) -> str:
        return self._where(row)

    def _located(self) -> AbstractContextManager[None]:
        node = self._node
        return located(node.position if node else None, node.subject if node else "")


def _with_means(name: str, node: Node, means: Mapping[str, np.ndarray]) -> tuple[Transformer, ...]:
    """The transformers of a top, with what was recorded in place of what stands in files."""
    found: Sequence[Transformer] = node.spec.transformers_of(name)
    recorded = [means.get(f"{node.name}/{name}/{i}") for i in range(len(found))]
    return tuple(
        one if values is None else one.with_fitted(values)
        for one, values in zip(found, recorded, strict=True)
    )


def transformed(
    arrays: Mapping[str, np.ndarray], spec: NetSpec, dtype: np.dtype, most: int
) -> dict[str, np.ndarray]:
    """Arrays of rows as they are stored, as the blobs hold them.

    Args:
        arrays: By blob, each ``(n, …)``.
        spec: The net.
        dtype: Its precision.
        most: Rows that are transformed at a time.
    """
    nodes = feeders(spec)
    found = {}
    for name, rows in arrays.items():
        if not rows.ndim:
            raise ShapeError(f"predict: '{name}' is a single number\n  its first axis counts rows")
        feed = Feed(name, nodes.get(name), dtype)
        made = np.empty((len(rows), *feed.out_shape(rows.shape[1:])), dtype)
        batch = max(1, min(most, len(rows)))
        for first in range(0, len(rows), batch):
            part = rows[first : first + batch]
            made[first : first + batch] = feed(
                part, first, batch, lambda row: f"predict: row {row}"
            )
        found[name] = made
    return found
