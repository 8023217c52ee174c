"""The net that ``Net.predict`` runs: the test-phase layers that depend only on what is fed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from graphnet.blob import Shape
from graphnet.errors import ShapeError, TopologyError
from graphnet.layers.base import Kind
from graphnet.layers.input import Input
from graphnet.layers.silence import Silence
from graphnet.net.passes import select_phase
from graphnet.net.spec import NetSpec, Node

if TYPE_CHECKING:
    from graphnet.net.net import Net


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
    known = set(row_shapes)
    kept: list[Node] = []
    waiting = [n for n in nodes if n.spec.kind is Kind.COMPUTE and not known.issuperset(n.tops)]
    progress = True
    while progress:  # list order is free, so go round until nothing more becomes known
        ready = [n for n in waiting if known.issuperset(n.bottoms)]
        waiting = [n for n in waiting if n not in ready]
        kept += ready
        known.update(top for n in ready for top in n.tops)
        progress = bool(ready)
    in_place = [n for n in nodes if n.spec.in_place and n.bottoms == n.tops]
    kept += [n for n in in_place if n not in kept and known.issuperset(n.bottoms)]
    if not kept:
        fed = ", ".join(f"'{name}'" for name in row_shapes)
        tops = ", ".join(t for n in nodes if n.spec.kind is Kind.DATA for t in n.tops)
        raise TopologyError(
            f"net '{spec.name}' has no layer in phase test that depends on {fed} alone\n"
            f"  its data layers give: {tops or 'nothing'}"
        )
    kept += [n for n in nodes if isinstance(n.spec, Silence) and known.issuperset(n.bottoms)]
    feed = Input(
        name="input", batch_size=batch_size, shapes=dict(row_shapes), tops=tuple(row_shapes)
    )
    order = {id(n): i for i, n in enumerate(nodes)}
    return spec.with_nodes([Node.of(feed), *sorted(kept, key=lambda n: order[id(n)])])


def output_names(spec: NetSpec) -> list[str]:
    """The tops that no layer reads, in order; a layer that works in place does not count."""
    read = {b for n in spec.nodes for b in n.bottoms if b not in n.tops}
    tops = [t for n in spec.nodes if n.spec.kind is not Kind.DATA for t in n.tops]
    return [t for t in dict.fromkeys(tops) if t not in read]


def fed_rows(arrays: Mapping[str, np.ndarray], known: Mapping[str, Shape]) -> int:
    """The number of rows that fed blobs agree on.

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
    rows_of = {name: len(array) if array.ndim else 0 for name, array in arrays.items()}
    if len(set(rows_of.values())) != 1:
        listed = ", ".join(f"'{name}' has {n}" for name, n in rows_of.items()) or "nothing is fed"
        raise ShapeError(f"predict: the blobs disagree on the number of rows: {listed}")
    return next(iter(rows_of.values()))


def run_batches(
    net: Net, arrays: Mapping[str, np.ndarray], n_rows: int, batch: int
) -> dict[str, np.ndarray]:
    """Feed the rows ``batch`` at a time and collect the net's outputs."""
    names = output_names(net.compiled.spec)
    dtype = net.compiled.dtype
    outputs = {name: np.empty((n_rows, *net.blobs[name].shape[1:]), dtype) for name in names}
    for first in range(0, n_rows, batch):
        valid = min(batch, n_rows - first)
        for name, array in arrays.items():
            rows = array[first : first + valid]
            if valid < batch:  # the last rows once more: they do not count
                rows = np.concatenate([rows, np.repeat(rows[-1:], batch - valid, axis=0)])
            net.backend.upload(rows, net.fed(name))
        net.context.first_sample, net.context.n_valid = first, valid
        net.forward()
        for name, output in outputs.items():
            output[first : first + valid] = net.backend.download(net.blobs[name].data)[:valid]
        net.settle()
    return outputs
