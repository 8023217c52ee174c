"""TrainedNet: the params that a fit has found, and the training that goes on from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from graphnet.backend import open_backend
from graphnet.backend.base import Backend
from graphnet.estimators.declared import WEIGHTS, NetToFit
from graphnet.estimators.keep_best import KeepBest, put_back
from graphnet.net.load_net import load_net
from graphnet.net.net import Net
from graphnet.solver.coffee.base import Every
from graphnet.solver.coffee.guarded import guarded
from graphnet.solver.coffee.schedule import Entry
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.record.run_files import RunFiles
from graphnet.solver.record.snapshot_file import Arrays, download
from graphnet.solver.reporter import SilentReporter
from graphnet.solver.run import Run
from graphnet.solver.spec import SolverSpec
from graphnet.solver.training import Training


@dataclass(frozen=True)
class TrainingRows:
    """What is trained on.

    Attributes:
        x: ``(n, …)``, in the shape that the net reads.
        y: ``(n, …)``: classes by number, or what is to be predicted.
        weights: ``(n,)``, their mean 1; or None.
    """

    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None = None

    def taken(self, order: np.ndarray) -> TrainingRows:
        """The rows of these numbers, in this order."""
        weights = None if self.weights is None else self.weights[order]
        return TrainingRows(self.x[order], self.y[order], weights)


@dataclass
class TrainedNet:
    """A net and its params on the host; it can be pickled and copied.

    Attributes:
        net: What was declared.
        dtype: ``float32`` or ``float64``.
        seed: Of initial values, shuffling and random layers.
        backend: Where it runs.
        threads: How many; None: one for each processor.
        params: By ``layer/param``; empty before the first training.
        state: The persistent state.
        history: The method's memory.
        iter: Updates done since the method's memory was empty.
        epochs: Passes over the data of the last training.
        loss: The objective of the last batch.
    """

    net: NetToFit
    dtype: str
    seed: int
    backend: str = "numpy"
    threads: int | None = None
    params: Arrays = field(default_factory=dict)
    state: Arrays = field(default_factory=dict)
    history: Arrays = field(default_factory=dict)
    iter: int = 0
    epochs: int = 0
    loss: float = float("nan")
    _opened: Backend | None = field(default=None, repr=False, compare=False)
    _predictor: Net | None = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_opened": None, "_predictor": None}

    def _backend(self) -> Backend:
        if self._opened is None:
            self._opened = open_backend(self.backend, self.threads)
        return self._opened

    def forget_history(self) -> None:
        """Let the method start as at the first update; the params stay."""
        self.history, self.iter = {}, 0

    def train(
        self,
        rows: TrainingRows,
        spec: SolverSpec,
        batch_size: int,
        *,
        score: Callable[[Callable[[np.ndarray], np.ndarray]], float] | None = None,
        patience: int = 0,
    ) -> KeepBest | None:
        """Train from where the params stand.

        Args:
            rows: What is trained on.
            spec: How.
            batch_size: TrainingRows of a batch, at most as many as there are.
            score: Scores a function from X to outputs after each epoch; the params with the best
                score are kept. Default: those of the last update are.
            patience: After how many epochs without a better score the training ends.

        Returns:
            What was scored, with a ``score``.
        """
        declared = self.net
        inputs = {declared.input: rows.x, declared.label: rows.y}
        if rows.weights is not None:
            inputs[WEIGHTS] = rows.weights[:, None]
        net = load_net(
            declared.training_spec(len(rows.x), batch_size, weighted=rows.weights is not None),
            "train",
            self._backend(),
            self.dtype,
            self.seed,
            inputs,
            keep="needed",
        )
        try:
            return self._train(net, spec, score, patience)
        finally:
            net.close()

    def _train(
        self, net: Net, spec: SolverSpec, score: Callable[..., float] | None, patience: int
    ) -> KeepBest | None:
        entries = guarded([])
        keeper = None
        if score is not None:

            def outputs(x: np.ndarray) -> np.ndarray:
                return net.predict({self.net.input: x})[self.net.output]

            keeper = KeepBest(lambda: score(outputs), patience)
            entries.append(Entry("KeepBest", keeper, (Every(1, "epoch"),)))
        if self.params:
            put_back(net.store, self.params, self.state)
        run = Run(spec, net, entries, CoffeeLounge(1), SilentReporter())
        for name, array in run.updater.named_history():
            if name in self.history:
                net.backend.upload(self.history[name], array)
        run.state.load_state_dict(
            run.state.state_dict() | {"iter": self.iter, "obj_val": self.loss}
        )
        state = Training(run, RunFiles(run, None)).solve(fresh=False)
        self.params, self.state = download(net.store)
        self.history = {
            name: np.array(net.backend.download(array))
            for name, array in run.updater.named_history()
        }
        self.iter, self.epochs, self.loss = state.iter, state.epoch, state.obj_val
        self._predictor = None
        return keeper

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """What the net gives for rows ``(n, …)`` in the shape that it reads."""
        if self._predictor is None:
            self._predictor = self._open()
            put_back(self._predictor.store, self.params, self.state)
        fed: Mapping[str, np.ndarray] = {self.net.input: x}
        return self._predictor.predict(fed)[self.net.output]

    def n_outputs(self) -> int:
        """How many numbers the net gives for a row.

        Raises:
            GraphnetError: If it cannot be compiled for rows of this shape.
        """
        net = self._open()
        try:
            return prod(net.blobs[self.net.output].shape[1:])
        finally:
            net.close()

    def _open(self) -> Net:
        """The net from X to the output, its params as they begin."""
        spec = self.net.prediction_spec(1)
        backend, kept = self._backend(), [self.net.output]
        return load_net(spec, "test", backend, self.dtype, self.seed, keep=kept)
