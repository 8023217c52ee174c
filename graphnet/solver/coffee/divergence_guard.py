"""DivergenceGuard: stops a run whose loss or params are no longer finite."""

from __future__ import annotations

from math import isfinite

from graphnet.errors import DivergedError
from graphnet.solver.coffee.base import CoffeeBreak, nothing
from graphnet.solver.coffee.items import checked
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet


@checked
class DivergenceGuard(CoffeeBreak):
    """Checks whether the loss and all params are finite, and stops the run if they are not.

    Every run has one that checks every 100 iterations, and every snapshot is checked; list it to
    check at other times. The last good snapshot stays.

    The error names the iteration at which this was found, and the last one at which all was
    finite: the first NaN came in between, and ``every_n_iter: 1`` would tell when. It also names
    the first layer, in the order they run, that has a bad param or top by then. A NaN spreads
    through the params with every update, so only the first update after it can tell where it came
    from.

    Example:
        - {type: DivergenceGuard, every_n_iter: 10}
    """

    records = nothing

    def __init__(self) -> None:
        """It has no keys."""

    def enjoy(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Check.

        Raises:
            DivergedError: Naming the iteration and the first bad layer.
        """
        check_finite(net, state)


def check_finite(net: TrainableNet, state: SolverState) -> None:
    """See that the loss of the last update and all params are finite.

    Raises:
        DivergedError: Otherwise.
    """
    check_loss(net, state)
    # a sum of squares is finite exactly where all elements are: it is taken in float64
    if not isfinite(float(net.store.backend.square_sum(net.store.data))):
        raise diverged(net, state, "a param is not finite")
    state.have_seen_finite()


def check_loss(net: TrainableNet, state: SolverState) -> None:
    """See that the loss of the last update is finite, unless that was skipped.

    Raises:
        DivergedError: Otherwise.
    """
    if state.iter and not isfinite(state.obj_val) and not state.is_last_skipped:
        raise diverged(net, state, f"the loss is {state.obj_val}")


def diverged(net: TrainableNet, state: SolverState, found: str) -> DivergedError:
    """The error: what was found, since when it may be so, in which layer, and what is kept."""
    good, last = state.finite_at, state.run.last_snapshot
    since = "" if good is None else f"\n  all was finite at iteration {good}, the last looked at"
    layer = net.first_bad_layer()
    where = f"\n  first layer with a value that is not finite: '{layer}'" if layer else ""
    kept = f"\n  last good snapshot: {last}" if last else ""
    return DivergedError(
        f"the run diverged: at iteration {state.iter} {found}{since}{where}{kept}\n"
        "  try a lower base_lr, or clip_gradients; see that the data has no NaN"
    )
