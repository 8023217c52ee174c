"""The memory limit: a net that would not fit is refused before anything is allocated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from math import prod

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.control_groups import FreeMemory
from graphnet.errors import GraphnetError, ShapeError
from graphnet.layers.base import Kind
from graphnet.net.graph import LayerVertex, NetGraph
from graphnet.params.param import DeclaredParams

_N_NAMED = 3


def check_memory(
    limit: FreeMemory | None,
    graph: NetGraph,
    declared: Mapping[str, DeclaredParams],
    dtype: np.dtype,
    n_bytes: int,
) -> None:
    """See that a net fits.

    Args:
        limit: The most it may need, and why; None: there is no limit.
        graph: Its layers and blobs.
        declared: What each store key holds.
        dtype: The net's precision.
        n_bytes: What it needs, or any part of that.

    Raises:
        ShapeError: At the layer of the largest array, naming the largest ones and the way out.
    """
    if limit is None or n_bytes <= limit.n_bytes:
        return
    largest = sorted(_arrays(graph, declared), key=lambda a: -prod(a[1]))[:_N_NAMED]
    listed = ", ".join(
        f"{name} {shape_text(shape)} ({_text(prod(shape) * dtype.itemsize)})"
        for name, shape, _ in largest
    )
    feeders = ", ".join(f"'{layer.name}'" for layer in graph.layers if layer.kind is Kind.DATA)
    layer = largest[0][2]
    raise ShapeError(
        f"{layer.subject}the net does not fit into memory: it needs {_text(n_bytes)} or more, and"
        f" {_text(limit.n_bytes)} may be used ({limit.reason})\n"
        f"  largest: {listed}\n"
        f"  a smaller batch_size{f' in {feeders}' if feeders else ''} needs less;"
        " memory_limit (--memory-limit) allows more",
        layer.position,
    )


def check_kept(limit: FreeMemory | None, graph: NetGraph, n_bytes: int) -> None:
    """See that what data layers keep of their files fits beside the net.

    Args:
        limit: As in :func:`check_memory`, of the host.
        graph: The net's layers and blobs.
        n_bytes: What the net itself needs.

    Raises:
        ShapeError: At the data layer that keeps most.
    """
    layers = [layer for layer in graph.layers if layer.kind is Kind.DATA]
    if limit is None or not layers:
        return
    kept = dict.fromkeys(layers, 0)
    for layer in layers:
        with suppress(GraphnetError):  # it is told of when the data are opened
            kept[layer] = layer.spec.kept_bytes()
    if n_bytes + sum(kept.values()) <= limit.n_bytes:
        return
    layer = max(kept, key=kept.__getitem__)
    raise ShapeError(
        f"{layer.subject}the data do not fit into memory: {_text(sum(kept.values()))} of them are"
        f" kept beside a net of {_text(n_bytes)}, and {_text(limit.n_bytes)} may be used"
        f" ({limit.reason})\n"
        "  a smaller buffer_bytes keeps less; memory_limit (--memory-limit) allows more",
        layer.position,
    )


def _arrays(
    graph: NetGraph, declared: Mapping[str, DeclaredParams]
) -> Iterator[tuple[str, Shape, LayerVertex]]:
    """Each blob and param: its name, its shape, its layer."""
    for layer in graph.layers:
        if not layer.spec.views:
            yield from ((str(top), top.shape, layer) for top in layer.tops)
        if layer.owns_params:
            key = layer.spec.store_key
            params = declared[key].params.items()
            yield from ((f"param '{key}/{name}'", decl.shape, layer) for name, decl in params)


def _text(n_bytes: int) -> str:
    return f"{n_bytes / 2**20:.1f} MiB" if n_bytes < 2**30 else f"{n_bytes / 2**30:,.1f} GiB"
