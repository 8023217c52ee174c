# ruff: noqa: D102  # the protocol it follows says what each method does
"""A small net for tests of the solver: linear regression with everything a run must keep.

It has shuffled data with a cursor, noise keyed by the iteration and the sample's place in the
batch, a running mean (persistent state), a frozen layer, and local rates and regularizers.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from graphnet.backend import open_backend
from graphnet.data.record import DataRecord, LayerRecord
from graphnet.layers.base import PassContext
from graphnet.params.constraints import Constraint, NoCons
from graphnet.params.initializers import Constant, Gaussian
from graphnet.params.param import DeclaredParams, ParamDecl, ParamStore, StateDecl
from graphnet.params.regularizers import L2Regu, NoRegu, Regularizer
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.state import RunInfo, SolverState

N_IN, N_OUT = 3, 2


def fake_store(
    dtype: str = "float64",
    seed: int = 0,
    regu: Regularizer = L2Regu(),  # noqa: B008  # frozen
    cons: Constraint = NoCons(),  # noqa: B008  # frozen
) -> ParamStore:
    """A store with two learning layers, one frozen one, and two kinds of state."""
    declared = {
        "ip": DeclaredParams(
            {
                "weight": ParamDecl((N_OUT, N_IN), Gaussian(), regu, cons),
                "bias": ParamDecl((N_OUT,), Constant(), NoRegu(), NoCons(), 2.0),
            },
            {"mean": StateDecl((N_IN,)), "carried": StateDecl((2,), 0.5, per_batch=True)},
        ),
        "stem": DeclaredParams({"scale": ParamDecl((N_IN,), Constant(value=1.5))}, {}, frozen=True),
        "out": DeclaredParams({"scale": ParamDecl((N_OUT,), Constant(value=1.0), regu)}, {}),
    }
    return ParamStore(open_backend("numpy", 1), np.dtype(dtype), declared, seed)


class FakeNet:
    """``y = scale · (W (stem · x + noise) + b)``, trained on the mean of ½‖y − target‖²."""

    def __init__(
        self,
        phase: str = "train",
        store: ParamStore | None = None,
        seed: int = 0,
        n_samples: int = 10,
        batch_size: int = 4,
        learn: float = 1.0,
        centred: bool = True,
        **store_keywords: object,
    ) -> None:
        self.name, self.n_samples, self.batch_size = "fake", n_samples, batch_size
        self.in_shards = None
        self.store = store or fake_store(seed=seed, **store_keywords)
        self.context = PassContext(phase, seed)
        self.has_test, self.has_loss, self.is_closed = True, True, False
        self.learn, self.centred, self.source, self.content = learn, centred, "memory", "4711"
        self.cursor, self.sums = 0, np.zeros(2)
        rng = np.random.Generator(np.random.Philox(7))
        self.x = rng.standard_normal((n_samples, N_IN))
        self.target = self.x @ rng.standard_normal((N_IN, N_OUT)) + 1.0

    # --- passes

    def _rows(self) -> np.ndarray:
        first, self.cursor = self.cursor, self.cursor + self.batch_size
        places = (divmod(place, self.n_samples) for place in range(first, self.cursor))
        return np.array([self._order(epoch)[at] for epoch, at in places])

    def _order(self, epoch: int) -> np.ndarray:
        key = [self.context.seed, epoch]
        return np.random.Generator(np.random.Philox(key=key)).permutation(self.n_samples)

    def _noise(self, n: int) -> np.ndarray:
        first, iteration = self.context.first_sample, self.context.iteration
        return np.array(
            [
                np.random.Generator(
                    np.random.Philox(key=1, counter=[0, first + i, iteration, 0])
                ).standard_normal(N_IN)
                for i in range(n)
            ]
        )

    def _output(self, x: np.ndarray) -> np.ndarray:
        p = self.store.params
        hidden = x @ p["ip"]["weight"].data.T + p["ip"]["bias"].data
        return hidden * p["out"]["scale"].data, hidden

    def forward(self) -> None:
        rows = self._rows()
        self.x_now = self.x[rows] * self.store.params["stem"]["scale"].data
        self.x_now = self.x_now + 0.1 * self._noise(len(rows))
        mean = self.store.state["ip"]["mean"]
        if self.centred:
            mean[...] = 0.9 * mean + 0.1 * self.x_now.mean(axis=0)
            self.x_now = self.x_now - mean
        self.store.state["ip"]["carried"] += 1
        y, self.hidden = self._output(self.x_now)
        self.error = y - self.target[rows]
        self.sums += (len(rows) * self.loss(), len(rows))

    def backward(self) -> None:
        p = self.store.params
        dy = self.learn * self.error / len(self.error)
        p["out"]["scale"].diff[...] = (dy * self.hidden).sum(axis=0)
        dh = dy * p["out"]["scale"].data
        p["ip"]["weight"].diff[...] = dh.T @ self.x_now
        p["ip"]["bias"].diff[...] = dh.sum(axis=0)

    def run_batch(self) -> None:
        self.forward()
        self.backward()

    def step_mark(self) -> None:
        """Nothing is kept before a step."""

    def settle(self) -> None: ...

    def objective(self) -> float:
        return self.loss()

    def loss(self) -> float:
        return float(0.5 * (self.error**2).sum() / len(self.error))

    def losses(self) -> dict[str, float]:
        return {"loss": self.loss()}

    # --- what the solver asks

    def check_trainable(self) -> None:
        from graphnet.errors import TopologyError

        if not self.has_loss:
            raise TopologyError("net 'fake' has no loss")

    def statistic_keys(self, phase: str) -> None:
        return None

    def suspicions(self) -> list[object]:
        return []

    def first_bad_layer(self) -> str | None:
        bad = [k for k, _, p in self.store.items() if not np.isfinite(p.data).all()]
        return bad[0] if bad else None

    @property
    def epoch(self) -> int:
        return self.cursor // self.n_samples if self.n_samples else 0

    def state_dict(self) -> dict[str, object]:
        return {"cursors": {"data": self.cursor}, "statistics": {"loss": self.sums.copy()}}

    def load_state_dict(self, saved: Mapping[str, Mapping[str, object]]) -> None:
        self.cursor = saved.get("cursors", {}).get("data", self.cursor)
        self.sums[:] = saved.get("statistics", {}).get("loss", self.sums)

    def statistics(self) -> dict[str, float]:
        return {"loss": float(self.sums[0] / self.sums[1]) if self.sums[1] else float("nan")}

    def reset_statistics(self) -> None:
        self.sums[:] = 0

    @property
    def yaml_text(self) -> str:
        return (
            "name: fake\nlayers:\n"
            f"- {{name: ip, type: InnerProduct, output_dim: {N_OUT}, learn: {self.learn}}}\n"
        )

    def data_summary(self) -> dict[str, object]:
        return {"sources": {"data": self.source}, "fell_back": False}

    def output_files(self) -> list[str]:
        return []

    def data_record(self) -> DataRecord:
        shapes, names = {"data": (2,), "label": ()}, {"label": ("good", "bad")}
        return DataRecord({"data": LayerRecord(shapes=shapes, classes=names)})

    def data_fingerprints(self) -> dict[str, dict[str, str]]:
        return {"data": {"first.h5": "42", "second.h5": self.content}}

    def sibling(self, phase: str, other: object = None) -> FakeNet | None:
        if not self.has_test:
            return None
        return FakeNet(phase, self.store, self.context.seed, 7, 4)

    def evaluate(self) -> tuple[int, dict[str, float]]:
        y, _ = self._output(self.x * 1.5)
        error = float(((y - self.target) ** 2).mean())
        return len(self.x), {"accuracy": 1 / (1 + error), "test-loss": error}

    def close(self) -> None:
        self.is_closed = True


class Lines:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []
        self.steps = 0
        self.progress = None

    def line(self, text: str) -> None:
        self.lines.append(text)

    def warning(self, text: str) -> None:
        self.warnings.append(text)

    def start(self, progress: object) -> None:
        self.progress = progress

    def step(self) -> None:
        self.steps += 1

    def finish(self) -> None:
        self.steps = -self.steps


def table(net: FakeNet | None = None) -> tuple[FakeNet, SolverState, CoffeeLounge, Lines]:
    """What the hooks of a coffee break are given, and what is said to the user."""
    lines = Lines()
    state = SolverState(RunInfo(samples_per_iter=4, say=lines.line, warn=lines.warning))
    return net or FakeNet(), state, CoffeeLounge(), lines
