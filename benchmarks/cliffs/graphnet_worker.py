"""The graphnet side of the search for cliffs: one layer of a net at a time, by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import graphnet as gn
from benchmarks.cliffs.settings import Setting, settings
from benchmarks.workers import TIMED_PARTS, answer, calls_in, requests, seconds_of, serve
from graphnet.layers.base import Kind
from graphnet.net.net import Net


def net_of(setting: Setting, threads: int) -> Net:
    """A net whose layer ``measured`` is the setting's, its bottoms wanting gradients."""
    names = [f"x{i}" for i in range(len(setting.bottoms))]
    n_learned = len(names) - bool(setting.classes)
    layers: list[dict[str, Any]] = [
        {"name": f"input of {name}", "type": "Input", "batch_size": shape[0], "tops": [name]}
        | {"shapes": {name: list(shape[1:])}}
        for name, shape in zip(names, setting.bottoms, strict=True)
    ]
    # what a bias has been added to wants a gradient
    learned = [f"y{i}" for i in range(n_learned)]
    layers += [
        {"name": f"bias{i}", "type": "Bias", "bottoms": [names[i]], "tops": [learned[i]]}
        for i in range(n_learned)
    ]
    bottoms = [*learned, *names[n_learned:]]
    measured = {"name": "measured", "bottoms": bottoms} | setting.layer
    has_tops = gn.layers.LAYER_TYPES[setting.type].kind is Kind.COMPUTE
    tops = [f"top{i}" for i in range(setting.n_tops)] if has_tops else []
    if tops:
        measured["tops"] = tops
    layers.append(measured)
    layers += [{"name": f"sum{t}", "type": "SumLoss", "bottoms": [t]} for t in tops]
    rng = np.random.default_rng(0)
    values = {
        name: rng.random(shape, np.float32)
        for name, shape in zip(names, setting.bottoms, strict=True)
    }
    if setting.classes:
        values[names[-1]] = rng.integers(setting.classes, size=setting.bottoms[-1])
    net = gn.load_net(layers, threads=threads)
    for name, value in values.items():
        net.blobs[name].data[...] = value
    return net


def passes_of(net: Net) -> list[Callable[[], None]]:
    """Forward of the layer that is measured, and its backward where it runs one."""
    net.forward()
    at = next(i for i, layer in enumerate(net.compiled.layers) if layer.name == "measured")
    passes = [net.layers[at].forward]
    if net.compiled.layers[at].runs_backward:
        net.backward()
        passes.append(net.layers[at].backward)
    return passes


class Worker:
    """Answers what is asked of one setting after another."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.threads, self.seconds, self.at = task["threads"], task["seconds"], -1

    def measure(self, at: int) -> list[float]:
        """Seconds of forward, and of backward where there is one."""
        if at != self.at:
            self.at, self.net = at, net_of(settings()[at], self.threads)
            self.passes = passes_of(self.net)
            with self.net.backend.computing():
                part = self.seconds / TIMED_PARTS
                self.calls = [calls_in(call, part) for call in self.passes]
        with self.net.backend.computing():
            return [seconds_of(*pair) for pair in zip(self.passes, self.calls, strict=True)]


def run(task: dict[str, Any]) -> None:
    """Answer requests until the input ends."""
    worker = Worker(task)
    answer({"version": gn.__version__})
    with np.errstate(all="ignore"):
        for what, *arguments in requests():
            answer(getattr(worker, what)(*arguments))


if __name__ == "__main__":
    serve(run)
