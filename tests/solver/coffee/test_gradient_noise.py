"""GradientNoise in a run: its numbers by the net's own gradients, and in parts."""

import json

import numpy as np
import pytest
from support.fake_net import FakeNet
from support.lines import Lines

from graphnet.errors import SpecError
from graphnet.net.spec import read_net
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.load_sharded_net import load_sharded_net
from graphnet.solver.solver import Solver, solve
from graphnet.solver.spec import SolverSpec
from tests.parallel.recipe import layers, write_data
from tests.parallel.runs import train_on


class Watched(FakeNet):
    """Which keeps all its gradients."""

    def run_batch(self):
        """And remember its gradient."""
        super().run_batch()
        self.kept = [*getattr(self, "kept", []), self.store.diff.copy()]


def trained(folder, n, iter_size=3, every=4):
    net = Watched()
    breaks = [{"type": "GradientNoise", "every_n_iter": every}]
    spec = SolverSpec(max_iter=n, exp_dir=str(folder), iter_size=iter_size, coffee_breaks=breaks)
    reporter = Lines()
    solve(Solver(spec), net, reporter=reporter)
    lines = (folder / "statistics.jsonl").read_text("utf-8").splitlines()
    return net, reporter, [json.loads(line) for line in lines]


def test_a_run(tmp_path):
    """The means over the updates since the last report, and no more."""
    net, reporter, found = trained(tmp_path, 8)
    gradients = np.array(net.kept).reshape(8, 3, -1)
    for k, at in enumerate((4, 8)):
        part = gradients[4 * k : 4 * k + 4]
        small = np.mean(np.sum(part**2, axis=2))
        big = np.mean(np.sum(part.mean(axis=1) ** 2, axis=1))
        square = (12 * big - 4 * small) / 8
        variance = (small - big) / (1 / 4 - 1 / 12)
        values = {one["key"]: one["value"] for one in found if one["iter"] == at}
        assert values["gradient_norm"] == pytest.approx(np.sqrt(big))
        if square > 0:
            assert values["noise_scale"] == pytest.approx(variance / square)
    assert {one["key"] for one in found} == {"gradient_norm", "noise_scale"}
    said = [line for line in reporter.lines if line.startswith("gradient at iteration ")]
    assert len(said) == 2
    assert said[0].endswith("samples; an update has 12")


def test_it_changes_nothing(tmp_path):
    """The params are those of a run without it."""
    net, *_ = trained(tmp_path / "a", 6)
    other = FakeNet()
    solve(Solver(SolverSpec(max_iter=6, iter_size=3)), other, reporter=Lines())
    assert net.store.data.tobytes() == other.store.data.tobytes()


def test_in_parts(tmp_path):
    """Each digit is that of a run in one piece."""
    *_, whole = trained(tmp_path / "whole", 8)
    trained(tmp_path / "parts", 2)
    trained(tmp_path / "parts", 7)
    *_, parts = trained(tmp_path / "parts", 8)
    assert parts == whole


def test_it_needs_several_batches(tmp_path):
    """Of one there is nothing to compare."""
    with pytest.raises(SpecError, match="'GradientNoise': it compares the batches of an update"):
        trained(tmp_path, 2, iter_size=1)


@pytest.mark.parametrize("sync", [False, True])
@pytest.mark.parametrize("iter_size", [1, 2])
def test_from_shards(tmp_path, monkeypatch, iter_size, sync):
    """The same numbers for any number of ranks, and in parts."""
    found = []
    for name, ranks, ends in (("1", 1, [8]), ("2", 2, [8]), ("4", 4, [8]), ("parts", 2, [3, 8])):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.chdir(folder)
        write_data(folder)
        breaks = [{"type": "GradientNoise", "every_n_iter": 4}, {"type": "Snapshot"}]
        breaks[1]["every_n_iter"] = 8
        for n in ends:
            keys = {"coffee_breaks": breaks, "iter_size": iter_size}
            train_on(ranks, layers(18, sync=sync), n, 4, **keys)
        found.append((folder / "run" / "statistics.jsonl").read_text("utf-8"))
    assert found[0] == found[1] == found[2] == found[3]
    assert found[0].count('"gradient_norm"') == 2


def test_a_shard_is_a_batch(tmp_path, monkeypatch):
    """Two shards of a batch say what its two halves would as batches of their own."""
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path)
    without_bn = layers(16, bn=False)
    net = load_sharded_net(read_net(without_bn), 2, LocalCommunicator(), "numpy", threads=1)
    net.measures_shards = True
    net.run_batch()
    halves = load_sharded_net(
        read_net(layers(8, bn=False)), 1, LocalCommunicator(), "numpy", threads=1
    )
    squares = []
    for k in range(2):
        halves.context.first_sample = 8 * k
        halves.run_batch()
        squares.append(float(np.sum(halves.store.diff.astype(np.float64) ** 2)))
    assert net.shard_square == pytest.approx(np.mean(squares), rel=1e-6)
    net.close()
    halves.close()
