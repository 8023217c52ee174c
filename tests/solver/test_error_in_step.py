# ruff: noqa: D101, D102  # a layer does what the contract says
"""An error within a step: the run is saved as it was before, and goes on exactly from there."""

import shutil
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest
from support.lines import Lines

from graphnet.errors import DataError
from graphnet.layers.base import Layer, LayerSpec
from graphnet.net.load_net import load_net
from graphnet.solver.record.run_directory import snapshots_in
from graphnet.solver.solver import Solver, solve
from graphnet.solver.spec import SolverSpec
from graphnet.solver.update import Updater


class Fragile(LayerSpec):
    """Hands its bottom on, and fails when it is told to."""

    type: Literal["Fragile"] = "Fragile"
    #: ``(pass, iteration, what is raised)``
    plan: ClassVar[tuple] = ()

    def top_shapes(self, bottoms):
        return [bottoms[0]]

    def build(self, binding):
        return FragileLayer(self, binding)


class FragileLayer(Layer[Fragile]):
    def forward(self):
        self._fail("forward")
        self.tops[0].data[...] = self.bottoms[0].data

    def backward(self):
        self._fail("backward")
        self.bottoms[0].diff[...] = self.tops[0].diff

    def _fail(self, name):
        if Fragile.plan and Fragile.plan[:2] == (name, self.context.iteration):
            raise Fragile.plan[2]


def layers():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, 50)
    x = rng.standard_normal((50, 5)) + label[:, None]
    data = {"x": x.tolist(), "label": label.tolist()}
    return [
        {"name": "data", "type": "MemoryData", "batch_size": 8, "shuffle": True, "data": data,
         "tops": ["x", "label"]},
        {"name": "bn", "type": "BatchNorm", "bottoms": ["x"], "tops": ["bn"]},
        {"name": "ip", "type": "InnerProduct", "output_dim": 16, "bottoms": ["bn"], "tops": ["ip"]},
        {"name": "drop", "type": "Dropout", "bottoms": ["ip"]},
        {"name": "aux", "type": "InnerProduct", "output_dim": 3, "bottoms": ["ip"],
         "tops": ["aux"]},
        {"name": "first", "type": "SoftmaxLoss", "bottoms": ["aux", "label"]},
        Fragile(name="fragile", bottoms=("ip",), tops=("f",)),
        {"name": "out", "type": "InnerProduct", "output_dim": 3, "bottoms": ["f"], "tops": ["out"]},
        {"name": "loss", "type": "SoftmaxLoss", "bottoms": ["out", "label"]},
    ]  # fmt: skip


def train(folder, iter_size=1):
    spec = SolverSpec(
        max_iter=12,
        method="Adam",
        iter_size=iter_size,
        exp_dir=str(folder),
        lr_policy={"type": "Fixed", "base_lr": 0.01},
        coffee_breaks=[{"type": "TrainingSummary", "every_n_iter": 5}],
    )
    net, reporter = load_net(layers(), seed=0), Lines()
    try:
        solve(Solver(spec), net, reporter=reporter)
    finally:
        net.close()
    return reporter


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Fragile, "plan", ())


@pytest.mark.parametrize("iter_size", [1, 3])
@pytest.mark.parametrize("where", ["forward", "backward"])
@pytest.mark.parametrize(
    "error", [ZeroDivisionError("mine"), KeyboardInterrupt(), MemoryError(), DataError("bad row")]
)
def test_the_same_bits_afterwards(where, error, iter_size, monkeypatch):
    """Params, history, running statistics, sums, the place in the data: all as if nothing was."""
    train("whole", iter_size)
    monkeypatch.setattr(Fragile, "plan", (where, 7, error))
    with pytest.raises(type(error)):
        train("run", iter_size)
    assert list(snapshots_in(Path("run"))) == [7]
    monkeypatch.setattr(Fragile, "plan", ())
    said = "\n".join(train("run", iter_size).lines)
    assert "going on from iteration 7" in said
    whole, found = (snapshots_in(Path(name))[12].read_bytes() for name in ("whole", "run"))
    assert whole == found
    one, other = (Path(name, "statistics.jsonl").read_text() for name in ("whole", "run"))
    assert one == other


def test_what_is_said(monkeypatch):
    """Where the run is saved; the error itself is as it was."""
    monkeypatch.setattr(Fragile, "plan", ("forward", 3, ZeroDivisionError("mine")))
    reporter = Lines()
    spec = SolverSpec(max_iter=5, exp_dir="run", lr_policy={"type": "Fixed", "base_lr": 0.01})
    with pytest.raises(ZeroDivisionError, match=r"^mine$"):
        solve(Solver(spec), load_net(layers()), reporter=reporter)
    (path,) = snapshots_in(Path("run")).values()
    assert f"the run is saved as it was at iteration 3: {path}" in reporter.warnings[-1]


def test_in_the_update_there_is_nothing_to_save(monkeypatch):
    """Params may be half moved: what is said is where the run goes on."""
    update = Updater.update

    def fails(self, t, lr, momentum):
        update(self, t, lr, momentum)
        if t == 4:
            raise MemoryError("of the update")

    monkeypatch.setattr(Updater, "update", fails)
    reporter = Lines()
    spec = SolverSpec(
        max_iter=9,
        exp_dir="run",
        lr_policy={"type": "Fixed", "base_lr": 0.01},
        coffee_breaks=[{"type": "Snapshot", "every_n_iter": 2}],
    )
    with pytest.raises(MemoryError, match="of the update"):
        solve(Solver(spec), load_net(layers()), reporter=reporter)
    found = snapshots_in(Path("run"))
    assert max(found) == 2
    assert f"iteration 4 was not finished; the run goes on from {found[2]}" in reporter.warnings[-1]


def test_a_run_that_cannot_be_saved(monkeypatch):
    """The error of the step is the one that is raised."""
    monkeypatch.setattr(Fragile, "plan", ("forward", 3, ZeroDivisionError("mine")))

    def train_and_remove():
        reporter = Lines()
        spec = SolverSpec(max_iter=5, exp_dir="run", lr_policy={"type": "Fixed", "base_lr": 0.01})
        net = load_net(layers())
        monkeypatch.setattr(
            type(net.step_mark()), "restore", lambda _: shutil.rmtree("run", ignore_errors=True)
        )
        with pytest.raises(ZeroDivisionError, match=r"^mine$"):
            solve(Solver(spec), net, reporter=reporter)
        return reporter

    assert "the run could not be saved: " in train_and_remove().warnings[-1]
