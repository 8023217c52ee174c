"""One rank's step, timed in a process of its own.

    python -m benchmarks.scaling.step NET ROWS THREADS

The net is one of ``nets/`` or of :mod:`benchmarks.scaling.nets`, at any batch, on random rows.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.scaling.nets import caffenet, vgg16
from graphnet.backend import open_backend
from graphnet.layers import MemoryData
from graphnet.net.compiled import compile_net
from graphnet.net.load_net import load_net
from graphnet.net.net import Net
from graphnet.net.sources import resolve_data
from graphnet.net.spec import NetSpec, Node, read_net
from graphnet.solver.methods.sgd import SGD
from graphnet.solver.update import Updater

LARGE = {"caffenet": caffenet, "vgg16": vgg16}
NETS = Path(__file__).parents[2] / "nets"
#: A measurement runs for about this long, and for at least so many steps.
SECONDS, STEPS = 2.0, 3


def build(name: str, rows: int, threads: int | None = None) -> Net:
    """The training net of that name, reading random rows."""
    if name in LARGE:
        layers: Any = LARGE[name](rows)
        return load_net(layers, inputs=random_rows(layers[0]["shapes"], rows), threads=threads)
    spec = read_net(NETS / f"{name}.yaml")
    compiled = compile_net(
        resolve_data(spec, phase="train").spec,
        "train",
        open_backend("numpy", 1),
        np.dtype("float32"),
        "needed",
    )
    shapes = {
        top.name: top.shape[1:]
        for layer in compiled.layers
        if not layer.bottoms
        for top in layer.tops
    }
    return load_net(
        from_memory(spec, shapes, rows),
        inputs=random_rows(shapes, rows),
        keep="needed",
        threads=threads,
    )


def from_memory(spec: NetSpec, shapes: dict[str, tuple[int, ...]], rows: int) -> NetSpec:
    """The net with its data layers reading memory, at another batch."""
    nodes = []
    for node in spec.nodes:
        if node.bottoms or node.spec.phase == "test":
            nodes.append(node)
            continue
        mine = {top: shapes[top] for top in node.tops}
        data = MemoryData(
            name=node.name, phase=node.spec.phase, batch_size=rows, shapes=mine, tops=node.tops
        )
        nodes.append(Node(data.name, data, (), node.tops, node.position))
    return replace(spec, nodes=tuple(nodes))


def random_rows(shapes: dict[str, Any], rows: int) -> dict[str, np.ndarray]:
    """Rows for each top; a top of one number a row holds labels that any net has."""
    rng = np.random.default_rng(0)
    return {
        top: rng.random((rows, *shape), np.float32)
        if len(shape)
        else rng.integers(0, 2, rows).astype(np.float32)
        for top, shape in shapes.items()
    }


def seconds_of_step(net: Net) -> tuple[float, float]:
    """The medians of forward, backward and the update of SGD with momentum, and of the update."""
    updater = Updater(net.store, SGD(), 0.0005)
    steps: list[float] = []
    updates: list[float] = []
    end = time.perf_counter() + SECONDS
    while len(steps) < STEPS + 1 or time.perf_counter() < end:
        start = time.perf_counter()
        net.forward_backward()
        computed = time.perf_counter()
        updater.update(len(steps) + 1, 1e-4, 0.9)
        done = time.perf_counter()
        steps.append(done - start)
        updates.append(done - computed)
    return median(steps[1:]), median(updates[1:])


if __name__ == "__main__":
    which, n_rows, n_threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    built = build(which, n_rows, n_threads)
    print(json.dumps([*seconds_of_step(built), built.store.diff.nbytes]))
