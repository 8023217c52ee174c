"""Predictions: rows through a net, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from graphnet.blob import shape_text
from graphnet.errors import ShapeError
from graphnet.inference.fed import FedBlob
from graphnet.inference.restored import Restore
from graphnet.inference.rows.block import Place, RowBlock, RowSource
from graphnet.net.net import Net
from graphnet.net.predicting.predictor import Predictor

#: Rows of a pass.
BATCH = 100


class Predicted(NamedTuple):
    """What a net makes of some rows.

    Attributes:
        first: The number of the first, among all.
        places: Where each is from.
        outputs: By blob, ``(n, …)``.
    """

    first: int
    places: Sequence[Place]
    outputs: dict[str, np.ndarray]


class Fed:
    """Rows as the blobs hold them, in blocks; the first is made at once, for it gives the shapes.

    Attributes:
        batch: The most rows of a block.
        shapes: Of a row, by blob.

    Args:
        rows: As they are stored.
        blobs: What is fed.

    Raises:
        DataError: If a row of the first block cannot be read.
    """

    def __init__(self, rows: RowSource, blobs: Sequence[FedBlob]) -> None:
        self._blobs = blobs
        self.batch = BATCH if rows.n_rows is None else min(BATCH, rows.n_rows)
        self._blocks = rows.blocks(self.batch)
        self._n = 0
        first = next(self._blocks)
        if rows.n_rows is None and len(first.places) < BATCH:
            second = next(self._blocks, None)
            if second is None:
                self.batch = len(first.places)
            else:
                self._blocks = chain([second], self._blocks)
        self._first = first, self._transformed(first)
        self.shapes = {name: values.shape[1:] for name, values in self._first[1].items()}

    def __iter__(self) -> Iterator[tuple[RowBlock, dict[str, np.ndarray]]]:
        yield self._first
        for block in self._blocks:
            yield block, self._transformed(block)

    def _transformed(self, block: RowBlock) -> dict[str, np.ndarray]:
        first, self._n = self._n, self._n + len(block.places)

        def where(row: int) -> str:
            return block.places[row - first].text

        made = {}
        for blob in self._blobs:
            rows = block.arrays[blob.name]
            made[blob.name] = blob.feed(rows, first, max(self.batch, len(rows)), where)
        return made


def predictions(
    net: Net, fed: Fed, names: Sequence[str], restore: Mapping[str, Restore] | None = None
) -> Iterator[Predicted]:
    """Run all rows through a net.

    Args:
        net: Of a spec that ``prediction_spec`` gives, for such batches.
        fed: The rows.
        names: The blobs whose values are wanted.
        restore: What is done to the values of some of them.

    Raises:
        ShapeError: If rows differ in their shape, or an output has other rows.
    """
    predictor, first = Predictor(net, fed.batch, names), 0
    predictor.check_a_row_each()
    with net.backend.computing(), net.put_back():
        for block, arrays in fed:
            for name, values in arrays.items():
                if values.shape[1:] != fed.shapes[name]:
                    raise ShapeError(
                        f"{block.places[0].text}: a row of '{name}' is"
                        f" {shape_text(values.shape[1:])}, and earlier ones were"
                        f" {shape_text(fed.shapes[name])}"
                    )
            outputs = predictor.run_batch(arrays, first)
            outputs |= {name: undo(outputs[name]) for name, undo in (restore or {}).items()}
            yield Predicted(first, block.places, outputs)
            first += len(block.places)
