# ruff: noqa: D102  # the protocol it follows says what each method does
"""A small net for tests of the solver: linear regression with everything a run must keep.

It has shuffled data with a cursor, noise keyed by the iteration and the sample's place in the
batch, a running mean (persistent state), a frozen layer, and local rates and regularizers.
"""

from __future__ import annotations

import numpy as np
from support.fake_store import N_IN, N_OUT, fake_store
from support.lines import Lines

from graphnet.data.record import DataRecord, LayerRecord
from graphnet.layers.base import PassContext
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.state import RunInfo, SolverState
from graphnet.solver.trainable_net import EvaluatedNet, TrainableNet


class FakeNet(TrainableNet, EvaluatedNet):
    """``y = scale · (W (stem · x + noise) + b)``, trained on the mean of ½‖y − target‖².

    Args:
        phase: ``train`` or ``test``.
        store: Whose params it uses. Default: a store of its own.
        seed: Of its random streams, and of its own store.
        dtype: Of its own store.
        settings: Values for the attributes of the class.
    """

    name, in_shards, n_samples, batch_size = "fake", None, 10, 4
    learn, centred, source, content = 1.0, True, "memory", "4711"
    has_test, is_closed, cursor = True, False, 0

    def __init__(self, phase="train", store=None, seed=0, dtype="float64", **settings):
        assert all(hasattr(FakeNet, name) for name in settings)
        vars(self).update(settings)
        self.store, self.context = store or fake_store(dtype, seed), PassContext(phase, seed)
        self.sums, rng = np.zeros(2), np.random.Generator(np.random.Philox(7))
        self.x = rng.standard_normal((self.n_samples, N_IN))
        self.target = self.x @ rng.standard_normal((N_IN, N_OUT)) + 1.0

    # --- passes

    def _rows(self):
        first, self.cursor = self.cursor, self.cursor + self.batch_size
        places = (divmod(place, self.n_samples) for place in range(first, self.cursor))
        return [self._random(epoch).permutation(self.n_samples)[at] for epoch, at in places]

    def _random(self, *key):
        return np.random.default_rng([self.context.seed, *key])

    def _output(self, x):
        p = self.store.params
        self.hidden = x @ p["ip"]["weight"].data.T + p["ip"]["bias"].data
        return self.hidden * p["out"]["scale"].data

    def forward(self):
        rows, mean, now = self._rows(), self.store.state["ip"]["mean"], self.context
        places = range(now.first_sample, now.first_sample + len(rows))
        noise = [self._random(now.iteration, i).standard_normal(N_IN) for i in places]
        self.x_now = self.x[rows] * self.store.params["stem"]["scale"].data + 0.1 * np.array(noise)
        if self.centred:
            mean[...] = 0.9 * mean + 0.1 * self.x_now.mean(axis=0)
            self.x_now -= mean
        self.store.state["ip"]["carried"] += 1
        self.error = self._output(self.x_now) - self.target[rows]
        self.sums += (len(rows) * self.loss(), len(rows))

    def backward(self):
        p = self.store.params
        dy = self.learn * self.error / len(self.error)
        dh = dy * p["out"]["scale"].data
        p["out"]["scale"].diff[...] = (dy * self.hidden).sum(axis=0)
        p["ip"]["weight"].diff[...] = dh.T @ self.x_now
        p["ip"]["bias"].diff[...] = dh.sum(axis=0)

    def run_batch(self):
        self.forward()
        self.backward()

    def evaluate(self):
        error = float(((self._output(self.x * 1.5) - self.target) ** 2).mean())
        return len(self.x), {"accuracy": 1 / (1 + error), "test-loss": error}

    # --- what the solver asks; the protocol itself answers the rest with None

    epoch = property(lambda self: self.cursor // self.n_samples)

    def loss(self):
        return float(0.5 * (self.error**2).sum() / len(self.error))

    def objective(self):
        return self.loss()

    def losses(self):
        return {"loss": self.loss()}

    def statistics(self):
        return {"loss": float(self.sums[0] / self.sums[1]) if self.sums[1] else float("nan")}

    def reset_statistics(self):
        self.sums[:] = 0

    def suspicions(self):
        return []

    def first_bad_layer(self):
        return next((k for k, _, p in self.store.items() if not np.isfinite(p.data).all()), None)

    def sibling(self, phase, other=None):
        sizes = {"n_samples": 7, "batch_size": 4}
        return FakeNet(phase, self.store, self.context.seed, **sizes) if self.has_test else None

    def close(self):
        self.is_closed = True

    # --- what a snapshot keeps

    yaml_text = property(
        lambda self: (
            f"name: fake\nlayers:\n- {{name: ip, type: InnerProduct, output_dim: {N_OUT},"
            f" learn: {self.learn}}}\n"
        )
    )

    def state_dict(self):
        return {"cursors": {"data": self.cursor}, "statistics": {"loss": self.sums.copy()}}

    def load_state_dict(self, saved):
        self.cursor = saved.get("cursors", {}).get("data", self.cursor)
        self.sums[:] = saved.get("statistics", {}).get("loss", self.sums)

    def data_summary(self):
        return {"sources": {"data": self.source}, "fell_back": False}

    def data_record(self):
        classes = {"label": ("good", "bad")}
        return DataRecord(
            {"data": LayerRecord(shapes={"data": (2,), "label": ()}, classes=classes)}
        )

    def data_fingerprints(self):
        return {"data": {"first.h5": "42", "second.h5": self.content}}

    def output_files(self):
        return []


def table(net=None):
    """What the hooks of a coffee break are given, and what is said to the user."""
    lines = Lines()
    state = SolverState(RunInfo(samples_per_iter=4, say=lines.line, warn=lines.warning))
    return net or FakeNet(), state, CoffeeLounge(), lines
