"""The memory limit: a net that would not fit is refused before anything is allocated."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from math import prod
from pathlib import Path

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import Kind
from graphnet.net.graph import LayerVertex, NetGraph
from graphnet.param import Declared

_N_NAMED = 3


def available_bytes() -> int | None:
    """How much memory this process may still take; None where the system does not say.

    The smaller of what the machine has free and what its control group allows.
    """
    found = [*_from_meminfo(), *_from_cgroup()]
    if not found:
        with suppress(AttributeError, ValueError, OSError):  # what POSIX has in its place
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found, default=None)


def _from_meminfo() -> Iterator[int]:
    with suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            name, _, rest = line.partition(":")
            if name == "MemAvailable":
                yield int(rest.split()[0]) * 1024


def _from_cgroup() -> Iterator[int]:
    """What Linux control groups allow: version 2, then version 1."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/cgroup").read_text("utf-8").splitlines():
            number, controllers, path = line.split(":", 2)
            if number == "0":
                root, names = Path("/sys/fs/cgroup"), ("memory.max", "memory.current")
            elif "memory" in controllers.split(","):
                root = Path("/sys/fs/cgroup/memory")
                names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
            else:
                continue
            for folder in (root / path.lstrip("/"), root):  # a container sees its own as the root
                with suppress(OSError, ValueError):  # "max" is no number
                    limit, used = (int((folder / name).read_text("ascii")) for name in names)
                    yield max(limit - used + _reclaimable(folder), 0)


def _reclaimable(folder: Path) -> int:
    """Bytes of files that are kept in memory as long as nobody else needs it."""
    with suppress(OSError, ValueError):
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return int(stat.get("total_inactive_file", stat.get("inactive_file", 0)))
    return 0


def check_memory(
    limit: int | None,
    graph: NetGraph,
    declared: Mapping[str, Declared],
    dtype: np.dtype,
    n_bytes: int,
) -> None:
    """See that a net fits.

    Args:
        limit: The most it may need; None: there is no limit.
        graph: Its layers and blobs.
        declared: What each store key holds.
        dtype: The net's precision.
        n_bytes: What it needs, or any part of that.

    Raises:
        ShapeError: At the layer of the largest array, naming the largest ones and the way out.
    """
    if limit is None or n_bytes <= limit:
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
        f" {_text(limit)} may be used\n"
        f"  largest: {listed}\n"
        f"  a smaller batch_size{f' in {feeders}' if feeders else ''} needs less;"
        " memory_limit (--memory-limit) allows more",
        layer.position,
    )


def _arrays(
    graph: NetGraph, declared: Mapping[str, Declared]
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
