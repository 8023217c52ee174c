"""What follows from the graph alone: order, shapes, where gradients flow, how blobs lie."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from numbers import Integral

import networkx as nx
import numpy as np

from graphnet.errors import ShapeError, TopologyError
from graphnet.layers.base import Kind
from graphnet.net.graph import BlobVertex, LayerVertex, NetGraph
from graphnet.params.param import DeclaredParams


def sort_layers(graph: NetGraph) -> None:
    """Put the layers in the order they run.

    Raises:
        TopologyError: If there is a cycle, with its path.
    """
    try:
        cycle = [source for source, _, _ in nx.find_cycle(graph)]
    except nx.NetworkXNoCycle:
        graph.sort()
        return
    while not isinstance(cycle[0], LayerVertex):
        cycle.append(cycle.pop(0))
    first = cycle[0]
    path = "".join(f"{v.name} -" if isinstance(v, LayerVertex) else f"[{v.name}]-> " for v in cycle)
    raise TopologyError(
        f"the layers form a cycle: {path}{first.name}\n"
        f"  a bottom must come from a layer nearer the data; check the bottoms of '{first.name}'",
        first.position,
    )


def infer_shapes(graph: NetGraph, dtype: np.dtype) -> None:
    """Give every blob its shape, from the specs alone (a data layer may read its file's header).

    Raises:
        ShapeError: With the layer and its position.
    """
    for layer in graph.layers:
        tops = layer.tops
        with layer.located():
            shapes = layer.spec.top_shapes(layer.bottom_shapes)
            _check_top_shapes(shapes, len(tops))
        for top, shape in zip(tops, shapes, strict=True):
            top.shape, top.n_bytes = shape, prod(shape) * dtype.itemsize


def check_indices(graph: NetGraph, dtype: np.dtype) -> None:
    """See that the precision can tell apart all indices and classes that blobs hold.

    Raises:
        ShapeError: With the layer and its position, where two of them would be one number.
    """
    most = 2 ** (np.finfo(dtype).nmant + 1)
    for layer in graph.layers:
        n = layer.spec.n_indices(layer.bottom_shapes)
        if n > most:
            with layer.located():
                raise ShapeError(
                    f"{n} indices or classes are more than {dtype} can tell apart, which is {most}"
                    "\n  load the net with dtype='float64', or use fewer"
                )
        if layer.kind is Kind.DATA and n:
            for top in layer.tops:
                _check_readers(top, n)


def _check_readers(blob: BlobVertex, n: int) -> None:
    """See that whoever tells the symbols of a blob apart knows all of them."""
    for reader in blob.readers:
        known = reader.spec.n_indices(reader.bottom_shapes)
        if 0 < known < n:
            with reader.located():
                raise ShapeError(
                    f"the numbers of '{blob.name}' go up to {n - 1}, as there are {n} tokens, but"
                    f" it knows {known}\n  give it {n}, or use a smaller tokenizer"
                )


def _check_top_shapes(found: object, n_tops: int) -> None:
    """See that there is a shape for each top: a layer may be the user's own."""
    if (
        isinstance(found, list | tuple)
        and len(found) == n_tops
        and all(isinstance(s, tuple) and all(isinstance(n, Integral) for n in s) for s in found)
    ):
        return
    raise ShapeError(
        f"its top_shapes() gave {found!r}\n"
        f"  expected a list of {n_tops}: for each top a tuple of whole numbers, batch axis first"
    )


def store_by_rows(graph: NetGraph) -> None:
    """Mark the blobs that lie in memory sample after sample, as a data layer reads them.

    They are those all of whose readers take them so; the order of all others is the backend's.
    """
    for layer in graph.layers:
        if layer.kind is Kind.DATA:
            for top in layer.tops:
                top.by_rows = all(reader.spec.takes_rows for reader in top.readers)


def note_params(
    graph: NetGraph, owners: Mapping[str, str], declared: Mapping[str, DeclaredParams]
) -> None:
    """Mark the layers whose params learn, and the first layer with each."""
    for layer in graph.layers:
        key = layer.spec.store_key
        layer.owns_params = owners.get(key) == layer.name
        layer.learns = key in declared and bool(declared[key].params) and not layer.spec.frozen


def send_gradients(graph: NetGraph) -> None:
    """Mark the blobs that lie between a param that learns and a loss, and the layers between."""
    below: set[BlobVertex] = set()  # blobs that depend on a param that learns
    for layer in graph.layers:
        if layer.learns or not below.isdisjoint(layer.sends_to):
            below.update(layer.tops)
    for layer in reversed(graph.layers):
        is_reached = layer.kind is Kind.LOSS or any(top.wants_gradient for top in layer.tops)
        sends = [blob for blob in layer.sends_to if blob in below]
        if is_reached and (sends or layer.learns):
            layer.runs_backward = True
            for blob in sends:
                blob.wants_gradient = True


def unreached(graph: NetGraph) -> list[LayerVertex]:
    """Layers with params that learn, which no loss reaches."""
    return [layer for layer in graph.layers if layer.learns and not layer.runs_backward]
