"""What the breaks that lower the learning rate share."""

from __future__ import annotations

from graphnet.solver.state import SolverState


def lower_rate(state: SolverState, factor: float, min_lr: float, why: str) -> bool:
    """Multiply ``state.lr_scale`` by ``factor``, but keep the rate at ``min_lr`` or above.

    Returns:
        Whether the rate is lower now.
    """
    before = state.lr
    if before <= min_lr:
        return False
    factor = max(factor, min_lr / before)
    state.lr_scale *= factor
    state.run.say(f"{why}: lr {before:.5g} → {before * factor:.5g}")
    return True
