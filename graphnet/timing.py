"""Where the time of a step goes: each layer against what the machine can do.

Two ceilings are measured on the spot: how fast this machine multiplies matrices, and how fast it
copies memory. A layer near the first is bound by arithmetic, one near the second by memory, and
one far from both by the overhead of many small calls.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import numpy as np

from graphnet.backend.base import Backend, InnerProductArrays
from graphnet.declare.arguments import expect_net, spelled_out, whole_number
from graphnet.layers.base import Kind
from graphnet.net.graph import LayerVertex
from graphnet.net.net import Net


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
        within: The layer that does its work besides its own, and takes the time; None: none does.
    """

    name: str
    type: str
    forward_ms: float
    backward_ms: float
    share: float
    gflops: float
    gbytes: float
    bound_by: str
    within: str | None = None


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


@spelled_out
def time_net(net: Net, n_steps: int = 20) -> StepTime:
    """Time every layer of a net over ``n_steps`` passes, after two that warm up.

    Backward is timed where the net runs it: a training net with a loss. Afterwards the net stands
    where it stood; only its blobs and diffs have changed.

    Returns:
        The times of every layer in milliseconds, and what this machine can do at that moment.

    Example:
        >>> times = gn.time_net(gn.load_net("iris/net.yaml"), n_steps=1)
        >>> [layer.name for layer in times.layers][:2]
        ['train-data', 'ip1']
    """
    expect_net("time_net", net, call="time_net(net)")
    n_steps = whole_number("time_net: n_steps", n_steps, 1)
    vertices = net.compiled.layers
    forward_s: list[list[float]] = [[] for _ in vertices]
    backward_s: list[list[float]] = [[] for _ in vertices]
    with net.backend.computing(), net.put_back():
        for step in range(n_steps + 2):
            for i, layer in enumerate(net.layers):
                if layer.spec.kind is Kind.OUTPUT:  # to time a net writes no files
                    forward_s[i].append(0.0)
                    continue
                _clock(net.backend, layer.forward, forward_s[i], keep=step > 1)
            for i in reversed(range(len(vertices))):
                if vertices[i].runs_backward:
                    _clock(net.backend, net.layers[i].backward, backward_s[i], keep=step > 1)
    forward = [statistics.median(s) for s in forward_s]
    backward = [statistics.median(s) if s else 0.0 for s in backward_s]
    total = sum(forward) + sum(backward)
    flop_rate, byte_rate = matmul_rate(net.backend), copy_rate(net.backend)
    layers = []
    for vertex, ahead, back in zip(vertices, forward, backward, strict=True):
        seconds = max(ahead + back, 1e-9)
        flops, n_bytes = step_flops(net, vertex), step_bytes(net, vertex)
        by_flops, by_bytes = flops / flop_rate / seconds, n_bytes / byte_rate / seconds
        bound = "arithmetic" if by_flops >= by_bytes else "memory"
        if max(by_flops, by_bytes) < 0.25:  # far from both ceilings  # noqa: PLR2004
            bound = "overhead"
        share = (ahead + back) / total if total else 0.0
        rates = flops / seconds / 1e9, n_bytes / seconds / 1e9
        layers.append(
            LayerTime(
                *(vertex.name, vertex.type, ahead * 1e3, back * 1e3, share, *rates, bound),
                within=vertex.within.name if vertex.within else None,
            )
        )
    return StepTime(tuple(layers), total * 1e3, flop_rate / 1e9, byte_rate / 1e9)


def _clock(backend: Backend, call: Callable[[], None], seconds: list[float], *, keep: bool) -> None:
    backend.synchronize()
    start = perf_counter()
    call()
    backend.synchronize()
    if keep:
        seconds.append(perf_counter() - start)


def step_flops(net: Net, layer: LayerVertex) -> int:
    """Two per multiply-add: of forward, of the bottoms' gradient and of the params', if wanted."""
    passes = 1
    if layer.runs_backward:
        passes += any(blob.wants_gradient for blob in layer.bottoms)
        passes += any(p.diff is not None for p in net.params.get(layer.name, {}).values())
    return 2 * layer.macs * passes


def step_bytes(net: Net, layer: LayerVertex) -> int:
    """The least a step must read and write: every blob and param involved once per pass."""
    if layer.running.views:
        return 0
    bottoms, tops = layer.bottoms, layer.tops
    params = sum(int(p.data.nbytes) for p in net.params.get(layer.name, {}).values())
    n_bytes = sum(blob.n_bytes for blob in (*bottoms, *tops)) + params
    if layer.runs_backward:
        n_bytes += sum(blob.n_bytes for blob in (*bottoms, *tops) if blob.wants_gradient)
        n_bytes += 2 * params
        reads = layer.running.backward_reads()
        n_bytes += sum(bottoms[b].n_bytes for b in reads.bottoms)
        n_bytes += sum(tops[t].n_bytes for t in reads.tops)
    return n_bytes


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
    seconds: list[float] = []
    with backend.computing():
        call()
        for _ in range(n_tries):
            _clock(backend, call, seconds, keep=True)
    return min(seconds)
