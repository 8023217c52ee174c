"""The moving average of the params: its numbers, its place in a run, its way into a model."""

import json

import h5py
import numpy as np
import pytest
from support.fake_store import fake_store

import graphnet as gn
from graphnet.solver.average import Averaged, ExponentialAverage, PlainAverage
from graphnet.solver.ranks.one_rank import OneRank
from tests.parallel.recipe import layers, write_data
from tests.parallel.runs import train_on

NET = """
- {name: d, type: HDF5Data, phase: train, source: dataset:iris/train, batch_size: 20, shuffle: true}
- {name: t, type: HDF5Data, phase: test, source: dataset:iris/test, batch_size: 10}
- {name: stem, type: InnerProduct, output_dim: 4, frozen: true, bottoms: [data], tops: [stem]}
- {name: ip, type: InnerProduct, output_dim: 3, weight_cons: {type: L2Cons, threshold: 0.5},
   bottoms: [stem], tops: [ip]}
- {name: loss, type: SoftmaxLoss, bottoms: [ip, label]}
- {name: accuracy, type: Accuracy, phase: test, bottoms: [ip, label]}
"""
BREAKS = [
    {"type": "ValidationPerformance", "every_n_iter": 5},
    {"type": "ValidationPerformance", "every_n_iter": 5, "averaged": True},
    {"type": "Snapshot", "keep_best": "ema.loss"},
]


def test_numbers():
    """The first update's params, then a part of the way to each later one's."""
    store = fake_store()
    average, n = ExponentialAverage(store, 0.9), store.diff.size
    expected = None
    for t in range(1, 5):
        store.data[:n] = np.arange(n) * t
        average.update(t)
        now = np.arange(n) * t
        expected = now if expected is None else expected + 0.1 * (now - expected)
    np.testing.assert_allclose(average.values, expected, rtol=1e-12)


@pytest.mark.parametrize(("start", "every"), [(1, 1), (3, 1), (2, 3), (20, 2)])
def test_numbers_of_the_plain_one(start, every):
    """The params themselves until it starts, then the mean of those it takes in."""
    store = fake_store()
    average = PlainAverage(store, Averaged(start=start, every=every))
    rng, n, taken = np.random.default_rng(0), store.diff.size, []
    for t in range(1, 13):
        store.data[:n] = rng.standard_normal(n)
        average.update(t)
        if t >= start and (t - start) % every == 0:
            taken.append(store.data[:n].copy())
        expected = np.mean(taken, axis=0) if taken else store.data[:n]
        np.testing.assert_allclose(average.values, expected, rtol=1e-12)


def test_a_run_with_the_plain_one(tmp_path):
    """Measured, resumed bit for bit across its start, loaded; a run has one average."""
    swa = {"ema": None, "swa": {"start": 10, "every": 2}}
    net, whole, statistics = solved(tmp_path / "whole", **swa)
    solved(tmp_path / "parts", 13, **swa)
    _, parts, again = solved(tmp_path / "parts", **swa)
    for name in whole:
        assert whole[name].tobytes() == parts[name].tobytes(), name
    assert [one for one in again if one["iter"] != 13] == statistics
    last = {one["key"]: one["value"] for one in statistics if one["iter"] == 20}
    early = {one["key"]: one["value"] for one in statistics if one["iter"] == 5}
    assert early["ema.loss"] == early["loss"]
    assert last["ema.loss"] != last["loss"]
    gn.load_weights(net, tmp_path / "whole", averaged=True)
    test = gn.load_net(NET, "test", share=net)
    assert test.evaluate().statistics["loss"] == last["ema.loss"]
    with pytest.raises(gn.SpecError, match="ema: swa keeps an average, too, and a run has one"):
        gn.SolverSpec(max_iter=1, ema=0.9, swa={"start": 1})
    late = gn.load_solver({"max_iter": 5, "swa": {"start": 6}})
    assert "swa: starts at update 6, and the run has 5" in str(late.doubts()[0])


def test_in_place_of_the_params():
    """And back, bit for bit; what does not learn stays."""
    store = fake_store("float32")
    n, average = store.diff.size, ExponentialAverage(store, 0.5)
    average.update(1)
    store.data[:n] *= np.float32(1.1)
    average.update(2)
    before, frozen = store.data.copy(), store.data[n:].copy()
    for _ in range(2):
        average.exchange(is_used=True)
        np.testing.assert_array_equal(store.data[:n], average.values)
    np.testing.assert_array_equal(store.data[n:], frozen)
    for _ in range(2):
        average.exchange(is_used=False)
        assert store.data.tobytes() == before.tobytes()


