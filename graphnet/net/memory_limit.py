"""The memory limit: a net that would not fit is refused before anything is allocated."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from math import prod
from pathlib import Path

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.control_groups import SYSTEM, FreeMemory, free_memory
from graphnet.errors import ShapeError
from graphnet.layers.base import Kind
from graphnet.net.graph import LayerVertex, NetGraph
from graphnet.params.param import DeclaredParams

_N_NAMED = 3


def available_memory(system: Path = SYSTEM) -> FreeMemory | None:
    """How much memory this process may still take; None where the system does not say.

    The least of what the machine has free, what the control groups around the process leave it
    (a container's limit), and what its address space may grow by (``ulimit -v``).

    Args:
        system: The root of the file system.
    """
    found = [*_of_machine(system), *free_memory(system), *_of_address_space(system)]
    return min(found, default=None)


def _of_machine(system: Path) -> Iterator[FreeMemory]:
    with suppress(OSError):
        text = (system / "proc/meminfo").read_text("ascii", "replace")
        if free := re.search(r"^MemAvailable: *(\d+) kB$", text, re.MULTILINE):
            yield FreeMemory(int(free[1]) * 1024, "free on this machine")
            return
    with suppress(AttributeError, ValueError, OSError):  # what POSIX has in its place
        n_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        yield FreeMemory(n_bytes, "what this machine has")


def _of_address_space(system: Path) -> Iterator[FreeMemory]:
    """What is left of a limit of its own, which counts all that is mapped."""
    with suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            mapped = int((system / "proc/self/statm").read_text("ascii").split()[0])
            left = limit - mapped * resource.getpagesize()
            yield FreeMemory(max(left, 0), "left of the limit on address space, ulimit -v")


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
