"""What ``Net.predict`` runs and takes: the test-phase layers that depend only on what is fed.

The nets made of these layers, and their passes, are in ``predictor.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from graphnet.blob import Shape
from graphnet.declare.arguments import expect
from graphnet.declare.lossless import lossless, real_array
from graphnet.errors import ShapeError, SpecError, TopologyError, did_you_mean, listed
from graphnet.layers.base import Kind
from graphnet.layers.data.input import Input
from graphnet.net.flow import sort_layers
from graphnet.net.graph import BlobVertex
from graphnet.net.passes import build_graph, select_phase
from graphnet.net.spec import NetSpec, Node


def prediction_spec(spec: NetSpec, row_shapes: Mapping[str, Shape], batch_size: int) -> NetSpec:
    """A net that starts from fed blobs instead of data layers.

    Args:
        spec: The whole net.
        row_shapes: The shape of one row of each fed blob.
        batch_size: Rows of a pass.

    Raises:
        TopologyError: If no layer depends on the fed blobs alone.
    """
    nodes = select_phase(spec.nodes, "test")
    graph = build_graph(nodes)
    sort_layers(graph)
    # what is fed comes before the in-place layers on it, and instead of the layer that makes it
    fed = {
        v for v in graph if isinstance(v, BlobVertex) and v.name in row_shapes and not v.replaces
    }
    known = set(fed)
    kept: list[str] = []
    for layer in graph.layers:
        runs = layer.kind is Kind.COMPUTE and not fed.issuperset(layer.tops)
        if runs and known.issuperset(layer.bottoms):
            kept.append(layer.name)
            known.update(layer.tops)
    if not kept:
        names = ", ".join(f"'{name}'" for name in row_shapes)
        tops = ", ".join(t for n in nodes if n.spec.kind is Kind.DATA for t in n.tops)
        raise TopologyError(
            f"net '{spec.name}' has no layer in phase test that depends on {names} alone\n"
            f"  its data layers give: {tops or 'nothing'}"
        )
    kept += [
        layer.name
        for layer in graph.layers
        if layer.kind is Kind.OUTPUT
        and not layer.spec.hands_out
        and known.issuperset(layer.bottoms)
    ]
    feed = Input(
        name="input", batch_size=batch_size, shapes=dict(row_shapes), tops=tuple(row_shapes)
    )
    return spec.with_nodes([Node.of(feed), *(n for n in nodes if n.name in kept)])


#: Rows that ``predict`` runs at a time.
PREDICT_BATCH = 256


def mixing_layer(spec: NetSpec) -> Node | None:
    """The first layer of the test phase that computes the samples of a batch together."""
    nodes = select_phase(spec.nodes, "test")
    return next((node for node in nodes if node.spec.mixes_samples), None)


def check_rows_apart(spec: NetSpec) -> None:
    """See that what comes out of a row does not depend on which others are beside it.

    Raises:
        SpecError: At a layer that mixes samples.
    """
    node = mixing_layer(spec)
    if node is not None:
        with node.located():
            raise SpecError(
                "it computes the samples of a batch together, so that what comes out of a row"
                " depends on the others\n  use net.predict from Python: it takes all rows as one"
                " batch"
            )


def chosen_outputs(spec: NetSpec, whole: NetSpec, names: Iterable[str] | None) -> list[str]:
    """The blobs whose values are wanted, seen to be there; by default those no layer reads.

    Args:
        spec: Of :func:`prediction_spec`.
        whole: The spec it was made from.
        names: Of blobs.

    Raises:
        SpecError: If the net has no such blob.
        TopologyError: If it depends on more than what is fed.
    """
    if names is None:
        return output_names(spec)
    names = [names] if isinstance(names, str) else list(names)
    made = [top for node in spec.nodes for top in node.tops]
    known = list(dict.fromkeys(top for node in whole.nodes for top in node.tops))
    for name in names:
        if name not in known:
            hint = did_you_mean(str(name), known) or f"\n  there is: {listed(known)}"
            raise SpecError(f"net '{whole.name}' has no blob '{name}'{hint}")
        if name not in made:
            raise TopologyError(
                f"blob '{name}' of net '{whole.name}' cannot be computed from what is fed alone\n"
                f"  these can: {', '.join(dict.fromkeys(made))}"
            )
    if not names:
        raise SpecError("no output is asked for\n  name at least one blob, or leave them out")
    return list(dict.fromkeys(names))


def output_names(spec: NetSpec) -> list[str]:
    """The blobs that no layer reads, in order."""
    graph = build_graph(spec.nodes)
    blobs = graph.blobs.values()
    return [b.name for b in blobs if not b.readers and b.producer.kind is not Kind.DATA]


def fed_arrays(
    inputs: Any, spec: NetSpec, known: Collection[str], dtype: np.dtype, *, raw: bool = True
) -> dict[str, np.ndarray]:
    """What is fed, by blob; one array alone is for the one top of the data that is computed with.

    Args:
        inputs: What the user gives.
        spec: The net.
        known: Its blobs, of every phase.
        dtype: Its precision.
        raw: Whether rows are already what blobs hold.

    Raises:
        SpecError: If it is neither, or the net has no such blob.
        DataError: If values are not real numbers, or the precision cannot hold them.
    """
    if not isinstance(inputs, Mapping):
        names = data_computed_with(spec)
        is_array = hasattr(inputs, "shape") or isinstance(inputs, list | tuple)
        named = ", ".join(f"'{name}': …" for name in names) or "'top': …"
        hint = f"write net.predict({{{named}}})"
        expect(is_array and len(names) == 1, "predict", "arrays by blob", inputs, hint)
        inputs = {names[0]: inputs}
    for name in inputs:
        if name not in known:
            hint = did_you_mean(str(name), known) or f"\n  there is: {listed(known)}"
            raise SpecError(f"predict: net '{spec.name}' has no blob '{name}'{hint}")
    if not raw:  # of any type: the transformers begin with what is stored
        return {name: real_array(x, f"predict: '{name}'") for name, x in inputs.items()}
    return {name: lossless(x, dtype, f"predict: '{name}'") for name, x in inputs.items()}


def data_computed_with(spec: NetSpec) -> list[str]:
    """The tops of data layers that more than losses and statistics of the test phase read."""
    nodes = select_phase(spec.nodes, "test")
    read = {b for node in nodes if node.spec.kind is Kind.COMPUTE for b in node.bottoms}
    tops = dict.fromkeys(top for node in spec.data_nodes() for top in node.tops)
    return [top for top in tops if top in read]


def fed_rows(arrays: Mapping[str, np.ndarray], known: Mapping[str, Shape]) -> int:
    """The number of rows that fed ``arrays`` agree on, in a net with blobs of ``known`` shapes.

    Raises:
        ShapeError: If they disagree, or a blob's rows do not have the shape the net knows.
    """
    for name, array in arrays.items():
        expected = known.get(name)
        if expected is not None and array.shape[1:] != expected[1:]:
            hint = "\n  add a batch axis: x[None]" if array.shape == expected[1:] else ""
            rows = ", ".join(map(str, ("n", *expected[1:])))
            raise ShapeError(
                f"predict: '{name}' has the shape {array.shape}, expected ({rows}){hint}"
            )
    if not arrays:
        raise ShapeError("predict: nothing is fed\n  give an array for each input: {'data': array}")
    rows_of = {name: len(array) if array.ndim else 0 for name, array in arrays.items()}
    n_rows = {*rows_of.values()}
    if len(n_rows) != 1:
        listed = ", ".join(f"'{name}' has {n}" for name, n in rows_of.items())
        raise ShapeError(f"predict: the blobs disagree on the number of rows: {listed}")
    return n_rows.pop()
