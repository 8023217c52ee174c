"""Net: a compiled net with its memory, ready to run.

Made by :func:`graphnet.net.load.load_net`. Owns blobs and scratch; the params belong to the
store, which nets of one run share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnet.backend.base import Backend
from graphnet.blob import Array, Blob, Shape
from graphnet.errors import DataError, GraphnetError, TopologyError, located
from graphnet.layers.base import (
    Binding,
    DataLayer,
    Kind,
    Layer,
    LossLayer,
    MeasureLayer,
    PassContext,
    Phase,
)
from graphnet.net.compiled import CompiledNet
from graphnet.net.memory import DATA, DIFF, SCRATCH
from graphnet.net.spec import Node
from graphnet.param import Param, ParamStore


class BlobTable(Mapping[str, Blob]):
    """The blobs by name, as the user's readers see them.

    Raises:
        GraphnetError: On reading one whose memory is used again by others.
    """

    def __init__(self, blobs: Mapping[str, Blob], shared: frozenset[str]) -> None:
        self._blobs = {k: v for k, v in blobs.items() if "#" not in k}
        self._shared = shared

    def __getitem__(self, name: str) -> Blob:
        if name in self._shared:
            raise GraphnetError(
                f"the blob '{name}' is not kept: other blobs use its memory while the net runs\n"
                f'  load the net with keep="all", or with keep=["{name}"]'
            )
        if name not in self._blobs:
            raise KeyError(f"there is no blob '{name}'; there is: {', '.join(self._blobs)}")
        return self._blobs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._blobs)

    def __len__(self) -> int:
        return len(self._blobs)


@dataclass(frozen=True)
class Evaluation:
    """What a pass over a whole data set found.

    Attributes:
        samples: How many there were, each counted once.
        statistics: The means, by statistic key.
    """

    samples: int
    statistics: dict[str, float]


class Net:
    """A net that runs.

    Attributes:
        name: The net's.
        phase: ``train`` or ``test``.
        compiled: Its layers in order, their shapes, the memory plan.
        backend: Where it runs.
        store: The params, shared with the other nets of the run.
        context: What the running pass is about.
        blobs: ``blobs["ip1"].data`` and ``.diff``, seen as ``(N, …)``.
        params: ``params["conv1"]["filter"].data`` and ``.diff``.

    Args:
        compiled: From :func:`graphnet.net.compiled.compile_net`.
        store: Whose params it uses.
        seed: Keys its random streams.
        inputs: Arrays for MemoryData tops.
    """

    def __init__(
        self,
        compiled: CompiledNet,
        store: ParamStore,
        seed: int,
        inputs: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.compiled, self.store = compiled, store
        self.name, self.phase = compiled.spec.name, compiled.phase
        self.backend: Backend = compiled.backend
        self.context = PassContext(self.phase, seed)
        self._arena = self.backend.arena(compiled.plan.n_bytes)
        self._blobs = self._bind_blobs()
        self.blobs = BlobTable(self._blobs, compiled.plan.shared)
        self._shared_sums: list[Callable[[], Any]] = []
        self.layers: list[Layer[Any]] = []
        self.params: dict[str, dict[str, Param]] = {}
        for node in compiled.ordered:
            self.params[node.name] = self._bind_params(node)
        self.params = {name: named for name, named in self.params.items() if named}
        for node in compiled.ordered:
            with located(node.position, node.subject):
                self.layers.append(node.spec.build(self._binding(node, inputs or {})))
        self.context.n_valid = self.batch_size
        self._forward = [(i, layer.forward) for i, layer in enumerate(self.layers)]
        self._backward = [
            (i, self.layers[i].backward)
            for i in reversed(range(len(self.layers)))
            if compiled.ordered[i].name in compiled.flow.backward
        ]
        self._losses = [layer for layer in self.layers if isinstance(layer, LossLayer)]

    # --- building -----------------------------------------------------------------------

    def _array(self, key: tuple[str, ...], shape: Shape, dtype: Any, *, blob: bool) -> Array:
        offset = self.compiled.plan.offsets[key]
        return self.backend.place(self._arena, offset, shape, np.dtype(dtype), blob=blob)

    def _bind_blobs(self) -> dict[str, Blob]:
        dtype, blobs = self.compiled.dtype, {}
        for name, shape in self.compiled.shapes.items():
            diff = None
            if (DIFF, name) in self.compiled.plan.offsets:
                diff = self._array((DIFF, name), shape, dtype, blob=True)
            data = self._array((DATA, name), shape, dtype, blob=True)
            blobs[name] = Blob(name, data, diff)
        return blobs

    def _bind_params(self, node: Node) -> dict[str, Param]:
        """A layer's params; the second layer to use a key writes its diff beside the first's."""
        named = self.store.params.get(node.spec.store_key, {})
        declared = self.compiled.declared_params(node)
        owner = self.compiled.owners.get(node.spec.store_key) == node.name
        bound = {}
        for name in declared:
            param = named[name]
            frozen = node.spec.frozen or param.diff is None
            bound[name] = param
            if frozen:
                bound[name] = Param(name, param.data, None, param.decl)
            elif not owner:
                extra = self.backend.zeros(param.decl.shape, self.compiled.dtype)
                bound[name] = Param(name, param.data, extra, param.decl)
                if node.name in self.compiled.flow.backward:
                    self._shared_sums.append(_adder(self.backend.xp, param.diff, extra))
        return bound

    def _binding(self, node: Node, inputs: Mapping[str, np.ndarray]) -> Binding:
        scratch = {
            name: self._array(
                (SCRATCH, node.name, name),
                decl.shape,
                decl.dtype or self.compiled.dtype,
                blob=decl.blob,
            )
            for name, decl in self.compiled.plan.scratch[node.name].items()
        }
        return Binding(
            name=node.name,
            bottoms=[self._for_layer(node, b, is_bottom=True) for b in range(len(node.bottoms))],
            tops=[self._blobs[t] for t in node.tops],
            params=self.params.get(node.name, {}),
            state=self.store.state.get(node.spec.store_key, {}),
            scratch=scratch,
            backend=self.backend,
            context=self.context,
            dtype=self.compiled.dtype,
            inputs=inputs,
        )

    def _for_layer(self, node: Node, index: int, *, is_bottom: bool) -> Blob:
        """A bottom as its reader sees it: without a diff where it sends none."""
        blob = self._blobs[node.bottoms[index]]
        sends = index in node.spec.differentiable(len(node.bottoms))
        if blob.diff is not None and not (sends and node.name in self.compiled.flow.backward):
            return Blob(blob.name, blob.data, None)
        return blob

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
            node = self.compiled.ordered[i]
            with located(node.position, node.subject):
                raise

    def backward(self) -> None:
        """One pass from the losses to the params' diffs; after :meth:`forward`."""
        for _, call in self._backward:
            call()
        for add in self._shared_sums:
            add()

    def loss(self) -> float:
        """The objective of the last forward: the sum of its losses, without regularizers."""
        return float(sum(layer.loss for layer in self._losses))

    def losses(self) -> dict[str, float]:
        """The last forward's losses by layer name."""
        return {layer.name: float(layer.loss) for layer in self._losses}

    @property
    def n_valid(self) -> int:
        """How many rows of the last batch count; the rest repeat its last row."""
        return self.context.n_valid

    # --- data ---------------------------------------------------------------------------

    @property
    def data_layers(self) -> list[DataLayer[Any]]:
        """The data layers, in order."""
        return [layer for layer in self.layers if isinstance(layer, DataLayer)]

    @property
    def _main_data(self) -> DataLayer[Any] | None:
        return next((d for d in self.data_layers if d.n_samples), None)

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

    # --- statistics ---------------------------------------------------------------------

    def _measures(self) -> list[MeasureLayer[Any]]:
        return [layer for layer in self.layers if isinstance(layer, MeasureLayer)]

    def statistics(self) -> dict[str, float]:
        """The means since the last reset, of all losses and statistics."""
        return {k: v for layer in self._measures() for k, v in layer.statistics().items()}

    def reset_statistics(self) -> None:
        """Start counting anew."""
        for layer in self._measures():
            layer.reset_statistics()

    def statistics_state(self) -> dict[str, np.ndarray]:
        """The running sums by layer name, for a snapshot."""
        return {layer.name: layer.sums.copy() for layer in self._measures()}

    def restore_statistics_state(self, sums: Mapping[str, np.ndarray]) -> None:
        """Put the running sums back."""
        for layer in self._measures():
            if layer.name in sums:
                layer.sums[...] = sums[layer.name]

    def evaluate(self) -> Evaluation:
        """Run the whole data set once, every sample counted exactly once.

        Cursors, recurrent state and the context are afterwards what they were.

        Raises:
            DataError: If there is no data layer with an end, or they disagree on the number of
                samples.
        """
        n_samples = self._evaluation_size()
        cursors, saved = self.cursors(), self._start_batch_state()
        self.reset_statistics()
        for layer in self.data_layers:
            layer.seek(0, wrap=False)
        for first in range(0, n_samples, self.batch_size):
            self.context.first_sample = first
            self.forward()
        statistics = self.statistics()
        self.context.first_sample, self.context.n_valid = 0, self.batch_size
        for array, values in saved:
            array[...] = values
        for layer in self.data_layers:
            layer.seek(cursors[layer.name])
        return Evaluation(n_samples, statistics)

    def _evaluation_size(self) -> int:
        sizes = {d.name: d.n_samples for d in self.data_layers if d.n_samples}
        if not sizes:
            raise DataError(f"net '{self.name}' ({self.phase}) has no data layer with an end")
        if len(set(sizes.values())) > 1:
            listed = ", ".join(f"'{k}' has {v}" for k, v in sizes.items())
            raise DataError(f"the data layers disagree on the number of samples: {listed}")
        return next(iter(sizes.values()))

    def _start_batch_state(self) -> list[tuple[Array, Array]]:
        """Start the state carried between batches afresh; what it was comes back."""
        saved = []
        for key, named in self.store.state_decls.items():
            for name, decl in named.items():
                if decl.per_batch:
                    array = self.store.state[key][name]
                    saved.append((array, array.copy()))
                    array.fill(decl.fill)
        return saved

    # --- trust --------------------------------------------------------------------------

    def check_trainable(self) -> None:
        """There is a loss, and one reaches every param that learns.

        Raises:
            TopologyError: Otherwise, naming the layers.
        """
        if not any(n.spec.kind is Kind.LOSS for n in self.compiled.ordered):
            raise TopologyError(
                f"net '{self.name}' has no loss in phase {self.phase}, so nothing can be learned\n"
                "  add a loss layer, such as SoftmaxLoss"
            )
        unreached = self.compiled.flow.unreached
        if unreached:
            names = ", ".join(f"'{n.name}'" for n in unreached)
            raise TopologyError(
                f"no loss depends on the params of {names}, so they cannot learn\n"
                "  connect them to a loss, or declare them 'frozen: true'",
                unreached[0].position,
            )
        if not self.store.trainable():
            raise TopologyError(f"net '{self.name}' has no params that learn")

    def first_bad_layer(self) -> str | None:
        """The first layer, in order, with a NaN or infinite top or param; None if all is finite."""
        xp = self.backend.xp
        for node in self.compiled.ordered:
            arrays: Sequence[Array] = [p.data for p in self.params.get(node.name, {}).values()]
            if not all(bool(xp.isfinite(a).all()) for a in arrays):
                return node.name
            tops = [self._blobs[t] for t in node.tops if t not in self.compiled.plan.shared]
            if not all(bool(xp.isfinite(t.data).all()) for t in tops):
                return node.name
        return None

    def close(self) -> None:
        """Release files and threads."""
        for layer in self.layers:
            layer.close()

    @property
    def planned_bytes(self) -> int:
        """Blobs, diffs and scratch, plus params and their diffs."""
        return int(self.compiled.plan.n_bytes + self.store.data.nbytes + self.store.diff.nbytes)


def _adder(xp: Any, total: Array, extra: Array) -> Callable[[], Any]:
    return lambda: xp.add(total, extra, out=total)


def other_phase(phase: Phase) -> Phase:
    """``test`` for ``train`` and the other way round."""
    return "test" if phase == "train" else "train"
