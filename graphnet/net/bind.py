"""Binding: a compiled net's layers, each given its arrays in the planned arena."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import nan
from typing import Any

import numpy as np

from graphnet.blob import Array, Blob, Shape
from graphnet.errors import TopologyError, did_you_mean, one_of
from graphnet.layers.base import Binding, Kind, Layer, PassContext
from graphnet.layers.pass_context import ContextOfRows
from graphnet.net.checks.contract import check_layer
from graphnet.net.compiled import CompiledNet
from graphnet.net.graph import BlobVertex, LayerVertex
from graphnet.net.memory import DATA, DIFF, SCRATCH, Key
from graphnet.params.param import Param, ParamStore


@dataclass
class Bound:
    """The running parts of a net.

    Attributes:
        blobs: Every blob, internal ones too.
        params: By layer name and param name, for layers that have any.
        layers: In the order they run.
        param_diffs: Those of the store that backward writes.
        shared_sums: To call after backward: each adds the diff of one more user of a shared
            param to the param's.
        per_batch: The state that one batch hands to the next, and its value at a start.
    """

    blobs: dict[BlobVertex, Blob] = field(default_factory=dict)
    params: dict[str, dict[str, Param]] = field(default_factory=dict)
    layers: list[Layer[Any]] = field(default_factory=list)
    param_diffs: list[Array] = field(default_factory=list)
    shared_sums: list[Callable[[], Any]] = field(default_factory=list)
    per_batch: list[tuple[Array, float]] = field(default_factory=list)


def bind(
    compiled: CompiledNet,
    store: ParamStore,
    context: PassContext,
    inputs: Mapping[str, np.ndarray],
    *,
    freeze_borrowed: bool = False,
) -> Bound:
    """Give every layer its blobs, params, state and scratch.

    ``freeze_borrowed`` gives layers that borrow params copies of them, which then stay as they
    are: to such a layer's gradient they are constants.

    Raises:
        GraphnetError: With the layer and its position, if a layer cannot be set up.
    """
    return _Binder(compiled, store, context, inputs, freeze_borrowed=freeze_borrowed).bound


class _Binder:
    def __init__(
        self,
        compiled: CompiledNet,
        store: ParamStore,
        context: PassContext,
        inputs: Mapping[str, np.ndarray],
        *,
        freeze_borrowed: bool,
    ) -> None:
        self.freeze_borrowed = freeze_borrowed
        self.compiled, self.store, self.context, self.inputs = compiled, store, context, inputs
        self.backend, self.dtype = compiled.backend, compiled.dtype
        self.arena = self.backend.arena(compiled.plan.n_bytes)
        self.placed: dict[tuple[Any, ...], Array] = {}
        self.bound = Bound()
        self.written: set[tuple[str, str]] = set()  # params whose diff a layer writes
        self.of_data: set[BlobVertex] = set()
        #: of the data's blobs: one number but where something else is fed beside the samples
        self.data_rows = {
            top.shape[0]
            for layer in compiled.layers
            if layer.kind is Kind.DATA
            for top in layer.tops
            if top.shape
        }
        self.bind_blobs()
        for layer in compiled.layers:
            params = self.bind_params(layer)
            if params:
                self.bound.params[layer.name] = params
            with layer.located():
                every = {**params, **self.borrowed(layer)}
                running = layer.running.build(self.binding(layer, every))
                check_layer(running, runs_backward=layer.runs_backward)
                self.bound.layers.append(running)

    def array(self, key: Key, shape: Shape, dtype: Any, *, blob: bool) -> Array:
        offset = self.compiled.plan.offsets[key]
        place = (offset, shape, np.dtype(dtype), blob)
        if place not in self.placed:  # one object for one place: `is` tells what is the same
            self.placed[place] = self.backend.place(self.arena, *place[:3], blob=blob)
        return self.placed[place]

    def bind_blobs(self) -> None:
        for vertex in self.compiled.graph.all_blobs:
            shape = vertex.shape
            data = self.array((DATA, vertex), shape, self.dtype, blob=not vertex.by_rows)
            diff = None
            if (DIFF, vertex) in self.compiled.plan.offsets:
                diff = self.array((DIFF, vertex), shape, self.dtype, blob=True)
                if vertex not in self.compiled.plan.shared:
                    diff.fill(nan)  # what no backward has written must not look like a gradient
            self.bound.blobs[vertex] = Blob(vertex.name, data, diff)

    def bind_params(self, layer: LayerVertex) -> dict[str, Param]:
        """A layer's params, of each the diff that its backward writes.

        The first layer that has one to write writes the param's own, which may be another than the
        owner: that may be frozen, or no loss may reach it. Further ones write beside it.
        """
        key, params = layer.spec.store_key, {}
        for name in layer.spec.param_decls(layer.bottom_shapes):
            param = self.store.params[key][name]
            if layer.spec.frozen or param.diff is None:
                param = Param(name, param.data, None, param.decl)
            elif layer.runs_backward and (key, name) in self.written:
                extra = self.backend.zeros(param.decl.shape, self.dtype)
                add = partial(self.backend.xp.add, param.diff, extra, out=param.diff)
                self.bound.shared_sums.append(add)
                param = Param(name, param.data, extra, param.decl)
            elif layer.runs_backward:
                self.written.add((key, name))
                self.bound.param_diffs.append(param.diff)
            params[name] = param
        return params

    def borrowed(self, layer: LayerVertex) -> dict[str, Param]:
        """Params of another layer that this one reads and sends no gradient to."""
        params = {}
        for name, (key, of) in layer.running.borrowed_params().items():
            if of not in self.store.params.get(key, {}):
                keys = [k for k, named in self.store.params.items() if of in named]
                raise TopologyError(
                    f"no layer has a {of} under the key '{key}'"
                    f"{did_you_mean(key, keys) or one_of(keys)}"
                )
            param = self.store.params[key][of]
            data = param.data.copy() if self.freeze_borrowed else param.data
            params[name] = Param(name, data, None, param.decl)
        return params

    def binding(self, layer: LayerVertex, params: Mapping[str, Param]) -> Binding:
        scratch = {
            name: self.array(
                (SCRATCH, layer, name), decl.shape, decl.dtype or self.dtype, blob=decl.blob
            )
            for name, decl in self.compiled.plan.scratch[layer].items()
        }
        return Binding(
            name=layer.name,
            bottoms=self.bottoms(layer),
            tops=[self.bound.blobs[t] for t in layer.tops],
            params=params,
            state=self.state(layer),
            scratch=scratch,
            backend=self.backend,
            context=self.context_of(layer),
            dtype=self.dtype,
            inputs=self.inputs,
        )

    def context_of(self, layer: LayerVertex) -> PassContext:
        """The net's; where a layer's rows are not those of the data, one that counts its own."""
        of_data = layer.kind is Kind.DATA or not self.of_data.isdisjoint(layer.bottoms)
        if of_data:
            self.of_data.update(layer.tops)
        rows = [shape[0] for shape in layer.bottom_shapes[:1] if shape]
        if not rows or (of_data and self.data_rows <= set(rows)):
            return self.context
        return ContextOfRows(self.context, rows[0], of_data=of_data)

    def state(self, layer: LayerVertex) -> dict[str, Array]:
        """A layer's persistent state, and what it borrows; what batches hand on is a net's own.

        Only the net the store was made for keeps that in the store, where snapshots find it.
        """
        arrays, is_stored = {}, self.compiled.declared is self.store.declared
        for name, decl in layer.spec.state_decls(layer.bottom_shapes).items():
            if decl.per_batch and not is_stored:
                array = self.backend.full(decl.shape, decl.fill, self.dtype)
            else:
                array = self.store.state[layer.state_key(decl)][name]
            if decl.per_batch:
                self.bound.per_batch.append((array, decl.fill))
            arrays[name] = array
        for name, (key, of) in layer.running.borrowed_state().items():
            arrays[name] = self.store.state[key][of]
        return arrays

    def bottoms(self, layer: LayerVertex) -> list[Blob]:
        """A layer's bottoms as it sees them: without a diff where it sends none."""
        return [
            blob
            if layer.runs_backward and layer.can_send_to(slot)
            else Blob(blob.name, blob.data, None)
            for slot, blob in enumerate(self.bound.blobs[v] for v in layer.bottoms)
        ]
