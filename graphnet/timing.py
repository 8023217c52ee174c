"""Where the time of a step goes: each layer against what the machine can do.

Two ceilings are measured on the spot: how fast this machine multiplies matrices, and how fast it
copies memory. A layer near the first is bound by arithmetic, one near the second by memory, and
one far from both by the overhead of many small calls.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import prod
from time import perf_counter
from typing import Any

import numpy as np

from graphnet.backend.base import Backend, InnerProductArrays
from graphnet.net.net import Net
from graphnet.net.spec import Node


@dataclass(frozen=True)
class LayerTime:
    """One layer's part of a step.

    Attributes:
        name: Of the layer.
        type: Of the layer.
        forward_ms: Median milliseconds of its forward.
        backward_ms: Median milliseconds of its backward; 0 if it has none.
        share: Of the whole step, in [0, 1].
        gflops: Multiply-adds × 2 per nanosecond, forward and backward together, as plain sums
            would take; a convolution may do with fewer and come to more than the ceiling.
        gbytes: Bytes of its blobs and params read and written, per nanosecond.
        bound_by: ``arithmetic``, ``memory`` or ``overhead``.
    """

    name: str
    type: str
    forward_ms: float
    backward_ms: float
    share: float
    gflops: float
    gbytes: float
    bound_by: str


@dataclass(frozen=True)
class StepTime:
    """What :func:`time_net` measured.

    Attributes:
        layers: In order.
        step_ms: The sum of the medians.
        matmul_gflops: The machine's rate of matrix products, all threads.
        copy_gbytes: The machine's rate of copying memory, bytes read plus written.
    """

    layers: tuple[LayerTime, ...]
    step_ms: float
    matmul_gflops: float
    copy_gbytes: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def time_net(net: Net, n_steps: int = 20) -> StepTime:
    """Time every layer of a net over ``n_steps`` passes, after two that warm up.

    Backward is timed where the net runs it: a training net with a loss.
    """
    ordered, backward = net.compiled.ordered, net.compiled.flow.backward
    forward_s: list[list[float]] = [[] for _ in ordered]
    backward_s: list[list[float]] = [[] for _ in ordered]
    for step in range(n_steps + 2):
        for i, layer in enumerate(net.layers):
            _clock(net.backend, layer.forward, forward_s[i], keep=step > 1)
        for i in reversed(range(len(ordered))):
            if ordered[i].name in backward:
                _clock(net.backend, net.layers[i].backward, backward_s[i], keep=step > 1)
    forward = [statistics.median(s) for s in forward_s]
    backwards = [statistics.median(s) if s else 0.0 for s in backward_s]
    total = sum(forward) + sum(backwards)
    flops, copied = matmul_rate(net.backend), copy_rate(net.backend)
    layers = tuple(
        _layer_time(net, node, forward[i], backwards[i], total, flops, copied)
        for i, node in enumerate(ordered)
    )
    return StepTime(layers, total * 1e3, flops / 1e9, copied / 1e9)


def _clock(backend: Backend, call: Callable[[], None], seconds: list[float], *, keep: bool) -> None:
    backend.synchronize()
    start = perf_counter()
    call()
    backend.synchronize()
    if keep:
        seconds.append(perf_counter() - start)


def _layer_time(
    net: Net,
    node: Node,
    forward: float,
    backward: float,
    total: float,
    flop_rate: float,
    byte_rate: float,
) -> LayerTime:
    seconds = max(forward + backward, 1e-9)
    flops, n_bytes = step_flops(net, node), step_bytes(net, node)
    by_flops, by_bytes = flops / flop_rate / seconds, n_bytes / byte_rate / seconds
    bound = "arithmetic" if by_flops >= by_bytes else "memory"
    if max(by_flops, by_bytes) < 0.25:  # far from both ceilings  # noqa: PLR2004
        bound = "overhead"
    return LayerTime(
        node.name,
        type(node.spec).__name__,
        forward * 1e3,
        backward * 1e3,
        (forward + backward) / total if total else 0.0,
        flops / seconds / 1e9,
        n_bytes / seconds / 1e9,
        bound,
    )


def step_flops(net: Net, node: Node) -> int:
    """Two per multiply-add: of forward, of the bottoms' gradient and of the params', if wanted."""
    passes = 1
    if node.name in net.compiled.flow.backward:
        passes += any(b in net.compiled.flow.wanted for b in node.bottoms)
        passes += any(p.diff is not None for p in net.params.get(node.name, {}).values())
    return 2 * net.compiled.macs(node) * passes


def step_bytes(net: Net, node: Node) -> int:
    """The least a step must read and write: every blob and param involved once per pass."""
    if node.spec.views:
        return 0
    shapes, flow = net.compiled.shapes, net.compiled.flow
    params = sum(prod(p.shape) for p in net.params.get(node.name, {}).values())
    count = sum(prod(shapes[b]) for b in (*node.bottoms, *node.tops)) + params
    if node.name in flow.backward:
        count += sum(prod(shapes[b]) for b in (*node.bottoms, *node.tops) if b in flow.wanted)
        count += 2 * params
        reads = node.spec.backward_reads()
        count += sum(prod(shapes[node.bottoms[b]]) for b in reads.bottoms)
        count += sum(prod(shapes[node.tops[t]]) for t in reads.tops)
    return count * net.compiled.dtype.itemsize


def matmul_rate(backend: Backend, size: int = 768) -> float:
    """FLOP/s of products of float32 matrices, through the backend and all its threads."""
    x = backend.empty_blob((2 * size, size), np.dtype("float32"))
    y = backend.empty_blob((2 * size, size), np.dtype("float32"))
    x[...] = 1
    weight = backend.full((size, size), 1.0, np.dtype("float32"))
    op = backend.inner_product(InnerProductArrays(x, weight, None, y))
    return 2 * 2 * size**3 / _best_seconds(backend, op.forward)


def copy_rate(backend: Backend, n_bytes: int = 1 << 26) -> float:
    """Bytes read plus written per second by copies too large for any cache."""
    shape = (1, n_bytes // 4)
    source = backend.empty_blob(shape, np.dtype("float32"))
    target = backend.empty_blob(shape, np.dtype("float32"))
    source[...] = 1
    copy = backend.elementwise(lambda xp, a, b: xp.copyto(b, a), source, target)
    return 2 * n_bytes / _best_seconds(backend, copy)


def _best_seconds(backend: Backend, call: Callable[[], None], n_tries: int = 8) -> float:
    """The quickest of several: a ceiling is what the machine can do when left alone."""
    call()
    seconds: list[float] = []
    for _ in range(n_tries):
        _clock(backend, call, seconds, keep=True)
    return min(seconds)
