"""The range test: a short training whose rate rises from step to step, and what it suggests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, log10

import numpy as np

from graphnet.declare.arguments import whole_number
from graphnet.errors import DivergedError, SpecError
from graphnet.net.net import Net
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.lr_policy import ExpRate
from graphnet.solver.reporter import SilentReporter
from graphnet.solver.request import Request
from graphnet.solver.solver import Solver
from graphnet.solver.spec import SolverSpec
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet

#: How much of the mean loss so far a new one keeps.
SMOOTHING = 0.9
#: The test ends where the smoothed loss is this multiple of what it has fallen by above its best.
GIVE_UP = 3.0
#: The slope at a rate is that of a line through so large a part of the steps around it.
WINDOW = 0.1
#: So many steps are needed for a slope.
FEWEST = 10


@dataclass(frozen=True)
class RateStep:
    """One update of the test.

    Attributes:
        iter: Its number, from 1.
        rate: The learning rate.
        loss: Of its batch, before the update.
        smoothed: The mean of the losses so far, later ones weighing more.
    """

    iter: int
    rate: float
    loss: float
    smoothed: float


@dataclass(frozen=True)
class RateRange:
    """What a range test found.

    Attributes:
        steps: In order.
        suggestion: The rate at which the smoothed loss falls fastest; None where it never fell.
        lowest: The rate at which it was lowest, which is too large to train with; None likewise.
        ended: Why the test ended.
    """

    steps: tuple[RateStep, ...]
    suggestion: float | None
    lowest: float | None
    ended: str


class RateRecorder(CoffeeBreak):
    """Notes rate and loss of every update, and ends a run whose loss has risen far.

    Attributes:
        steps: What was noted.
    """

    def __init__(self) -> None:
        self.steps: list[RateStep] = []
        self._mean = 0.0

    def enjoy(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> Request | None:
        """Note the update that was just done."""
        if not state.iter:
            return None
        loss = state.obj_val
        if not isfinite(loss):
            return Request(stop=f"the loss is {loss} at a rate of {state.lr:.2g}")
        self._mean = SMOOTHING * self._mean + (1 - SMOOTHING) * loss
        smoothed = self._mean / (1 - SMOOTHING**state.iter)
        self.steps.append(RateStep(state.iter, state.lr, loss, smoothed))
        first, best = self.steps[0].smoothed, min(step.smoothed for step in self.steps)
        fallen = max(first - best, 0.1 * abs(first))
        if smoothed > best + GIVE_UP * fallen:
            return Request(stop=f"the loss has risen far at a rate of {state.lr:.2g}")
        return None


def find_rate(
    net: Net, spec: SolverSpec, low: float = 1e-7, high: float = 10.0, n_steps: int = 200
) -> RateRange:
    """Train with rates that rise from ``low`` to ``high`` by the same factor each step.

    The params of ``net`` are changed by it. Nothing is written, and the coffee breaks of the solver
    are left out. After Smith, "Cyclical Learning Rates for Training Neural Networks" (2017).

    Args:
        net: Of phase train.
        spec: How it is trained; its rate, length, directory and breaks do not count.
        low: The first rate.
        high: The last.
        n_steps: Updates, at least 10. The test ends before that where the loss has risen far.

    Raises:
        SpecError: If the rates or the number of steps make no range.
        DivergedError: If not even the first update can be done.
    """
    if not 0 < low < high < float("inf"):
        raise SpecError(
            f"the rates go from {low:g} to {high:g}: expected numbers above 0, the lower one first"
        )
    n_steps = whole_number("steps", n_steps, FEWEST)
    gamma = (high / low) ** (1 / (n_steps - 1))
    changed = {
        "lr_policy": ExpRate(base_lr=low / gamma, gamma=gamma),
        "max_iter": n_steps,
        "max_epoch": None,
        "exp_dir": None,
        "coffee_breaks": (),
    }
    recorder = RateRecorder()
    solver = Solver(spec.model_copy(update=changed))
    solver.add_coffee_break(recorder, every_n_iter=1)
    try:
        ended = solver.solve(net, reporter=SilentReporter()).stop_reason
    except DivergedError:  # which was to be expected
        ended = ""
        if not recorder.steps:
            raise
    if not ended and len(recorder.steps) < n_steps:
        ended = f"the run diverged at a rate of about {recorder.steps[-1].rate:.2g}"
    suggestion, lowest = suggested(recorder.steps)
    return RateRange(
        tuple(recorder.steps), suggestion, lowest, ended or "all rates have been tried"
    )


def suggested(steps: Sequence[RateStep]) -> tuple[float | None, float | None]:
    """The rate of the steepest fall, and the rate of the lowest loss; None where it never fell.

    The fall is that of a line fitted to the smoothed losses around a rate, over the logarithms of
    rates, up to where they are lowest.
    """
    losses = np.array([step.smoothed for step in steps])
    if len(losses) < FEWEST:
        return None, None
    at = int(losses.argmin())
    half = max(2, round(WINDOW * len(losses) / 2))
    if at <= half:
        return None, None
    x = np.array([log10(step.rate) for step in steps])
    slopes = {}
    for i in range(half, at + 1):
        window = slice(i - half, min(i + half + 1, len(x)))
        slopes[i] = float(np.polyfit(x[window] - x[i], losses[window], 1)[0])
    steepest = min(slopes, key=slopes.__getitem__)
    if slopes[steepest] >= 0:
        return None, None
    return steps[steepest].rate, steps[at].rate


def table_text(found: RateRange) -> str:
    """The steps as CSV."""
    lines = ["iter,rate,loss,smoothed"]
    lines += [f"{s.iter},{s.rate!r},{s.loss!r},{s.smoothed!r}" for s in found.steps]
    return "\n".join(lines) + "\n"
