"""CoffeeBreak: something to do in a pause; and Every: when it is due."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from graphnet.layers.base import Phase
from graphnet.sealed import OpenToOthers
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.request import Request
from graphnet.solver.saved import Saved as Saved  # noqa: PLC0414  # breaks take it from here
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet

#: The keys of what a phase of the net measures; None where they cannot be told.
KeysOf: TypeAlias = Callable[[Phase], Collection[str] | None]


@dataclass(frozen=True)
class Every:
    """When a break is due: after every ``n`` iterations or epochs."""

    n: int
    unit: Literal["iter", "epoch"]

    def is_due(self, iteration: int, epoch: int, last_epoch: int) -> bool:
        """Whether a multiple of ``n`` is reached now, or (of epochs) has just been passed.

        Args:
            iteration: Updates done; 0 before the first is a multiple of everything.
            epoch: Completed epochs.
            last_epoch: Epochs that were complete when this was last asked.
        """
        if self.unit == "iter":
            return iteration % self.n == 0
        return epoch // self.n > last_epoch // self.n


class CoffeeBreak(OpenToOthers):
    """Something to do in a pause of the training; derive from it for your own.

    ``open`` comes before the first iteration, ``enjoy`` when the break is due, ``finish`` after
    the last one, ``close`` at the end of the run, whatever ended it. One of them is needed, and
    ``enjoy`` where the break has a schedule. The constructor's keywords are the break's keys in
    YAML; annotate them and they are checked.

    What a break reads is in ``net``, ``state`` (with ``state.run``) and the statistics of the
    ``lounge``. What it wants done, such as a snapshot, it returns as a ``Request``.

    A break with a memory of its own returns it from ``state_dict``, so that it is in the
    snapshots; ``load_state_dict`` comes before ``open``.

    Attributes:
        python_only: Keywords of the constructor that make sense in Python alone, not in YAML.
        changes_params: Whether a hook writes to params, persistent state or the method's history.
            A break runs on rank 0 alone; where this is true the other ranks are sent what it
            has written.
        needs_schedule: Whether it does nothing without ``every_n_iter`` or ``every_n_epoch``.
        averaged: Whether it needs the average of the params (``ema`` or ``swa`` of the solver).
        restore_best: Whether it may request the best snapshot by the statistic it waits for.
        keep_best: The statistic whose best snapshot it has the run keep; None if there is none.
        needs_folder: Whether it does nothing without the solver's ``exp_dir``.
        validates: Whether it runs the test phase of the net.

    Example:
        >>> class Norm(gn.CoffeeBreak):
        ...     def __init__(self, layer: str):
        ...         self.layer = layer
        ...
        ...     def enjoy(self, net, state, lounge):
        ...         weight = net.params[self.layer]["weight"].data
        ...         lounge.update_statistics(f"{self.layer}.norm", np.linalg.norm(weight))
        >>> solver = gn.load_solver({"max_iter": 20})
        >>> solver.add_coffee_break(Norm("ip1"), every_n_iter=10)
        >>> state = gn.solve(solver, gn.load_net("iris/net.yaml"))
        finished at iteration 20, epoch 2...
        >>> state.history["ip1.norm"].iters.tolist()
        [0, 10, 20]
    """

    python_only: ClassVar[tuple[str, ...]] = ()
    changes_params: bool = False
    needs_schedule: bool = True
    restore_best: bool = False
    keep_best: str | None = None
    needs_folder: ClassVar[bool] = False
    averaged: bool = False
    validates: bool = False

    def records(self, keys_of: KeysOf) -> Collection[str] | None:
        """The statistics that it will record; None, the default, if these may be any.

        What a class says of itself does not hold for one derived from it that has other hooks.

        Args:
            keys_of: What a phase of the net measures.
        """
        return None

    @property
    def waits_for(self) -> tuple[str, str] | None:
        """Its key in YAML that names a statistic, and that statistic; None if there is none."""
        return None

    def open(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> Request | None:
        """Prepare."""

    def enjoy(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> Request | None:
        """Do it; ``state.iter`` updates are done."""

    def finish(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """The run is complete, and its last snapshot written.

        What is recorded here is in ``statistics.jsonl`` until the run is prolonged: then it is
        taken out again, and the run is as if it had been longer from the start. No listener
        hears of it.
        """

    def close(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Clear up."""

    def state_dict(self) -> dict[str, Saved]:
        """What the break must remember to continue as if nothing had happened."""
        return {}

    def load_state_dict(self, saved: Mapping[str, Saved]) -> None:
        """Remember ``saved``, what :meth:`state_dict` returned."""


def nothing(self: CoffeeBreak, keys_of: KeysOf) -> Collection[str]:  # noqa: ARG001  # a method
    """It records nothing."""
    return ()
