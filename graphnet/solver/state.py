"""SolverState: where a run stands; and RunInfo: the facts of the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from math import isfinite
from numbers import Real
from pathlib import Path
from types import MappingProxyType
from typing import Any

from graphnet.backend.measures import Number
from graphnet.declare.arguments import methods_spelled_out
from graphnet.errors import SpecError
from graphnet.sealed import read_only
from graphnet.solver.gradient_noise import NoiseSums
from graphnet.solver.history import History
from graphnet.solver.loss_scale import LossScale
from graphnet.solver.spikes import SpikeWatch
from graphnet.solver.trainable_net import TrainableNet


def _silent(_: str) -> None:
    """Say nothing."""


def _nothing() -> None:
    """There is no directory to look at."""


def _any() -> int | None:
    """No width: a line may be of any length."""
    return None


@dataclass(frozen=True)
class RunInfo:
    """What coffee breaks may know of their run; they read it as ``state.run``.

    Attributes:
        folder: The run's directory, or None.
        look: Sees that the directory is still at its path, and raises where it has been moved,
            removed or replaced: to be called before a break makes a folder or a file in it.
        is_resumed: Whether the run continues from a snapshot.
        last_snapshot: The newest good one; None where there is none.
        samples_per_iter: How many samples one update reads.
        seconds_trained: How long this start has trained, breaks and snapshots not counted.
        say: Tells the user something: ``state.run.say("a line, or several")``.
        warn: Tells the user something not to be missed.
        averaged: In ``with state.run.averaged():`` the net has the average of its params (``ema``
            or ``swa`` of the solver, or the method's own) in their place; None where none is kept.
        noise: Adds up the lengths of gradients; None where an update has one part.
        width: Gives the columns of the terminal that ``say`` writes to; None where there is none,
            and a line may be of any length.
    """

    folder: Path | None = None
    look: Callable[[], object] = _nothing
    is_resumed: bool = False
    last_snapshot: Path | None = None
    samples_per_iter: int = 0
    seconds_trained: float = 0.0
    say: Callable[[str], None] = _silent
    warn: Callable[[str], None] = _silent
    averaged: Callable[[], AbstractContextManager[None]] | None = None
    noise: NoiseSums | None = None
    width: Callable[[], int | None] = _any


@methods_spelled_out
class SolverState:
    """What the loop changes and coffee breaks read.

    Attributes:
        iter: Updates done.
        epoch: Completed passes over the training data.
        lr: The rate of the last update: the policy's times ``lr_scale``.
        momentum: Of the last update; None for methods without one.
        lr_scale: The factor on the policy's rate; 1 until a coffee break changes it. This is the
            one attribute that can be assigned; it holds from the next update on.
        stop_reason: Why the run is to end after this iteration, or empty.
        skipped: How many updates were skipped (``skip_spikes`` and ``loss_scale`` of the solver).
        is_last_skipped: Whether the last one was.
        loss_scale: The factor on what the losses send back in the next pass; None in float32.
        finite_at: The last iteration at which loss and params were found to be finite.
        run: The facts of the run.

    Args:
        run: The facts of the run.
        recorded: Gives what coffee breaks have recorded.
        spikes: Tells which updates to skip, or None.
        loss_scale: The factor on what the losses send back, or None.
    """

    __slots__ = (
        *("_epoch", "_fetch_loss", "_fetch_losses", "_finite_at", "_iter", "_losses", "_lr"),
        *("_loss_scale", "_recorded"),
        *("_lr_scale", "_momentum", "_obj_val", "_run", "_spikes", "_stop_reason"),
    )

    iter: int = read_only("_iter")
    epoch: int = read_only("_epoch")
    lr: float = read_only("_lr", "assign lr_scale, which the policy's rate is multiplied by")
    momentum: float | None = read_only("_momentum", "choose another mom_policy")
    stop_reason: str = read_only("_stop_reason", "return Request(stop=reason)")
    finite_at: int | None = read_only("_finite_at")
    run: RunInfo = read_only("_run")

    def __init__(
        self,
        run: RunInfo = RunInfo(),  # frozen
        recorded: Callable[[], History] = lambda: History({}),
        spikes: SpikeWatch | None = None,
        loss_scale: LossScale | None = None,
    ) -> None:
        self._run, self._recorded, self._spikes = run, recorded, spikes
        self._loss_scale = loss_scale
        self._finite_at: int | None = None
        self._iter = self._epoch = 0
        self._lr = 0.0
        self._momentum: float | None = None
        self._lr_scale = 1.0
        self._stop_reason = ""
        self._obj_val = float("nan")
        self._losses: dict[str, float] = {}
        self._fetch_loss: Callable[[], float] | None = None
        self._fetch_losses: Callable[[], Mapping[str, float]] | None = None

    def __repr__(self) -> str:
        why = f", stops: {self.stop_reason}" if self.stop_reason else ""
        loss = f"loss {self.obj_val:.6g}, lr {self.lr:g}"
        return f"<SolverState: iteration {self.iter:,}, epoch {self.epoch:,}, {loss}{why}>"

    @property
    def history(self) -> History:
        """What the run has recorded until now, as arrays by key; of a resumed run, all of it."""
        return self._recorded()

    @property
    def lr_scale(self) -> float:
        """The factor on the policy's rate."""
        return self._lr_scale

    @lr_scale.setter
    def lr_scale(self, factor: float) -> None:
        if not (isinstance(factor, Real) and isfinite(factor) and factor >= 0):
            raise SpecError(f"lr_scale: expected a number of at least 0, found {factor!r}")
        self._lr_scale = float(factor)

    @property
    def obj_val(self) -> float:
        """The loss of the batch the last update used, data terms only; NaN before the first.

        It is fetched from the device when it is first asked for.
        """
        if self._fetch_loss is not None:
            self._obj_val, self._fetch_loss = float(self._fetch_loss()), None
        return self._obj_val

    @property
    def losses(self) -> Mapping[str, float]:
        """The terms of ``obj_val`` by loss layer (with ``iter_size``: of its last batch)."""
        if self._fetch_losses is not None:
            fetched, self._fetch_losses = self._fetch_losses(), None
            self._losses = {name: float(loss) for name, loss in fetched.items()}
        return MappingProxyType(self._losses)

    @property
    def skipped(self) -> int:
        """How many updates were skipped."""
        return sum(one.skipped for one in (self._spikes, self._loss_scale) if one is not None)

    @property
    def is_last_skipped(self) -> bool:
        """Whether the last update was skipped, so that its loss has left nothing behind."""
        if self._loss_scale is not None and self._loss_scale.is_last_skipped:
            return True
        return self._spikes is not None and self._spikes.in_a_row > 0

    @property
    def loss_scale(self) -> float | None:
        """The factor on what the losses send back in the next pass; None in float32."""
        return None if self._loss_scale is None else self._loss_scale.value

    def stop(self, reason: str) -> None:
        """End the run after this iteration, for the first reason given.

        The loop calls it when a coffee break returns ``Request(stop=reason)``.
        """
        self._stop_reason = self._stop_reason or reason

    def take_back(self, saved: Mapping[str, Any]) -> None:
        """Have the loss of a snapshot that was brought back; the iterations count on.

        Args:
            saved: What :meth:`state_dict` gave then.
        """
        self._obj_val, self._losses = saved["obj_val"], dict(saved["losses"])
        self._fetch_loss = self._fetch_losses = None

    def have_seen_finite(self) -> None:
        """The loss and all params are finite at this iteration."""
        self._finite_at = self._iter

    def update_run(self, **changes: Any) -> None:
        """Change what is known of the run; only the loop does."""
        self._run = replace(self._run, **changes)

    def begin_update(self, lr: float, momentum: float | None) -> None:
        """An update begins, at this rate and momentum."""
        self._lr, self._momentum = lr, momentum

    def advance(self, net: TrainableNet, mean_loss: Number | None = None) -> None:
        """One more update is done.

        Args:
            net: Gives its losses when a break asks for them, before its next forward.
            mean_loss: The mean over the batches of the update, if there were several. Default: the
                net's loss.
        """
        self._iter += 1
        self._epoch = net.epoch
        self._fetch_loss = net.loss if mean_loss is None else lambda: mean_loss
        self._fetch_losses = net.losses

    def state_dict(self) -> dict[str, Any]:
        """What a snapshot holds of it."""
        return {
            "iter": self.iter,
            "epoch": self.epoch,
            "obj_val": self.obj_val,
            "losses": dict(self.losses),
            "lr": self.lr,
            "momentum": self.momentum,
            "lr_scale": self.lr_scale,
            "spikes": None if self._spikes is None else self._spikes.state_dict(),
            "loss_scale": None if self._loss_scale is None else self._loss_scale.state_dict(),
        }

    def load_state_dict(self, saved: Mapping[str, Any], stop_reason: str | None = None) -> None:
        """Stand where a snapshot was taken, by what it has ``saved``.

        Args:
            saved: By :meth:`state_dict`.
            stop_reason: Why the run was to end then. Default: it stays as it is.
        """
        if stop_reason is not None:
            self._stop_reason = stop_reason
        self._iter, self._epoch = saved["iter"], saved["epoch"]
        self.take_back(saved)
        self._lr, self._momentum = saved["lr"], saved["momentum"]
        self.lr_scale = saved["lr_scale"]
        if self._spikes is not None and saved.get("spikes") is not None:
            self._spikes.load_state_dict(saved["spikes"])
        if self._loss_scale is not None and saved.get("loss_scale") is not None:
            self._loss_scale.load_state_dict(saved["loss_scale"])
