"""Predictor and Predictors: the nets that run what is fed, each made once and kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnet.blob import Shape
from graphnet.errors import ShapeError
from graphnet.net.compiled import CompiledNet
from graphnet.net.predicting.feed import transformed
from graphnet.net.predicting.predict import (
    PREDICT_BATCH,
    chosen_outputs,
    fed_arrays,
    fed_rows,
    mixing_layer,
    prediction_spec,
)

if TYPE_CHECKING:
    from graphnet.net.net import Net

_MOST_PREDICTORS = 8


class Predictor:
    """A net that starts from what is fed, and the blobs whose values are wanted of it.

    Attributes:
        net: The net.

    Args:
        net: Of a spec that ``prediction_spec`` gives.
        batch: The rows of a pass.
        names: The blobs, all of them kept.
    """

    def __init__(self, net: Net, batch: int, names: Sequence[str]) -> None:
        self.net, self._batch = net, batch
        self._fed = {top.name: top.data for layer in net.data_layers for top in layer.tops}
        self._made = {name: net.blobs[name].data for name in names}

    def check_a_row_each(self) -> None:
        """See that what comes out has one row for each that is fed.

        Raises:
            ShapeError: If one has others, as behind a PartSamples.
        """
        for name, values in self._made.items():
            if len(values) != self._batch:
                raise ShapeError(
                    f"the blob '{name}' has {len(values)} rows for a batch of {self._batch}\n  its"
                    " rows are no samples: use net.predict from Python, or put a JoinSamples"
                    " behind it"
                )

    def run(self, arrays: Mapping[str, np.ndarray], n_rows: int) -> dict[str, np.ndarray]:
        """Feed all rows, each batch as if it were the first; what comes out.

        A blob that has several rows for each that is fed gives all of them; one whose rows are no
        samples comes out as it is.

        Args:
            arrays: By blob, for every blob that is fed; all with as many rows.
            n_rows: So many.
        """
        batch = self._batch
        with self.net.backend.computing(), self.net.put_back():
            if n_rows == batch:
                return self.run_batch(arrays, 0)
            outputs = {name: self._room(name, n_rows) for name in self._made}
            for first in range(0, n_rows, batch):
                rows = {name: array[first : first + batch] for name, array in arrays.items()}
                for name, values in self.run_batch(rows, first).items():
                    whole = len(self._made[name])
                    at = 0 if whole % batch else whole // batch * first
                    outputs[name][at : at + len(values)] = values
            return outputs

    def _room(self, name: str, n_rows: int) -> np.ndarray:
        """An array for all that so many rows make of a blob."""
        whole, *row = self._made[name].shape
        rows_made = whole if whole % self._batch else whole // self._batch * n_rows
        return np.empty((rows_made, *row), self.net.compiled.dtype)

    def run_batch(self, arrays: Mapping[str, np.ndarray], first: int) -> dict[str, np.ndarray]:
        """Feed at most ``batch`` rows as if there had been none before; what comes out of them.

        The net then stands elsewhere: whoever calls this puts it back.

        Args:
            arrays: By blob; all with as many rows.
            first: The number of the first row.
        """
        net, batch, context = self.net, self._batch, self.net.context
        valid = len(next(iter(arrays.values())))
        for name, rows in arrays.items():
            net.backend.upload(rows if valid == batch else _filled(rows, batch), self._fed[name])
        context.first_sample, context.n_valid = first, valid
        net.start_afresh()
        net.forward()
        found = {name: net.backend.download(array) for name, array in self._made.items()}
        if valid < batch:
            found = {
                name: values if len(values) % batch else values[: len(values) // batch * valid]
                for name, values in found.items()
            }
        net.settle()
        return found


def _filled(rows: np.ndarray, batch: int) -> np.ndarray:
    """So many rows: the last one is there several times, and counts once."""
    return np.concatenate([rows, np.repeat(rows[-1:], batch - len(rows), axis=0)])


class Predictors:
    """The predictors of a net, one for each kind of rows.

    Args:
        compiled: The net, whose layers of the test phase they run.
    """

    def __init__(self, compiled: CompiledNet) -> None:
        self._spec, self._dtype, self._graph = compiled.spec, compiled.dtype, compiled.graph
        self._kept: dict[tuple[Any, ...], Predictor] = {}

    def __iter__(self) -> Iterator[Predictor]:
        return iter(self._kept.values())

    # asked in every prediction, and the same in each

    @cached_property
    def _blobs(self) -> dict[str, None]:
        """All that a layer of any phase reads or makes, in the order written."""
        nodes = self._spec.nodes
        return dict.fromkeys(b for node in nodes for b in (*node.bottoms, *node.tops))

    @cached_property
    def _shapes(self) -> dict[str, Shape]:
        return {name: blob.shape for name, blob in self._graph.blobs.items()}

    @cached_property
    def _most(self) -> int | None:
        """The most rows of a pass; None where a layer computes all of them together."""
        return None if mixing_layer(self._spec) else PREDICT_BATCH

    def rows(self, inputs: Any, *, raw: bool) -> tuple[dict[str, np.ndarray], int]:
        """What is fed to ``predict``, by blob, and how many rows there are."""
        arrays = fed_arrays(inputs, self._spec, self._blobs, self._dtype, raw=raw)
        if not raw:
            arrays = transformed(arrays, self._spec, self._dtype, PREDICT_BATCH)
        return arrays, fed_rows(arrays, self._shapes)

    def of(
        self,
        net: Net,
        arrays: Mapping[str, np.ndarray],
        n_rows: int,
        outputs: Iterable[str] | None,
    ) -> Predictor:
        """The one for such rows, made once and kept.

        Args:
            net: The net.
            arrays: What is fed, by blob.
            n_rows: The rows of each.
            outputs: The blobs whose values are wanted. Default: those that no layer reads.
        """
        asked = outputs if outputs is None or isinstance(outputs, str) else tuple(outputs)
        batch = max(1, n_rows if self._most is None else min(n_rows, self._most))
        shapes = {name: array.shape[1:] for name, array in arrays.items()}
        key = (tuple(shapes.items()), batch, asked)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _MOST_PREDICTORS:
                self._kept.pop(next(iter(self._kept))).net.close()
            spec = prediction_spec(self._spec, shapes, batch)
            names = chosen_outputs(spec, self._spec, asked)
            found = self._kept[key] = Predictor(net.share(spec, "test", names), batch, names)
        return found

    def close(self) -> None:
        """Release files and threads."""
        for predictor in self:
            predictor.net.close()
