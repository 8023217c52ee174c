"""Data files that are damaged, taken away or exchanged while a run goes on, or between starts."""

import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from support.lines import Lines

from graphnet.errors import DataError, SnapshotError
from graphnet.net.load_net import load_net
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.solver import Solver, solve
from graphnet.solver.spec import SolverSpec

LAYERS = """
layers:
  - name: data
    type: {type}
    source: [a.h5, b.h5]
    batch_size: 5
    buffer_bytes: 2000
    tops: [x, label]
  - {{name: ip, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [ip]}}
  - {{name: loss, type: SoftmaxLoss, bottoms: [ip, label]}}
"""
LAST_ITER = 40


def write_data(name, seed=0):
    rng = np.random.default_rng(seed)
    with h5py.File(name, "w") as file:
        x = rng.random((50, 4)).astype("float32")
        file.create_dataset("x", data=x, chunks=(10, 4), compression=4)
        file.create_dataset("label", data=rng.integers(0, 3, 50), chunks=(10,))


class At(CoffeeBreak):
    """Does something after an iteration."""

    def __init__(self, iteration, action):
        self.iteration, self.action = iteration, action

    def enjoy(self, net, state, lounge):
        """Whatever it was told to."""
        if state.iter == self.iteration:
            self.action(Path("b.h5"))


def train(layer_type, at=None, exp_dir="run"):
    Path("net.yaml").write_text(LAYERS.format(type=layer_type), "utf-8")
    breaks = [
        {"type": "TrainingSummary", "every_n_iter": 5},
        {"type": "Snapshot", "every_n_iter": 5},
    ]
    solver = Solver(SolverSpec(max_iter=LAST_ITER, exp_dir=exp_dir, coffee_breaks=breaks))
    if at is not None:
        solver.add_coffee_break(at, every_n_iter=1)
    net = load_net("net.yaml", threads=1)
    try:
        return solve(solver, net, reporter=Lines())
    finally:
        net.close()


@pytest.fixture(autouse=True)
def _data(tmp_path, monkeypatch):
    """Two files in the working directory, streamed: what is read is soon read again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda _: None)
    write_data("a.h5", 1)
    write_data("b.h5", 2)


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def take_away(path):
    path.unlink()


def swap(path):
    """Another file of the same shape takes its name, with the old one's date."""
    before = path.stat()
    write_data("other.h5", 3)
    Path("other.h5").replace(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def rewrite(path):
    """In place, as a program does that is still making the data."""
    before = path.stat().st_mtime_ns
    content = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(len(content) // 2)
        file.write(content[: len(content) // 4])
    os.utime(path, ns=(before + 1, before + 1))  # the clock of a file may stand still for 10 ms


def correct(path):
    """One value, by a program that does everything right."""
    with h5py.File(path, "r+") as file:
        file["x"][3, 1] = 0.5


@pytest.mark.parametrize("layer_type", ["HDF5Data", "AsyncHDF5Data"])
@pytest.mark.parametrize("change", [truncate, take_away, swap, rewrite])
def test_while_training(change, layer_type):
    """The run ends with the layer, its place and the file; repaired, it ends as if undisturbed."""
    shutil.copytree(".", "as-it-was")
    train(layer_type)
    shutil.move("run", "whole")
    with pytest.raises(DataError, match=r"layer 'data' \(\w+\): .*b\.h5") as error:
        train(layer_type, At(7, change))
    (problem,) = error.value.problems
    assert (Path(problem.position.file).name, problem.position.line) == ("net.yaml", 3)
    for name in ("a.h5", "b.h5"):
        shutil.copy2(Path("as-it-was") / name, name)
    assert train(layer_type).iter == LAST_ITER
    for name in (f"snapshots/snapshot-{LAST_ITER:06d}.h5", "statistics.jsonl"):
        assert (Path("run") / name).read_bytes() == (Path("whole") / name).read_bytes()


@pytest.mark.parametrize("change", [swap, correct])
def test_between_two_starts(change):
    """A run does not go on with other data under the same name, though its shape is the same."""

    def stop(_):
        raise KeyboardInterrupt("enough")

    shutil.copy2("b.h5", "as-it-was.h5")
    with pytest.raises(KeyboardInterrupt, match="enough"):
        train("HDF5Data", At(12, stop))
    change(Path("b.h5"))
    with pytest.raises(
        SnapshotError,
        match=r"snapshot-000010.h5: the data of this run has changed since, so it cannot go on:\n"
        r"  .*b\.h5, which data reads\n  put it back as it was, or solve with --fresh",
    ):
        train("HDF5Data")
    shutil.copyfile("as-it-was.h5", "b.h5")  # the date does not matter
    assert train("HDF5Data").iter == LAST_ITER


@pytest.mark.parametrize("layer_type", ["HDF5Data", "AsyncHDF5Data"])
def test_a_bad_value_is_named_with_its_row(layer_type):
    """Also where a thread has read it ahead."""
    with h5py.File("b.h5", "r+") as file:
        file["x"][17, 2] = np.nan
    with pytest.raises(
        DataError, match=r"layer 'data' \(\w+\): .*b\.h5, row 17: a value of 'x' is nan"
    ):
        train(layer_type)
