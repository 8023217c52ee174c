"""Lets a coffee break hear the values of a statistic, as a run would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from support.fake_net import table

from graphnet.solver.coffee.base import CoffeeBreak


def hear(
    break_: CoffeeBreak, key: str, values: Sequence[float], lr: float = 1.0
) -> list[dict[str, Any]]:
    """Open the break and record ``values`` one iteration after the other.

    The rate follows ``lr_scale`` as in the loop.

    Returns:
        After each of them (and after ``open`` where there are none): ``lr_scale``, the break's
        ``request`` or None, and the ``lines`` said so far.
    """
    net, state, lounge, lines = table()
    opened = break_.open(net, state, lounge)

    def seen(request: Any) -> dict[str, Any]:
        return {"lr_scale": state.lr_scale, "request": request, "lines": list(lines.lines)}

    found = []
    for state._iter, value in enumerate(values):
        state._lr = lr * state.lr_scale
        lounge.start_iteration(state.iter)
        lounge.update_statistics(key, value)
        ((_, listener, heard),) = lounge.due_listeners()
        found.append(seen(listener(heard)))
    return found or [seen(opened)]
