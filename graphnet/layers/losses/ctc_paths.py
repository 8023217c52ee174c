"""CTCPaths: how probable it is that a sequence of steps reads as given labels, over all ways.

A step gives one label or the blank. A way of reading is a path through the states

    blank  label 0  blank  label 1  blank  …

that stays, goes on by one, or skips a blank between two unlike labels. Probabilities of paths are
added in logarithms, forwards and backwards in time.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call, in_turn
from graphnet.blob import Array, Shape
from graphnet.layers.base import ScratchDecls

#: The logarithm of what cannot be: sums of many of them stay finite.
NEVER = -1e30


def path_scratch(n: int, n_steps: int, n_labels: int) -> ScratchDecls:
    """The scratch of :class:`CTCPaths`."""
    of_states: Shape = (n, 2 * n_labels + 1)
    decls = {
        name: ScratchDecl((n, n_steps, of_states[1]), lifetime="pass", blob=True)
        for name in ("path_logs", "path_before", "path_after")
    }
    decls |= {
        name: ScratchDecl(of_states, lifetime="pass", blob=True)
        for name in ("path_skip", "path_ends")
    }
    decls |= {name: ScratchDecl(of_states, blob=True) for name in ("path_sum", "path_other")}
    decls |= {
        name: ScratchDecl((n, 1), lifetime="pass", blob=True) for name in ("path_log", "path_most")
    }
    return decls


class CTCPaths:
    """Adds up paths.

    Attributes:
        logs: ``(N, T, L)``, to be filled: the logarithm of the probability of each state's label.
        skip: ``(N, L)``, to be filled: 0 where a path may come from two states before, else NEVER.
        ends: ``(N, L)``, to be filled: 0 where a path may end, else NEVER.
        before: ``(N, T, L)``: of all paths up to a state, that step included.
        after: ``(N, T, L)``: of all paths from a state on, that step not included.
        log: ``(N, 1)``: of all paths.

    Args:
        backend: The layer's.
        scratch: As declared by :func:`path_scratch`.
        left_out: ``(N, T)``, where a step does not count; None where all do.
    """

    def __init__(self, backend: Backend, scratch: Any, left_out: Array | None) -> None:
        self.xp = backend.xp
        self.logs, self.before, self.after, self.skip, self.ends, self.log, self.most = (
            scratch[f"path_{name}"]
            for name in ("logs", "before", "after", "skip", "ends", "log", "most")
        )
        self.sum, self.other = scratch["path_sum"], scratch["path_other"]
        self.left_out = left_out
        add_up = backend.axes_sum(self.sum, (1,), self.log)
        n_steps = self.logs.shape[1]
        forward = [self.first(), *(c for t in range(1, n_steps) for c in self.step(t))]
        self.go_forward = in_turn([*forward, partial(self.total, add_up)])
        self.go_backward = in_turn(
            [
                partial(self.xp.copyto, self.after[:, -1], self.ends),
                *(c for t in range(n_steps - 2, -1, -1) for c in self.step_back(t)),
            ]
        )

    def absent(self, t: int) -> Any:
        """Where step t does not count, beside the states."""
        return None if self.left_out is None else self.left_out[:, t : t + 1]

    def first(self) -> Call:
        """The first step, which counts: the first blank or the first label."""
        before, logs = self.before[:, 0], self.logs[:, 0]

        def start() -> None:
            before.fill(NEVER)
            self.xp.copyto(before[:, :2], logs[:, :2])

        return start

    def step(self, t: int) -> list[Call]:
        """The paths up to each state at step t."""
        xp, last, now = self.xp, self.before[:, t - 1], self.before[:, t]
        n_states = now.shape[1]
        calls: list[Call] = [partial(xp.copyto, now, last)]
        if n_states > 1:
            calls.append(partial(xp.logaddexp, now[:, 1:], last[:, :-1], now[:, 1:]))
        if n_states > 2:  # noqa: PLR2004  # a label and its blanks
            other = self.other[:, 2:]
            calls.append(partial(xp.add, last[:, :-2], self.skip[:, 2:], other))
            calls.append(partial(xp.logaddexp, now[:, 2:], other, now[:, 2:]))
        calls.append(partial(xp.add, now, self.logs[:, t], now))
        if self.left_out is not None:
            calls.append(partial(xp.copyto, now, last, where=self.absent(t)))
        return calls

    def step_back(self, t: int) -> list[Call]:
        """The paths from each state at step t on."""
        xp, then, now = self.xp, self.after[:, t + 1], self.after[:, t]
        n_states, arrived = now.shape[1], self.sum
        calls: list[Call] = [
            partial(xp.add, then, self.logs[:, t + 1], arrived),
            partial(xp.copyto, now, arrived),
        ]
        if n_states > 1:
            calls.append(partial(xp.logaddexp, now[:, :-1], arrived[:, 1:], now[:, :-1]))
        if n_states > 2:  # noqa: PLR2004  # a label and its blanks
            other = self.other[:, 2:]
            calls.append(partial(xp.add, arrived[:, 2:], self.skip[:, 2:], other))
            calls.append(partial(xp.logaddexp, now[:, :-2], other, now[:, :-2]))
        if self.left_out is not None:
            calls.append(partial(xp.copyto, now, then, where=self.absent(t + 1)))
        return calls

    def total(self, add_up: Call) -> None:
        """The logarithm of the sum over the states in which a path may end."""
        xp = self.xp
        xp.add(self.before[:, -1], self.ends, out=self.sum)
        self.sum.max(axis=1, keepdims=True, out=self.most)
        xp.subtract(self.sum, self.most, out=self.sum)
        xp.exp(self.sum, out=self.sum)
        add_up()
        xp.log(self.log, out=self.log)
        xp.add(self.log, self.most, out=self.log)
