"""Net: a compiled net with its memory, ready to run.

Made by :func:`graphnet.net.load.load_net`. Owns blobs and scratch; the params belong to the
store, which nets of one run share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from graphnet.backend.base import Backend
from graphnet.blob import Array, Shape
from graphnet.data.fingerprint import fingerprints
from graphnet.data.portion import Portion
from graphnet.data.source import files
from graphnet.errors import DataError, GraphnetError, ShapeError, TopologyError, located
from graphnet.layers.base import DataLayer, Kind, PassContext, Phase
from graphnet.net.bind import bind
from graphnet.net.blob_table import BlobTable
from graphnet.net.compiled import CompiledNet, Keep, compile_net
from graphnet.net.finite import first_bad_layer
from graphnet.net.flow import unreached
from graphnet.net.graph import NetGraph
from graphnet.net.measured import Measured
from graphnet.net.predict import fed_rows, output_names, prediction_spec, run_batches
from graphnet.net.spec import NetSpec
from graphnet.param import ParamStore

#: Rows that ``predict`` runs at a time.
PREDICT_BATCH = 256
_MOST_PREDICTORS = 8


class Evaluation(NamedTuple):
    """What a pass over a whole data set found.

    Attributes:
        samples: How many there were, each counted once.
        statistics: The means, by statistic key.
    """

    samples: int
    statistics: dict[str, float]


class Net(Measured):
    """A net that runs.

    Attributes:
        name: The net's.
        phase: ``train`` or ``test``.
        graph: Its layers and blobs, and who makes and who reads what.
        compiled: The graph, the params, the memory plan.
        backend: Where it runs.
        store: The params, shared with the other nets of the run.
        context: What the running pass is about.
        blobs: ``blobs["ip1"].data`` and ``.diff``, seen as ``(N, …)``.
        params: ``params["conv1"]["filter"].data`` and ``.diff``.
        data_layers: In order.

    Args:
        compiled: From :func:`graphnet.net.compiled.compile_net`.
        store: Whose params it uses.
        seed: Keys its random streams.
        inputs: Arrays for MemoryData tops.
        freeze_borrowed: Whether params borrowed from other layers are copies that stay as they
            are (for the gradient check, to which they are constants).
        portion: Which rows of the global batch its data layers deliver. Default: all.
    """

    def __init__(
        self,
        compiled: CompiledNet,
        store: ParamStore,
        seed: int,
        inputs: Mapping[str, np.ndarray] | None = None,
        *,
        freeze_borrowed: bool = False,
        portion: Portion | None = None,
    ) -> None:
        self.compiled, self.store = compiled, store
        self.name, self.phase = compiled.spec.name, compiled.phase
        self.backend: Backend = compiled.backend
        self.context = PassContext(self.phase, seed, portion=portion)
        self.inputs = inputs or {}
        bound = bind(compiled, store, self.context, self.inputs, freeze_borrowed=freeze_borrowed)
        self._blobs, self.params, self.layers = bound.blobs, bound.params, bound.layers
        self.shared_sums, self._per_batch = bound.shared_sums, bound.per_batch
        visible = {name: bound.blobs[v] for name, v in compiled.graph.blobs.items()}
        self.blobs = BlobTable(visible, compiled.not_kept)
        self.data_layers = [layer for layer in self.layers if isinstance(layer, DataLayer)]
        self.context.n_valid = self.batch_size
        self._predictors: dict[tuple[Any, ...], Net] = {}
        self._forward = [(i, layer.forward) for i, layer in enumerate(self.layers)]
        self._backward = [
            (i, self.layers[i].backward)
            for i in reversed(range(len(self.layers)))
            if compiled.layers[i].runs_backward
        ]
        super().__init__(compiled.layers, self.layers)

    @property
    def graph(self) -> NetGraph:
        """Its layers and blobs as a networkx graph: who makes and who reads what."""
        return self.compiled.graph

    # --- other nets of the run ----------------------------------------------------------

    def sibling(self, phase: Phase, keep: Keep = "needed") -> Net | None:
        """The net of another phase of the same spec, sharing params, backend, precision and seed.

        None if that phase has no loss and no statistic, so that running it would tell nothing.

        Raises:
            ShapeError: If it needs params that this net does not have.
        """
        if not self.compiled.spec.has_phase(phase):
            return None
        return self.share(self.compiled.spec, phase, keep)

    def share(
        self,
        spec: NetSpec,
        phase: Phase,
        keep: Keep = "needed",
        inputs: Mapping[str, np.ndarray] | None = None,
    ) -> Net:
        """A net of any spec that uses this one's params, backend, precision and seed.

        Raises:
            ShapeError: If it needs params that this net does not have.
        """
        compiled = compile_net(
            spec,
            phase,
            self.backend,
            self.compiled.dtype,
            keep,
            memory_limit=self.compiled.memory_limit,
            has_params=True,
        )
        try:
            self.store.check_declared(compiled.declared)
        except ShapeError as error:
            raise ShapeError(
                f"net '{spec.name}' ({phase}) cannot share the params of net '{self.name}'"
                f" ({self.phase}):\n  {error}"
            ) from None
        return Net(compiled, self.store, self.context.seed, inputs or self.inputs)

    # --- running ------------------------------------------------------------------------

    def forward(self) -> None:
        """One pass from the data to the losses.

        Raises:
            GraphnetError: With the layer and its position, if a layer meets bad data.
        """
        i = 0
        try:
            for i, call in self._forward:  # noqa: B007
                call()
        except GraphnetError:
            layer = self.compiled.layers[i]
            with located(layer.position, layer.subject):
                raise

    def backward(self) -> None:
        """One pass from the losses to the params' diffs; after :meth:`forward`.

        Does nothing in phase ``test``, where no gradients are planned.
        """
        for _, call in self._backward:
            call()
        for add in self.shared_sums:
            add()

    def forward_backward(self) -> None:
        """One batch: :meth:`forward`, then :meth:`backward`."""
        self.forward()
        self.backward()

    @property
    def n_valid(self) -> int:
        """How many rows of the last batch count; the rest repeat its last row."""
        return self.context.n_valid

    @property
    def yaml_text(self) -> str:
        """The declared net as YAML, defaults left out: what a snapshot records."""
        return self.compiled.spec.to_yaml()

    def data_summary(self) -> dict[str, Any]:
        """The source each data layer of the spec reads, of every phase, by layer name."""
        nodes = self.compiled.spec.data_nodes()
        return {n.name: getattr(n.spec, "source", None) or type(n.spec).__name__ for n in nodes}

    def data_fingerprints(self) -> dict[str, dict[str, str]]:
        """What tells each file of each data layer, of every phase, from another of its name.

        Raises:
            DataError: If one cannot be read.
        """
        sources = {n.name: getattr(n.spec, "source", None) for n in self.compiled.spec.data_nodes()}
        return {name: fingerprints(files(source)) for name, source in sources.items() if source}

    # --- data ---------------------------------------------------------------------------

    @property
    def _main_data(self) -> DataLayer[Any] | None:
        for layer in self.data_layers:
            if layer.n_samples:
                return layer
        return None

    @property
    def batch_size(self) -> int:
        """Of the first data layer that has epochs, else of the first blob."""
        main = self._main_data
        blobs = main.tops if main else list(self._blobs.values())
        return int(blobs[0].shape[0]) if blobs else 0

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

    # --- the whole data set -------------------------------------------------------------

    def evaluate(self) -> Evaluation:
        """Run the whole data set once, every sample counted exactly once.

        Cursors, recurrent state and the context are afterwards what they were.

        Raises:
            DataError: If there is no data layer with an end, or they disagree on the number of
                samples.
        """
        n_samples = self.evaluation_size
        with self.evaluating(0):
            self.reset_statistics()
            for first in range(0, n_samples, self.batch_size):
                self.context.first_sample = first
                self.forward()
        return Evaluation(n_samples, self.statistics())

    @contextmanager
    def evaluating(self, first: int) -> Iterator[None]:
        """Stand before sample ``first`` of the data set, and afterwards where it stood."""
        cursors = self.cursors()
        saved = [(array, array.copy()) for array, _ in self._per_batch]
        for array, fill in self._per_batch:
            array.fill(fill)
        for layer in self.data_layers:
            layer.seek(first, wrap=False)
        yield
        self.context.first_sample, self.context.n_valid = 0, self.batch_size
        for array, values in saved:
            array[...] = values
        for layer in self.data_layers:
            layer.seek(cursors[layer.name])

    @property
    def evaluation_size(self) -> int:
        """Samples in the data set.

        Raises:
            DataError: As :meth:`evaluate`.
        """
        sizes = {d.name: d.n_samples for d in self.data_layers if d.n_samples}
        if not sizes:
            raise DataError(f"net '{self.name}' ({self.phase}) has no data layer with an end")
        if len(set(sizes.values())) > 1:
            listed = ", ".join(f"'{k}' has {v}" for k, v in sizes.items())
            raise DataError(f"the data layers disagree on the number of samples: {listed}")
        return next(iter(sizes.values()))

    def predict(self, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Run the test-phase layers that depend only on what is fed.

        Args:
            inputs: Blobs by name, each ``(n, …)`` with any number of rows ``n``: the values the
                blob would hold, after any transformers of its data layer.

        Returns:
            The tops that none of those layers reads, each ``(n, …)``.

        Raises:
            TopologyError: If no layer depends on the fed blobs alone.
            ShapeError: If a blob's rows do not have the shape the net was built for, or the
                blobs disagree on the number of rows.
        """
        arrays = {name: np.asarray(x, self.compiled.dtype) for name, x in inputs.items()}
        n_rows = fed_rows(arrays, self.compiled.graph.blobs)
        batch = max(1, min(n_rows, PREDICT_BATCH))
        net = self._predictor({name: a.shape[1:] for name, a in arrays.items()}, batch)
        return run_batches(net, arrays, n_rows, batch)

    def _predictor(self, row_shapes: Mapping[str, Shape], batch: int) -> Net:
        """The net for these blobs and this batch, made once and kept."""
        key = (tuple(row_shapes.items()), batch)
        if key not in self._predictors:
            if len(self._predictors) >= _MOST_PREDICTORS:
                self._predictors.pop(next(iter(self._predictors))).close()
            spec = prediction_spec(self.compiled.spec, row_shapes, batch)
            self._predictors[key] = self.share(spec, "test", output_names(spec))
        return self._predictors[key]

    def fed(self, name: str) -> Array:
        """The array of a blob that an Input layer gives, to be written before ``forward``."""
        return next(t.data for layer in self.data_layers for t in layer.tops if t.name == name)

    # --- trust --------------------------------------------------------------------------

    def check_trainable(self) -> None:
        """There is a loss, and one reaches every param that learns.

        Raises:
            TopologyError: Otherwise, naming the layers.
        """
        if not any(layer.kind is Kind.LOSS for layer in self.compiled.layers):
            raise TopologyError(
                f"net '{self.name}' has no loss in phase {self.phase}, so nothing can be learned\n"
                "  add a loss layer, such as SoftmaxLoss",
                self.compiled.spec.position,
            )
        missed = unreached(self.compiled.graph)
        if missed:
            names = ", ".join(f"'{layer.name}'" for layer in missed)
            raise TopologyError(
                f"no loss depends on the params of {names}, so they cannot learn\n"
                "  connect them to a loss, or declare them 'frozen: true'",
                missed[0].position,
            )
        if not self.store.trainable():
            raise TopologyError(
                f"net '{self.name}' has no params that learn", self.compiled.spec.position
            )

    def first_bad_layer(self) -> str | None:
        """The first layer, in order, with a NaN or infinite param or top; None if all is finite.

        Runs the last batch again.
        """
        cursors = self.cursors()
        self.seek({name: max(0, cursor - self.batch_size) for name, cursor in cursors.items()})
        return first_bad_layer(self.layers, self.params)

    def close(self) -> None:
        """Release files and threads."""
        for layer in self.layers:
            layer.close()
        for net in self._predictors.values():
            net.close()

    @property
    def planned_bytes(self) -> int:
        """Blobs, diffs and scratch, plus params and their diffs."""
        return int(self.compiled.plan.n_bytes + self.store.data.nbytes + self.store.diff.nbytes)
