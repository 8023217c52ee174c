"""Lets a coffee break hear the values of a statistic, as a run would."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.fake_net import FakeNet, Lines

from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.state import SolverState


def hear(
    break_: CoffeeBreak, key: str, values: Sequence[float], lr: float = 1.0, best_key: str = ""
) -> list[dict[str, Any]]:
    """Open the break and record ``values`` one iteration after the other.

    The rate follows ``lr_scale`` as in the loop.

    Returns:
        After each of them (and after ``open`` where there are none): ``stop_reason``,
        ``lr_scale``, whether the best is to be restored, and the lines said so far.
    """
    net, state, lounge = FakeNet(), SolverState(), CoffeeLounge(Lines())
    lounge._folder, lounge._best_key = Path("run"), best_key or None
    break_.open(net, state, lounge)

    def seen() -> dict[str, Any]:
        return {
            "stop_reason": state.stop_reason,
            "lr_scale": state.lr_scale,
            "restore": lounge.wants_restore,
            "lines": list(lounge.reporter.lines),
        }

    found = []
    for state._iter, value in enumerate(values):
        state._lr, lounge._wants_restore = lr * state.lr_scale, False
        lounge.start_iteration(state.iter)
        lounge.update_statistics(key, value)
        for _, listener, heard in lounge.due_listeners():
            listener(heard)
        found.append(seen())
    return found or [seen()]
