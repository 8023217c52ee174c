"""What the breaks that lower the learning rate share."""

from __future__ import annotations

from graphnet.errors import SpecError
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.state import SolverState


def lower_rate(
    state: SolverState, lounge: CoffeeLounge, factor: float, min_lr: float, why: str
) -> bool:
    """Multiply ``state.lr_scale`` by ``factor``, but so that the rate is not below ``min_lr``.

    Returns:
        Whether the rate is lower now.
    """
    before = state.lr
    if before <= min_lr:
        return False
    factor = max(factor, min_lr / before)
    state.lr_scale *= factor
    lounge.reporter.line(f"{why}: lr {before:.5g} → {before * factor:.5g}")
    return True


def check_best_is_kept(key: str, lounge: CoffeeLounge) -> None:
    """See that the run keeps the snapshot that is best by ``key``.

    Raises:
        SpecError: If it does not.
    """
    if lounge.best_key != key:
        raise SpecError(
            f"restore_best needs the best snapshot by '{key}'\n"
            f"  add to coffee_breaks: {{type: Snapshot, keep_best: {key}}}"
        )
