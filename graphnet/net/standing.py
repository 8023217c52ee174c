"""Where a net stands: its place in the data, and all that passes change besides its blobs.

An evaluation, a prediction or a clock runs a net on other samples than those it stands at, and
must leave no trace in a run that goes on afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from graphnet.blob import Array
from graphnet.errors import DataError
from graphnet.layers.base import Layer, LossLayer, MeasureLayer, PassContext
from graphnet.layers.data.data_layer import DataLayer
from graphnet.net.graph import LayerVertex
from graphnet.net.measured import Measured
from graphnet.net.passes_done import PassesDone


class Bookmark:
    """A note of where layers stand: in the data, their state, sums and losses, and the context."""

    def __init__(self, layers: Sequence[Layer[Any]], context: PassContext) -> None:
        self._context = context
        self._pass = (context.iteration, context.first_sample, context.n_valid)
        self._places = [(x, x.cursor, x.wrap) for x in layers if isinstance(x, DataLayer)]
        self._state = [(array, array.copy()) for x in layers for array in x.state.values()]
        self._sums = [(x.sums, x.sums.read()) for x in layers if isinstance(x, MeasureLayer)]
        self._losses = [(x, x.loss) for x in layers if isinstance(x, LossLayer)]

    def restore(self) -> None:
        """Stand there again."""
        context = self._context
        context.iteration, context.first_sample, context.n_valid = self._pass
        for array, values in self._state:
            array[...] = values
        for sums, values in self._sums:
            sums.write(values)
        for measure, loss in self._losses:
            measure.loss = loss
        for data, cursor, wrap in self._places:
            data.seek(cursor, wrap=wrap)


class Positioned(Measured):
    """The part of a net that knows where it stands, and comes back there.

    Attributes:
        layers: In the order they run.
        context: What the running pass is about.
        data_layers: In order.

    Args:
        vertices: The layers in the graph, in order.
        layers: The running ones.
        context: Theirs.
        per_batch: The state that one batch hands to the next, and its value at a start.
        passes: Told when the memory holds nothing that was asked for.
    """

    name: str
    #: A net whose batch is cut into shards gives itself here; this one computes it whole.
    in_shards: None = None

    def __init__(
        self,
        vertices: Sequence[LayerVertex],
        layers: Sequence[Layer[Any]],
        context: PassContext,
        per_batch: Sequence[tuple[Array, float]],
        passes: PassesDone,
    ) -> None:
        super().__init__(vertices, layers)
        self.layers, self.context = tuple(layers), context
        self.data_layers = tuple(layer for layer in layers if isinstance(layer, DataLayer))
        self._per_batch, self._passes = per_batch, passes
        context.n_valid = self.batch_size

    @contextmanager
    def put_back(self) -> Iterator[None]:
        """Run passes within; afterwards all but the blobs is as it was, however they end."""
        bookmark = Bookmark(self.layers, self.context)
        try:
            yield
        finally:
            self._passes.forget()
            bookmark.restore()

    def start_afresh(self) -> None:
        """Let no layer go on from an earlier batch, as recurrent layers may."""
        for array, fill in self._per_batch:
            array.fill(fill)

    # --- data ---------------------------------------------------------------------------

    @property
    def _main_data(self) -> DataLayer[Any] | None:
        return next((layer for layer in self.data_layers if layer.n_samples), None)

    @property
    def batch_size(self) -> int:
        """Of the first data layer that has epochs, else of the first blob."""
        main = self._main_data
        tops = main.tops if main else [top for layer in self.layers for top in layer.tops]
        return int(tops[0].shape[0]) if tops else 0

    @property
    def n_samples(self) -> int | None:
        """In one epoch of the first data layer that has epochs."""
        main = self._main_data
        return main.n_samples if main else None

    @property
    def epoch(self) -> int:
        """Completed passes of the first data layer that has epochs."""
        main = self._main_data
        return main.epoch if main else 0

    def cursors(self) -> dict[str, int]:
        """Where each data layer stands."""
        return {layer.name: layer.cursor for layer in self.data_layers}

    def seek(self, cursors: Mapping[str, int]) -> None:
        """Put the data layers where they stood."""
        for layer in self.data_layers:
            if layer.name in cursors:
                layer.seek(cursors[layer.name])

    @property
    def evaluation_size(self) -> int:
        """Samples in the data set.

        Raises:
            DataError: If there is no data layer with an end, or they disagree on the number of
                samples.
        """
        self.check_ready()
        sizes = {d.name: d.n_samples for d in self.data_layers if d.n_samples}
        if not sizes:
            raise DataError(
                f"net '{self.name}' ({self.context.phase}) has no data layer with an end"
            )
        if len(set(sizes.values())) > 1:
            listed = ", ".join(f"'{k}' has {v}" for k, v in sizes.items())
            raise DataError(f"the data layers disagree on the number of samples: {listed}")
        return next(iter(sizes.values()))
