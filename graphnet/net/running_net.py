"""What a running net has measured, and where it stands: in the data, its state, its sums.

Measured numbers stay on the device until somebody asks for them, and so do errors of data that a
pass on a device did not stop for: whatever fetches numbers raises those first.

An evaluation, a prediction or a timing runs a net on other samples than those it stands at, and
leaves no trace in a run that goes on afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, TypedDict

import numpy as np

from graphnet.backend.measures import Number
from graphnet.blob import Array
from graphnet.declare.arguments import methods_spelled_out
from graphnet.errors import DataError
from graphnet.layers.base import Layer, LossLayer, MeasureLayer, PassContext
from graphnet.layers.data.data_layer import DataLayer
from graphnet.net.compiled import CompiledNet
from graphnet.net.graph import LayerVertex
from graphnet.net.origin import traced
from graphnet.net.passes_done import PassesDone
from graphnet.net.step_mark import StepMark, is_worth_a_mark
from graphnet.net.summary import Summary, summary
from graphnet.sealed import Sealed


class NetState(TypedDict, total=False):
    """What a snapshot keeps of a net besides its store.

    Attributes:
        cursors: The samples that each data layer has delivered, by its name.
        statistics: The running sums of each loss and statistic, by its name.
    """

    cursors: dict[str, int]
    statistics: dict[str, np.ndarray]


class Bookmark:
    """A note of where a net stands: in the data, its state, sums and losses, and the context.

    A context: after the passes within it the net stands there again, however they end.

    Args:
        context: Of the net's passes.
        passes: Told that the memory holds other passes than those asked for.
        data: The data layers.
        state: What layers keep from pass to pass.
        measures: The layers that have sums.
        losses: The layers that have a loss.
    """

    def __init__(
        self,
        context: PassContext,
        passes: PassesDone,
        data: Iterable[DataLayer[Any]],
        state: Iterable[Array],
        measures: Iterable[MeasureLayer[Any]],
        losses: Iterable[LossLayer[Any]],
    ) -> None:
        self._context, self._passes = context, passes
        self._pass = (context.iteration, context.first_sample, context.n_valid)
        self._places = [(x, x.cursor, x.wrap) for x in data]
        self._state = [(array, array.copy()) for array in state]
        self._sums = [(x.sums, x.sums.read()) for x in measures]
        self._losses = [(x, x.loss) for x in losses]

    def __enter__(self) -> None:
        """Nothing: all is noted."""

    def __exit__(self, *_error: object) -> None:
        context = self._context
        self._passes.forget()
        context.iteration, context.first_sample, context.n_valid = self._pass
        for array, values in self._state:
            array[...] = values
        for sums, values in self._sums:
            sums.write(values)
        for measure, loss in self._losses:
            measure.loss = loss
        for data, cursor, wrap in self._places:
            data.seek(cursor, wrap=wrap)


_TRAIN = "train it: solve(Solver(SolverSpec(max_iter=…)), net)"
_MEASURE = 'measure it: load_net(FILE, phase="test", share=net).evaluate()'
_GPU = 'load it there: load_net(FILE, backend="cupy")'
#: What nets of other frameworks can do, and how it is done here.
ELSEWHERE: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("fit", "train", "train_on_batch", "optimize", "solve"), _TRAIN)
    | dict.fromkeys(("eval", "test", "score"), _MEASURE)
    | dict.fromkeys(("cuda", "gpu", "to"), _GPU)
    | dict.fromkeys(("compile", "step", "zero_grad"), f"it needs no such call; {_TRAIN}")
    | dict.fromkeys(("save", "save_weights"), "save it: save_model(net, FILE)")
    | dict.fromkeys(("load", "load_weights", "restore"), "fill it: load_weights(net, FILE)")
    | dict.fromkeys(
        ("named_parameters", "parameters", "weights", "get_weights", "trainable_weights"),
        "they are net.params[layer][name].data",
    )
    | {"plot_model": "see graphnet draw, or net.graph"}
    | {"call": "run it: net.predict(inputs), or forward()", "reshape": "load it with other shapes"}
)


@methods_spelled_out
class RunningNet(Sealed):
    """The part of a net that measures, that knows where it stands, and comes back there.

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

    _elsewhere = ELSEWHERE

    name: str
    compiled: CompiledNet
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
        self.layers, self.context = tuple(layers), context
        self.data_layers = tuple(layer for layer in layers if isinstance(layer, DataLayer))
        self._measures = [layer for layer in layers if isinstance(layer, MeasureLayer)]
        self._losses = [layer for layer in layers if isinstance(layer, LossLayer)]
        self._state_arrays = [array for layer in layers for array in layer.state.values()]
        self._vertices, self._per_batch, self._passes = vertices, per_batch, passes
        pairs = zip(vertices, layers, strict=True)
        self._expectations = [(vertex, e) for vertex, layer in pairs for e in layer.expectations]
        context.n_valid = context.n_rows = self.batch_size

    def summary(self) -> Summary:
        """The layers as a table, as ``graphnet check`` shows them."""
        return summary(self.compiled)

    # --- what was measured --------------------------------------------------------------

    def settle(self) -> None:
        """Raise what passes have noted of bad data.

        Raises:
            BatchError: With the layer and its position.
        """
        for vertex, expectation in self._expectations:
            with self.traced(vertex):
                expectation.settle()

    def traced(self, vertex: LayerVertex) -> AbstractContextManager[None]:
        """Tell of an error within that it arose in the layer ``vertex``, and of which value."""
        return traced(vertex, self.layers)

    def objective(self) -> Number:
        """As :meth:`loss`, but where it was computed: nobody waits for it."""
        return sum(layer.loss for layer in self._losses)

    def loss(self) -> float:
        """The objective of the last forward: the sum of its losses, without regularizers."""
        self.settle()
        return float(self.objective())

    def losses(self) -> dict[str, float]:
        """The last forward's losses by layer name."""
        self.settle()
        return {layer.name: float(layer.loss) for layer in self._losses}

    def statistics(self) -> dict[str, float]:
        """The means since the last reset, of all losses and statistics."""
        self.settle()
        return {k: v for layer in self._measures for k, v in layer.statistics().items()}

    def reset_statistics(self) -> None:
        """Start counting from zero."""
        for layer in self._measures:
            layer.reset_statistics()

    # --- where it stands ----------------------------------------------------------------

    def state_dict(self) -> NetState:
        """Where the data layers stand, and the running sums: what a snapshot keeps."""
        return {
            "cursors": {layer.name: layer.cursor for layer in self.data_layers},
            "statistics": {layer.name: layer.sums.read() for layer in self._measures},
        }

    def load_state_dict(self, saved: NetState) -> None:
        """Go back to what :meth:`state_dict` gave, ``saved``; what is not in it stays as it is."""
        for data in self.data_layers:
            if data.name in saved.get("cursors", ()):
                data.seek(saved["cursors"][data.name])
        for measure in self._measures:
            if measure.name in saved.get("statistics", ()):
                measure.sums.write(saved["statistics"][measure.name])

    def put_back(self) -> AbstractContextManager[None]:
        """Run passes within; afterwards all but the blobs is as it was, however they end."""
        data, state = self.data_layers, self._state_arrays
        return Bookmark(self.context, self._passes, data, state, self._measures, self._losses)

    def step_mark(self) -> StepMark | None:
        """What a step changes besides params and blobs, to be kept before each.

        None where that would cost time: on a device, and in nets so small that it would be seen.
        """
        is_here = self.compiled.backend.name == "numpy"
        if not is_here or not is_worth_a_mark(self._vertices):
            return None
        return StepMark(self.layers, self.context)

    def start_afresh(self) -> None:
        """Let no layer go on from an earlier batch, as recurrent layers may."""
        for array, fill in self._per_batch:
            array.fill(fill)

    # --- data ---------------------------------------------------------------------------

    def check_ready(self) -> None:
        """See that every data layer has something to deliver.

        Raises:
            DataError: At the layer that has not.
        """
        for vertex, layer in zip(self._vertices, self.layers, strict=True):
            if isinstance(layer, DataLayer):
                with vertex.located():
                    layer.check_ready()

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
        for layer in self.data_layers:  # as _main_data, without its calls: asked in every step
            if layer.n_samples:
                return layer.epoch
        return 0

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
