"""Net: a compiled net with its memory, ready to run.

Made by :func:`graphnet.net.load_net.load_net`. Owns blobs and scratch; the params belong to the
store, which nets of one run share.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from graphnet.backend.calls import Call
from graphnet.blob import Array
from graphnet.data.portion import Portion
from graphnet.declare.arguments import expect, expect_one_of, methods_spelled_out, spelled_out
from graphnet.errors import GraphnetError, Problem
from graphnet.layers.base import PassContext, Phase
from graphnet.net.bind import bind
from graphnet.net.blob_table import BlobTable
from graphnet.net.checks.in_step import check_in_step, warn_of_same_rows
from graphnet.net.checks.shared_params import check_contradictions
from graphnet.net.checks.sharing import check_shared
from graphnet.net.checks.suspicions import suspicions
from graphnet.net.checks.trainable import check_carried, check_learns
from graphnet.net.compiled import CompiledNet, Keep, compile_net
from graphnet.net.described_net import DescribedNet
from graphnet.net.evaluation import Evaluation
from graphnet.net.finite import first_bad_layer
from graphnet.net.graph import NetGraph
from graphnet.net.loss_scaling import LossScaling
from graphnet.net.outputs import one_pass, refuse_two_writers
from graphnet.net.passes_done import PassesDone
from graphnet.net.predicting.predictor import Predictors
from graphnet.net.sources import OtherData
from graphnet.net.spec import NetSpec
from graphnet.params.param import ParamStore, param_table


@methods_spelled_out
class Net(DescribedNet):
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
        scaling: What multiplies what the losses send back.
        afterwards: What is called once all layers have run backward.

    Args:
        compiled: From :func:`graphnet.net.compiled.compile_net`.
        store: Whose params it uses.
        seed: Keys its random streams.
        inputs: Arrays ``(n, …)`` for MemoryData tops. Default: none.
        freeze_borrowed: Whether params borrowed from other layers are copies that never change.
        portion: Which rows of the global batch its data layers deliver. Default: all.
        replaceable: The output files that the run it belongs to has written before.
    """

    _instead = MappingProxyType(
        {
            "phase": 'load one of the other phase: load_net(…, phase="test", share=net)',
            "store": "copy values into its params, or use load_weights(net, file)",
            "params": "copy values into one: net.params[layer][name].data = values",
            "blobs": "copy values into one: net.blobs[name].data = values",
            "inputs": "write into the arrays that were given, or load the net with others",
            "backend": "load the net with another",
        }
    )

    @partial(spelled_out, hint="a Net is made by load_net(FILE)")
    def __init__(
        self,
        compiled: CompiledNet,
        store: ParamStore,
        seed: int,
        inputs: Mapping[str, np.ndarray] | None = None,
        *,
        freeze_borrowed: bool = False,
        portion: Portion | None = None,
        replaceable: Collection[str] = (),
    ) -> None:
        fits = isinstance(compiled, CompiledNet)
        expect(fits, "Net", "a compiled net", compiled, "write load_net(FILE), which makes a Net")
        self.compiled, self.store = compiled, store
        self.name, self.phase, self.backend = compiled.spec.name, compiled.phase, compiled.backend
        self.inputs = MappingProxyType(dict(inputs or {}))
        context = PassContext(self.phase, seed, portion=portion, replaceable=replaceable)
        passes = PassesDone(self.name, self.phase)
        bound = bind(compiled, store, context, self.inputs, freeze_borrowed=freeze_borrowed)
        super().__init__(compiled.layers, bound.layers, context, bound.per_batch, passes)
        check_in_step(compiled.layers, self.layers)
        visible = {name: bound.blobs[v] for name, v in compiled.graph.blobs.items()}
        self.blobs = BlobTable(visible, compiled.not_kept, passes)
        self.params = param_table(bound.params)
        self.scaling = LossScaling(
            compiled.layers, self.layers, bound.param_diffs, context, self.backend
        )
        self.afterwards = (*bound.shared_sums, *self.scaling.undo)
        self._predictors = Predictors(compiled)
        self._forward = [(i, layer.forward) for i, layer in enumerate(self.layers)]
        self._backward = [*self._backward_calls(), *self.afterwards]

    def _backward_calls(self) -> Iterator[Call]:
        """Those of the layers, from the last to the first."""
        for i, layer in reversed(list(enumerate(self.layers))):
            if self.compiled.layers[i].runs_backward:
                yield layer.backward
                if i in self.scaling.behind:
                    yield self.scaling.behind[i]

    def __repr__(self) -> str:
        n_layers, n_numbers = len(self.compiled.layers), self.compiled.n_param_numbers
        return f"<Net '{self.name}', phase {self.phase}: {n_layers} layers, {n_numbers:,} params>"

    def _repr_html_(self) -> str:
        """Its picture, in a notebook."""
        from graphnet.draw.notebook import net_html

        return net_html(self.compiled)

    @property
    def graph(self) -> NetGraph:
        """Its layers and blobs as a networkx graph, which knows who makes and who reads what.

        Example:
            >>> [layer.name for layer in gn.load_net("iris/net.yaml").graph.blob("data").readers]
            ['ip1']
        """
        return self.compiled.graph

    # --- other nets of the run ----------------------------------------------------------

    def sibling(self, phase: Phase, other: OtherData | None = None) -> Net | None:
        """The net of another phase of the same spec, sharing params, backend, precision and seed.

        None if that phase has no loss and no statistic, so that running it would tell nothing. It
        may read ``other`` data than its data layer declares.

        Raises:
            GraphnetError: If it needs params that this net does not have, or cannot read ``other``.
        """
        spec = self.compiled.spec
        if not spec.has_phase(phase):
            return None
        refuse_two_writers(self.compiled.layers)
        return self.share(spec if other is None else other.in_place(spec, phase), phase)

    def share(
        self,
        spec: NetSpec,
        phase: Phase,
        keep: Keep = "needed",
        inputs: Mapping[str, np.ndarray] | None = None,
        *,
        memory_limit: int | None = None,
    ) -> Net:
        """A net of any spec that uses this one's params, backend, precision and seed.

        ``keep``, ``inputs (n, …)`` and ``memory_limit`` in bytes: as of ``load_net``, Default none.

        Warns:
            GraphnetWarning: If it is of the other phase and given the same rows.

        Raises:
            ShapeError: If it needs params that this net does not have.
            SpecError: If it says something else of a param than this net, or wants one to learn
                that is frozen here.
        """
        if spec is not self.compiled.spec:
            check_contradictions([*self.compiled.spec.nodes, *spec.nodes])
        inputs = inputs or self.inputs
        if phase != self.phase:
            warn_of_same_rows(spec, phase, inputs, self.compiled.spec, self.inputs)
        dtype, limit = self.compiled.dtype, memory_limit or self.compiled.memory_limit
        compiled = compile_net(
            spec, phase, self.backend, dtype, keep, memory_limit=limit, has_params=True
        )
        check_shared(compiled, self.compiled, self.store.declared)
        return Net(
            compiled, self.store, self.context.seed, inputs, replaceable=self.context.replaceable
        )

    # --- running ------------------------------------------------------------------------

    def forward(self) -> None:
        """One pass from the data to the losses.

        Raises:
            GraphnetError: With the layer and its position, if a layer meets bad data.
        """
        with self.backend.computing():
            self._run_forward()

    def _run_forward(self) -> None:
        self._passes.forget()
        try:
            for i, call in self._forward:  # noqa: B007
                call()
        except GraphnetError:
            with self.traced(self.compiled.layers[i]):
                raise
        self._passes.has_forward = True

    def backward(self) -> None:
        """One pass from the losses to the diffs of params and blobs; once after :meth:`forward`.

        Where no loss depends on a param that learns, there are no diffs and nothing to do.

        Raises:
            GraphnetError: If there was no forward since the last backward, whose memory it has
                used, or the net is of phase ``test``, where no gradients are planned.
        """
        with self.backend.computing():
            self._run_backward()

    def _run_backward(self) -> None:
        self._passes.begin_backward()
        for call in self._backward:
            call()
        self._passes.has_backward = True

    def run_backward(self) -> None:
        """The calls of :meth:`backward`, whoever has called the layers' forward."""
        for call in self._backward:
            call()

    def forward_backward(self) -> None:
        """One batch: :meth:`forward`, then :meth:`backward`."""
        with self.backend.computing():
            self.run_batch()

    def run_batch(self) -> None:
        """:meth:`forward_backward`, called within ``backend.computing()``: by the solver's loop."""
        self._run_forward()
        self._run_backward()

    @property
    def n_valid(self) -> int:
        """How many rows of the last batch count; the rest repeat its last row."""
        return self.context.n_valid

    # --- before anything runs -----------------------------------------------------------

    def suspicions(self) -> list[Problem]:
        """What is legal in the net but hardly meant, each at its place."""
        return suspicions(self.compiled, {d.name: d.n_samples for d in self.data_layers})

    # --- the whole data set -------------------------------------------------------------

    def evaluate(self, *, each: Callable[[int], None] | None = None) -> Evaluation:
        """The means over the whole data set, every sample counted exactly once.

        The blobs then hold the last batch. Everything else is afterwards what it was, also if
        this raises: params, state (running statistics, recurrent state), the place in the data,
        losses, the running sums of statistics, the context.

        Args:
            each: Called after each batch, while the blobs hold it, with the number of its first
                sample; ``n_valid`` of its rows count. Default: nothing is.

        Raises:
            DataError: If there is no data layer with an end, or they disagree on the number of
                samples.
        """
        n_samples = self.evaluation_size
        with self.backend.computing(), self.evaluating(0), one_pass(self.layers):
            self.reset_statistics()
            for first in range(0, n_samples, self.batch_size):
                self.context.first_sample = first
                self.forward()
                if each is not None:
                    each(first)
            return Evaluation(n_samples, self.statistics())

    @contextmanager
    def evaluating(self, first: int) -> Iterator[None]:
        """Within, stand before sample ``first`` of the data set; afterwards where the net stood."""
        with self.put_back():
            self.start_afresh()
            for layer in self.data_layers:
                layer.seek(first, wrap=False)
            yield

    def predict(
        self,
        inputs: Mapping[str, Any] | Any,
        *,
        raw: bool = True,
        outputs: Iterable[str] | None = None,
    ) -> dict[str, np.ndarray]:
        """Run the test-phase layers that depend only on what is fed.

        What comes out is a function of what goes in: nothing is left of earlier calls, and no
        row depends on another, unless a layer says so (a BatchNorm with ``use_global_stats:
        false``). Stateful recurrent layers start every row at 0; to go on from one batch to the
        next, write to the tops of an Input layer and call :meth:`forward`, and
        :meth:`start_afresh` where a new sequence begins.

        Args:
            inputs: Blobs by name, each ``(n, …)`` with any number of rows ``n``. One array alone,
                where the net computes with one top of its data (beside its labels).
            raw: Whether rows are the values that the blob would hold. False: they are as in the
                net's data files, and the transformers of the test phase's data layer are applied.
            outputs: The blobs whose values are wanted. Default: those that no layer reads.

        Returns:
            The values of these blobs, each ``(n, …)``.

        Raises:
            SpecError: If something else is fed, or blobs are named that the net does not have.
            TopologyError: If no layer depends on the fed blobs alone, or an output on others.
            DataError: If values are not real numbers, or the net's precision cannot hold them.
            ShapeError: If a blob's rows do not have the shape the net was built for, or the
                blobs disagree on the number of rows.

        Example:
            >>> gn.load_net("iris/net.yaml", phase="test").predict(np.zeros((5, 4)))["prob"].shape
            (5, 3)
        """
        arrays, n_rows = self._predictors.rows(inputs, raw=raw)
        return self._predictors.of(self, arrays, n_rows, outputs).run(arrays, n_rows)

    def fed(self, name: str) -> Array:
        """The array of a blob that an Input layer gives, to be written before ``forward``.

        Raises:
            SpecError: If no data layer gives such a blob.
        """
        given = {top.name: top.data for layer in self.data_layers for top in layer.tops}
        expect_one_of("fed", name, list(given))
        return given[name]

    # --- trust --------------------------------------------------------------------------

    def check_trainable(self) -> None:
        """There are data and a loss, one reaches every param that learns, and snapshots hold all.

        Raises:
            DataError: If a data layer has nothing to deliver.
            TopologyError: If there is no loss, or none that reaches all that should learn.
            SpecError: If the net shares the params of another and hands state from batch to batch.
        """
        self.check_ready()
        check_learns(self.compiled, self.store)
        check_carried(self.compiled, self.store)

    def first_bad_layer(self) -> str | None:
        """The first layer, in order, with a NaN or infinite param or top; None if all is finite.

        Runs the last batch again.
        """
        with self.backend.computing(), self.put_back():
            for layer in self.data_layers:
                layer.seek(max(0, layer.cursor - self.batch_size))
            return first_bad_layer(self.layers, self.params)

    def close(self) -> None:
        """Release files and threads."""
        for layer in self.layers:
            layer.close()
        self._predictors.close()

    @property
    def planned_bytes(self) -> int:
        """Blobs, diffs and scratch, plus params and their diffs."""
        return int(self.compiled.plan.n_bytes + self.store.data.nbytes + self.store.diff.nbytes)