def solved(folder, max_iter=20, **keys):
    net = gn.load_net(NET)
    given = {"max_iter": max_iter, "exp_dir": str(folder), "ema": 0.9, "coffee_breaks": BREAKS}
    gn.solve(gn.load_solver(given | keys), net)
    with h5py.File(folder / "snapshots" / f"snapshot-{max_iter:06d}.h5") as file:
        names = (
            "params/ip/weight",
            "params/ip/bias",
            "history/ema/ip/weight",
            "history/ema/ip/bias",
        )
        arrays = {name: file[name][()] for name in names if name in file}
    lines = (folder / "statistics.jsonl").read_text("utf-8").splitlines()
    return net, arrays, [json.loads(line) for line in lines]


def test_a_run(tmp_path):
    """It changes nothing of the run; it is measured, and resumed bit for bit."""
    _, plain, _ = solved(tmp_path / "plain", ema=None, coffee_breaks=())
    net, whole, statistics = solved(tmp_path / "whole")
    for name in plain:
        assert plain[name].tobytes() == whole[name].tobytes()
    solved(tmp_path / "parts", 7)
    _, parts, again = solved(tmp_path / "parts")
    assert len(whole) == len(parts) == 4
    for name in whole:
        assert whole[name].tobytes() == parts[name].tobytes(), name
    assert [one for one in again if one["iter"] != 7] == statistics
    last = {one["key"]: one["value"] for one in statistics if one["iter"] == 20}
    assert last["ema.loss"] != last["loss"]
    test = gn.load_net(NET, "test", share=net)
    assert test.evaluate().statistics["loss"] == last["loss"]
    gn.load_weights(net, tmp_path / "whole", averaged=True)
    np.testing.assert_array_equal(net.params["ip"]["weight"].data, whole["history/ema/ip/weight"])
    assert test.evaluate().statistics["loss"] == last["ema.loss"]


def test_on_ranks(tmp_path, monkeypatch):
    """All measure with it, in the bits of one process, and have their own params back."""
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path)
    said = []
    for ranks in (1, 2):
        keys = {"ema": 0.8, "coffee_breaks": BREAKS, "exp_dir": f"run{ranks}"}
        found = train_on(ranks, layers(16), 8, 4, **keys)
        statistics = (tmp_path / f"run{ranks}" / "statistics.jsonl").read_text("utf-8")
        said.append((statistics, {one["ip/weight"].tobytes() for one in found}))
    assert said[0] == said[1]
    assert len(said[0][1]) == 1
    assert "ema.accuracy" in said[0][0]


def test_a_model_of_it(tmp_path):
    """Written by the command, it is what was measured."""
    from graphnet.cli import main

    _, arrays, _ = solved(tmp_path / "run")
    target = tmp_path / "model.h5"
    assert (
        main(["snapshot", "model", str(tmp_path / "run"), "--to", str(target), "--averaged"]) == 0
    )
    net = gn.load_net(NET, seed=5)
    assert gn.load_weights(net, target, strict=True).is_complete
    np.testing.assert_array_equal(net.params["ip"]["weight"].data, arrays["history/ema/ip/weight"])
    assert main(["snapshot", "model", str(tmp_path / "run"), "--to", str(target)]) == 0
    gn.load_weights(net, target)
    np.testing.assert_array_equal(net.params["ip"]["weight"].data, arrays["params/ip/weight"])


def test_where_there_is_none(tmp_path, capsys):
    """What keeps one is said."""
    from graphnet.cli import main

    net, *_ = solved(tmp_path / "run", ema=None, coffee_breaks=())
    with pytest.raises(gn.SnapshotError, match=r"holds no average of its params\n.*ema: 0.999"):
        gn.load_weights(net, tmp_path / "run", averaged=True)
    target = tmp_path / "model.h5"
    assert (
        main(["snapshot", "model", str(tmp_path / "run"), "--to", str(target), "--averaged"]) == 1
    )
    assert not target.exists()
    assert "holds no average" in capsys.readouterr().err
    with pytest.raises(gn.SpecError, match="the solver keeps no average"):
        solved(tmp_path / "other", ema=None)
    for wrong in (0, 1, 1.5):
        with pytest.raises(gn.SpecError, match="ema"):
            gn.SolverSpec(max_iter=1, ema=wrong)

    class Other(gn.Method):
        history = ("ema",)

        def step(self, xp, rates, w, g, *history):
            """Nothing."""

    with pytest.raises(gn.SpecError, match="Other has a history 'ema' itself"):
        solved(tmp_path / "third", method=Other())


def test_an_error_while_it_is_used():
    """The params come back."""
    store = fake_store()
    before = store.data.copy()
    run = type(
        "Run", (), {"updater": type("Updater", (), {"average": ExponentialAverage(store, 0.5)})}
    )
    leaving = OneRank(run, None).averaged()
    leaving.__enter__()
    assert not store.data[: store.diff.size].any()
    with pytest.raises(ZeroDivisionError, match="here"):
        leaving.gen.throw(ZeroDivisionError("here"))
    np.testing.assert_array_equal(store.data, before)
