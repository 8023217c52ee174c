"""The PyTorch side: run by the Python that has PyTorch, asked over standard input."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.cases import case_of
from benchmarks.process_memory import peak_bytes
from benchmarks.torch_nets import ADAM_EPSILON, peer_of
from benchmarks.workers import TIMED_PARTS, answer, calls_in, requests, seconds_of, serve

N_VERIFIED = 3
_MATRIX = 768


class Training:
    """A net, its optimizer, and the rows it learns from.

    Args:
        task: As ``suite.py`` puts it.
    """

    def __init__(self, task: dict[str, Any]) -> None:
        self.case = case_of(task)
        self.peer = peer_of(self.case)
        self.net = self.peer.build()
        tops = list(self.case.tops)
        self.x = torch.from_numpy(np.load(task["rows"][tops[0]]))
        self.y = torch.from_numpy(np.load(task["rows"][tops[-1]])).long()
        if self.case.name in ("char-rnn", "tiny-gpt"):
            self.x = self.x.long()
        self.channels_last = task["layout"] == "channels_last"
        if self.channels_last:
            self.net = self.net.to(memory_format=torch.channels_last)
            self.x = self.x.to(memory_format=torch.channels_last)
        self.optimizer = self.peer.optimizer(self.net)
        self.order, self.at, self.update = torch.arange(len(self.x)), len(self.x), 0
        self.loss_of: Callable[[Tensor, Tensor], Tensor] = self._loss_of
        self.forward: Callable[[Tensor], Tensor] = self._forward
        if task["compiled"]:
            self.loss_of = torch.compile(self._loss_of, dynamic=False)
            self.forward = torch.compile(self._forward, dynamic=False)
        self.calls: dict[int, int] = {}
        self.train_step()  # what cannot be compiled is known now
        part = task["seconds"] / TIMED_PARTS
        self.steps = task["steps"] or calls_in(self.train_step, part)

    def _loss_of(self, x: Tensor, y: Tensor) -> Tensor:
        return self.peer.loss(self.net(x), y)

    def _forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.net(x)
        return out.softmax(1) if self.peer.squashes else out

    def next_batch(self) -> tuple[Tensor, Tensor]:
        """Rows in the order of this epoch."""
        batch = self.case.batch
        if self.at + batch > len(self.x):
            self.at = 0
            if self.case.shuffle:
                self.order = torch.randperm(len(self.x))
        begin, self.at = self.at, self.at + batch
        if not self.case.shuffle:
            return self.x[begin : self.at], self.y[begin : self.at]
        rows = self.order[begin : self.at]
        return self.x[rows], self.y[rows]

    def train_step(self) -> None:
        """One update."""
        self.learn(*self.next_batch())

    def learn(self, x: Tensor, y: Tensor) -> Tensor:
        """One update from this batch; its loss before."""
        self.update += 1
        if not self.peer.fixed_lr:
            for group in self.optimizer.param_groups:
                group["lr"] = self.peer.lr(self.update) * group["times"]
        self.optimizer.zero_grad()
        loss = self.loss_of(x, y)
        loss.backward()
        if self.peer.clip:
            # clip_grad_norm_ adds 1e-6 to the norm, which is more than verify allows for
            gradients = [p.grad for p in self.net.parameters() if p.grad is not None]
            norm = torch.nn.utils.get_total_norm(gradients)
            torch._foreach_mul_(gradients, (self.peer.clip / norm).clamp(max=1.0))
        self.optimizer.step()
        return loss

    # --- what can be asked --------------------------------------------------------------

    def train(self) -> float:
        """Seconds of a training step."""
        return seconds_of(self.train_step, self.steps)

    def infer(self, batch: int, seconds: float) -> float:
        """Seconds of a pass of so many rows without gradients, the mean over about ``seconds``."""
        x = self.x[:batch]
        self.net.eval()
        with torch.inference_mode():
            if batch not in self.calls:
                self.calls[batch] = calls_in(lambda: self.forward(x), seconds / TIMED_PARTS)
            taken = seconds_of(lambda: self.forward(x), self.calls[batch])
        self.net.train()
        return taken

    def peak(self) -> int:
        """Bytes of the process at its largest."""
        return peak_bytes()

    def rate(self) -> float:
        """FLOP/s of a product of float32 matrices."""
        x, weight = torch.ones(2 * _MATRIX, _MATRIX), torch.ones(_MATRIX, _MATRIX)
        out = torch.empty(2 * _MATRIX, _MATRIX)
        seconds = []
        for _ in range(9):
            start = time.perf_counter()
            torch.mm(x, weight, out=out)
            seconds.append(time.perf_counter() - start)
        return 2 * 2 * _MATRIX**3 / min(seconds)

    def verify(self, file: str) -> dict[str, float]:
        """How far a few updates in float64 lead away from those recorded in ``file``.

        Returns:
            ``loss``: the largest relative difference of a loss; ``update``: the largest relative
            difference, in the L2 norm, of what the updates have changed in a param.
        """
        record = np.load(file)
        before, after = (
            [record[f"{when}/{i}"] for i in range(int(record["n_params"]))]
            for when in ("before", "after")
        )
        self.net = self.net.double()
        if self.x.is_floating_point():
            self.x = self.x.double()
        self.start_from(before)
        batch, losses = self.case.batch, []
        for k in range(N_VERIFIED):
            if self.peer.momentum is None:  # graphnet's epsilon lies outside the correction
                for group in self.optimizer.param_groups:
                    group["eps"] = ADAM_EPSILON / (1 - 0.999 ** (k + 1)) ** 0.5
            rows = slice(k * batch, (k + 1) * batch)
            losses.append(self.learn(self.x[rows], self.y[rows]).item())
        apart = [
            np.linalg.norm(own.ravel() - other.ravel()) / max(np.linalg.norm(other - begin), 1e-12)
            for own, other, begin in zip(self.params(), after, before, strict=True)
        ]
        return {
            "loss": float(np.max(np.abs(losses / record["losses"] - 1))),
            "update": float(np.max(apart)),
        }

    def start_from(self, arrays: list[np.ndarray]) -> None:
        """Take these params, in graphnet's order, and forget all that was learned."""
        with torch.no_grad():
            given = iter(arrays)
            for name, param in self.net.named_parameters():
                if name == "lstm.bias_hh_l0":
                    param.zero_()
                    continue
                values = torch.from_numpy(next(given))
                if name.startswith("lstm."):
                    values = _gates(values)
                param.copy_(values.reshape(param.shape))
        if self.case.name == "char-rnn":
            self.net.state = None
        self.optimizer, self.update = self.peer.optimizer(self.net), 0

    def params(self) -> list[np.ndarray]:
        """The params as graphnet has them."""
        named = {name: p.detach() for name, p in self.net.named_parameters()}
        if "lstm.bias_hh_l0" in named:
            named["lstm.bias_ih_l0"] = named["lstm.bias_ih_l0"] + named.pop("lstm.bias_hh_l0")
        return [(_gates(p) if name.startswith("lstm.") else p).numpy() for name, p in named.items()]


def _gates(values: Tensor) -> Tensor:
    """The gates i, f, o, g as i, f, g, o, and the other way round."""
    i, f, third, fourth = values.chunk(4)
    return torch.cat([i, f, fourth, third])


def run(task: dict[str, Any]) -> None:
    """Answer requests until the input ends."""
    begin = peak_bytes()
    torch.set_num_threads(task["threads"])
    torch.manual_seed(0)
    training = Training(task)
    answer({"version": torch.__version__, "begin_bytes": begin, "steps": training.steps})
    for what, *arguments in requests():
        answer(getattr(training, what)(*arguments))


if __name__ == "__main__":
    serve(run)
