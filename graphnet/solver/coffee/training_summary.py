"""TrainingSummary: a line on how the training goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isnan

import numpy as np

from graphnet.readable import fitted
from graphnet.solver.coffee.base import CoffeeBreak, KeysOf, Saved
from graphnet.solver.coffee.items import checked
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet

Sums = dict[str, np.ndarray]


@checked
class TrainingSummary(CoffeeBreak):
    """Says and records the loss, the rates, and the means since its last report.

    Records ``obj_val`` (the loss of the last batch), ``epoch`` (passes over the data, with parts
    of one), ``lr``, ``momentum`` (for methods that have one), ``loss_scale`` (with a 16-bit
    ``precision``), and under ``train.KEY`` the mean of each loss and statistic of the training net
    since this break's last report: with ``every_n_epoch: 1``, over the epoch. The line also gives
    the seconds trained since then, breaks not counted, and samples a second. At iteration 0 there
    is nothing to report. Of several that report on the same iterations, one says the line. A line
    too long for the terminal leaves out speed, momentum, rate and further means.

    Example:
        - {type: TrainingSummary, every_n_iter: 100}
    """

    def __init__(self) -> None:
        self._sums: Sums = {}
        self._iter = 0
        self._since = 0.0

    def records(self, keys_of: KeysOf) -> list[str] | None:
        train = keys_of("train")
        if train is None:
            return None
        return [
            "obj_val",
            "epoch",
            "lr",
            "momentum",
            "loss_scale",
            *(f"train.{key}" for key in train),
        ]

    def open(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Start the clock, and the means too unless a snapshot has brought them along."""
        self._sums = self._sums or net.state_dict()["statistics"]
        self._iter, self._since = state.iter, state.run.seconds_trained

    def enjoy(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        if state.iter == 0:
            return
        seconds, updates = state.run.seconds_trained - self._since, state.iter - self._iter
        means = self._means(net)
        lounge.update_statistics("obj_val", state.obj_val)
        if net.n_samples:
            samples_read = state.iter * state.run.samples_per_iter
            lounge.update_statistics("epoch", samples_read / net.n_samples)
        lounge.update_statistics("lr", state.lr)
        if state.momentum is not None:
            lounge.update_statistics("momentum", state.momentum)
        if state.loss_scale is not None:
            lounge.update_statistics("loss_scale", state.loss_scale)
        for key, mean in means.items():
            lounge.update_statistics(f"train.{key}", mean)
        if lounge.is_first((type(self), self._iter)):
            samples = updates * state.run.samples_per_iter
            speed = f"{seconds:.1f} s, {samples / seconds:,.0f} samples/s" if seconds > 0 else ""
            state.run.say(_line(state, means, speed if samples else ""))
        self._iter, self._since = state.iter, state.run.seconds_trained

    def _means(self, net: TrainableNet) -> dict[str, float]:
        """The means since the last report; the net's own sums stay as they are.

        Sums that have been reset meanwhile, or are of another kind, are taken whole.
        """
        now, before = net.state_dict()["statistics"], self._sums
        since = {
            name: sums - before[name]
            if name in before and before[name].shape == sums.shape and sums[-1] >= before[name][-1]
            else sums
            for name, sums in now.items()
        }
        self._sums = now
        net.load_state_dict({"statistics": since})
        try:
            return {key: mean for key, mean in net.statistics().items() if not isnan(mean)}
        finally:
            net.load_state_dict({"statistics": now})

    def state_dict(self) -> dict[str, Saved]:
        return {f"sums/{name}": json.dumps(sums.tolist()) for name, sums in self._sums.items()}

    def load_state_dict(self, saved: Mapping[str, Saved]) -> None:
        self._sums = {
            key.removeprefix("sums/"): np.array(json.loads(str(text)), dtype=np.float64)
            for key, text in saved.items()
        }


def _line(state: SolverState, means: Mapping[str, float], speed: str) -> str:
    """What is said; a narrow terminal does without speed, momentum, rate, epoch, other means."""
    names = {key: f"mean {key}" for key in means}
    parts = {
        "iter": f"iter {state.iter:>6}",
        "epoch": f"epoch {state.epoch:>3}",
        "obj_val": f"obj_val {state.obj_val:<9.5g}",
        **{name: f"{name} {means[key]:<9.5g}" for key, name in names.items()},
        "lr": f"lr {state.lr:<9.5g}",
        "momentum": f"momentum {state.momentum:<6.4g}" if state.momentum else "",
        "speed": speed,
    }
    first, *others = [*names.values(), "obj_val"]
    may_go = ["speed", "momentum", *reversed(others[:-1]), "lr", "epoch", first]
    return fitted(parts, state.run.width(), may_go)
