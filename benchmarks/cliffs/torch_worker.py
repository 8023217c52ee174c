"""The PyTorch side of the search for cliffs: run by the Python that has PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.cliffs.settings import Setting, settings
from benchmarks.cliffs.torch_layers import peer
from benchmarks.workers import TIMED_PARTS, answer, calls_in, requests, seconds_of, serve

FOUR_AXES = 4


class Bench:
    """One setting, ready to run.

    Args:
        setting: What is measured.
        layout: ``default`` or ``channels_last``.
    """

    def __init__(self, setting: Setting, layout: str) -> None:
        torch.manual_seed(0)
        x = [torch.rand(shape) for shape in setting.bottoms]
        if setting.classes:
            x[-1] = torch.randint(setting.classes, setting.bottoms[-1]).float()
        call = peer(setting.layer, x)
        self.there = call is not None
        if call is None:
            return
        params = list(call.parameters()) if isinstance(call, nn.Module) else []
        if layout == "channels_last":
            x = [v.to(memory_format=torch.channels_last) if v.ndim == FOUR_AXES else v for v in x]
            if isinstance(call, nn.Module):
                call = call.to(memory_format=torch.channels_last)
        n_learned = len(x) - bool(setting.classes)
        wanted = [v.requires_grad_() for v in x[:n_learned]] + params

        def run() -> Any:
            return call(*x)

        def infer() -> None:
            with torch.inference_mode():
                run()

        self.passes: list[Callable[[], object]] = [infer]
        y = run()
        tops = [v for v in ([y] if isinstance(y, Tensor) else y) if v.requires_grad]
        if tops and wanted:
            diffs = [torch.ones_like(v) for v in tops]
            self.passes.append(
                lambda: torch.autograd.grad(
                    tops, wanted, diffs, retain_graph=True, allow_unused=True
                )
            )


class Worker:
    """Answers what is asked of one setting after another."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.layout, self.seconds = task["layout"], task["seconds"]
        self.at, self.bench = -1, None

    def measure(self, at: int) -> list[float] | None:
        """Seconds of forward, and of backward where there is one; None: no such layer."""
        if at != self.at:
            self.at, self.bench = at, Bench(settings()[at], self.layout)
            if self.bench.there:
                part = self.seconds / TIMED_PARTS
                self.calls = [calls_in(call, part) for call in self.bench.passes]
        if not self.bench.there:
            return None
        return [seconds_of(*pair) for pair in zip(self.bench.passes, self.calls, strict=True)]


def run(task: dict[str, Any]) -> None:
    """Answer requests until the input ends."""
    torch.set_num_threads(task["threads"])
    worker = Worker(task)
    answer({"version": torch.__version__})
    for what, *arguments in requests():
        answer(getattr(worker, what)(*arguments))


if __name__ == "__main__":
    serve(run)
