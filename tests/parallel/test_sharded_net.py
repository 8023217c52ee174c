"""A net in shards: the same bits on any number of ranks, and the gradient of the whole batch."""

import os
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from support.lines import Lines

from graphnet.errors import SnapshotError, SpecError
from graphnet.net.load_net import load_net
from graphnet.net.spec import read_net
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.load_sharded_net import cut, load_sharded_net
from graphnet.solver.methods import METHODS
from graphnet.solver.solver import Solver, solve
from graphnet.solver.spec import SolverSpec
from tests.parallel.recipe import layers, results, write_data
from tests.parallel.runs import solver_of, train_on


@pytest.fixture(autouse=True)
def _data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    write_data(tmp_path)


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


@pytest.mark.parametrize(("method", "iter_size"), [*((name, 1) for name in METHODS), ("Adam", 2)])
def test_ranks_change_nothing(method, iter_size):
    """Every byte of the files, and every param on every rank, for 1, 2 and 4 of them."""
    keys = {"method": method, "iter_size": iter_size}
    (expected,) = train_on(1, layers(16), 7, 4, **keys)
    files = results(Path("run"))
    for ranks in (2, 4):
        shutil.rmtree("run")
        for found in train_on(ranks, layers(16), 7, 4, **keys):
            assert_same(found, expected)
        assert results(Path("run")) == files


@pytest.mark.parametrize(("shards", "ranks"), [(3, 3), (5, 5), (6, 2), (6, 3)])
@pytest.mark.parametrize("sync", [False, True])
def test_uneven_shards(shards, ranks, sync):
    """A batch of 64 that the number of shards does not divide."""
    net = layers(64, sync=sync)
    (expected,) = train_on(1, net, 4, shards)
    files = results(Path("run"))
    shutil.rmtree("run")
    for found in train_on(ranks, net, 4, shards):
        assert_same(found, expected)
    assert results(Path("run")) == files


@pytest.mark.parametrize(("before", "after"), [(4, 1), (1, 2), (2, 4)])
def test_going_on_with_other_ranks(before, after):
    """A run that is taken up by another number of ranks ends as if it had been left alone."""
    net = layers(16, sync=before == 2)
    (expected,) = train_on(1, net, 14, 4)
    shutil.move("run", "whole")
    train_on(before, net, 6, 4)
    for found in train_on(after, net, 14, 4):
        assert_same(found, expected)
    whole, found = results(Path("whole")), results(Path("run"))
    for name in ("snapshot-000014.h5", "statistics.jsonl"):  # earlier ones say max_iter: 6
        assert found[name] == whole[name]


def gradients(net, n=2):
    """Of some batches, with the loss and the running statistics after them."""
    found = []
    for iteration in range(n):
        net.context.iteration = iteration
        net.forward_backward()
        state = [a.copy() for named in net.store.state.values() for a in named.values()]
        found.append([net.store.diff.copy(), np.array(net.loss()), *state])
    net.close()
    return found


@pytest.mark.parametrize("shards", [2, 3, 5])
@pytest.mark.parametrize("kind", ["bn", "sync", "none"])
def test_shards_are_the_whole_batch(shards, kind):
    """To rounding: the gradient, the loss and the running statistics of the batch.

    Where the shards' statistics are their own, the whole batch's gradient is another one.
    """
    net = layers(32, sync=kind == "sync", bn=kind != "none")
    expected = gradients(load_net(net, dtype="float64", threads=1))
    whole = load_net(net, dtype="float64", threads=1)
    found = gradients(cut(whole, shards, LocalCommunicator()))
    whole.close()
    for a, b in zip(found, expected, strict=True):
        close = [np.allclose(x, y, rtol=1e-9, atol=1e-12) for x, y in zip(a, b, strict=True)]
        assert close[0] == (kind != "bn")
        assert all(close[1:]) == (kind != "bn")


def test_running_statistics_are_the_mean_over_shards():
    """Each shard moves them from where they stood before the batch."""
    net = layers(12)
    net[0]["batch_size"] = 4
    net[0] |= {"type": "HDF5Data", "transformers": {"x": []}}
    net[0].pop("prefetch")
    parts = []
    for part in range(3):
        one = load_net(net, dtype="float64", threads=1)
        one.load_state_dict({"cursors": {"data": 4 * part}})
        one.context.first_sample = 4 * part
        one.forward()
        parts.append(one.store.state["bn"]["mean"].copy())
        one.close()
    net[0]["batch_size"] = 12
    whole = load_net(net, dtype="float64", threads=1)
    gradients(cut(whole, 3, LocalCommunicator()), 1)
    whole.close()
    np.testing.assert_allclose(whole.store.state["bn"]["mean"], np.mean(parts, axis=0), rtol=1e-12)


LSTM = [
    {"name": "data", "type": "MemoryData", "batch_size": 6, "tops": ["x", "label"]}
    | {"data": {"x": np.sin(np.arange(24 * 3 * 2)).reshape(24, 3, 2).tolist()}}
    | {"shapes": None},
    {"name": "lstm", "type": "LSTM", "output_dim": 3, "stateful": True}
    | {"bottoms": ["x"], "tops": ["h"]},
    {"name": "ip", "type": "InnerProduct", "output_dim": 2, "bottoms": ["h"], "tops": ["y"]},
    {"name": "loss", "type": "SoftmaxLoss", "bottoms": ["y", "label"]},
]
LSTM[0]["data"]["label"] = (np.arange(24) % 2).tolist()


@pytest.mark.parametrize("shards", [2, 4, 6])
def test_carried_state_belongs_to_the_shard(shards):
    """Each row goes on from where the row above it in the batch before stopped."""
    expected = gradients(load_net(LSTM, dtype="float64", threads=1), 3)
    whole = load_net(LSTM, dtype="float64", threads=1)
    found = gradients(cut(whole, shards, LocalCommunicator()), 3)
    for a, b in zip(found, expected, strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-12)


def test_carried_state_goes_on_with_other_ranks():
    """It is gathered into each snapshot."""
    breaks = [{"type": "Snapshot", "every_n_iter": 2}]
    (expected,) = train_on(1, LSTM, 6, 4, coffee_breaks=breaks)
    shutil.move("run", "whole")
    train_on(4, LSTM, 3, 4, coffee_breaks=breaks)
    found = train_on(2, LSTM, 6, 4, coffee_breaks=breaks)[0]
    assert_same(found, expected)
    assert (
        results(Path("run"))["snapshot-000006.h5"] == results(Path("whole"))["snapshot-000006.h5"]
    )


def test_statistics_are_of_all_shards():
    """As if one net had counted the whole batch."""
    net = layers(30, bn=False)
    one = load_net(net, dtype="float64", threads=1)
    whole = load_net(net, dtype="float64", threads=1)
    many = cut(whole, 5, LocalCommunicator())
    for each in (one, many):
        gradients(each, 3)
    assert many.statistics() == pytest.approx(one.statistics(), rel=1e-12)
    assert many.state_dict()["cursors"] == one.state_dict()["cursors"]
    assert many.epoch == one.epoch == 1
    saved = many.state_dict()
    many.reset_statistics()
    assert np.isnan(many.statistics()["loss"])
    many.load_state_dict(saved)
    assert many.statistics() == pytest.approx(one.statistics(), rel=1e-12)


@pytest.mark.parametrize("sync", [False, True])
def test_a_step_allocates_no_arrays(sync):
    """After the first ones; a handful of numbers apart, which travel with the gradient."""
    net = layers(16, sync=sync)
    net[0] |= {"type": "HDF5Data", "shuffle": False, "buffer_bytes": 1 << 20}
    net[0].pop("prefetch")
    net[4 if net[4]["name"] == "ip" else 3]["output_dim"] = 512
    many = load_sharded_net(read_net(net), 4, LocalCommunicator(), threads=1)
    for _ in range(2):
        many.forward_backward()
    tracemalloc.start()
    many.forward_backward()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < many.store.diff.nbytes / 4
    many.close()


def test_one_shard_is_a_plain_run():
    """With shards: 1 the files are those of a run that says nothing about them."""
    for name, keys in (("plain", {}), ("one", {"shards": 1})):
        net = load_net(layers(16), threads=1)
        solve(solver_of(6, exp_dir=name, **keys), net, reporter=Lines())
        net.close()
    assert results(Path("plain"))["statistics.jsonl"] == results(Path("one"))["statistics.jsonl"]
    net = load_net(layers(16), threads=1)
    state = solve(solver_of(8, exp_dir="plain", shards=1), net, reporter=Lines())
    net.close()
    assert state.iter == 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": "Input", "shapes": {"x": [1, 6, 6], "label": []}}, "delivers whole batches only"),
        ({"type": "RandomNormal", "shape": [1, 6, 6], "batch_sizes": [8, 4]}, "whole batch"),
    ],
)
def test_data_that_cannot_be_cut(change, message):
    """Such a layer is named."""
    net = [{"name": "data", "batch_size": 8, "tops": ["x", "label"], **change}, *layers(8)[2:]]
    if "batch_sizes" in change:
        net[0].pop("batch_size")
        net[-2:] = [{"name": "loss", "type": "SquareLoss", "bottoms": ["out", "out"]}]
    with pytest.raises(SpecError, match=rf"layer 'data'(?s:.*){message}"):
        load_sharded_net(read_net(net), 2, LocalCommunicator())


def test_a_loss_that_is_a_sum():
    """It would not be the mean of its shards."""
    net = layers(8)
    net[-2]["divisor"] = "none"
    with pytest.raises(SpecError, match=r"layer 'loss'.*: its loss is a sum over the samples"):
        load_sharded_net(read_net(net), 2, LocalCommunicator())


def test_an_output_while_training():
    """It would see the rows of one rank."""
    net = [*layers(8), {"name": "kept", "type": "MemoryOutput", "bottoms": ["out"]}]
    with pytest.raises(SpecError, match=r"layer 'kept'.*: an output would get"):
        load_sharded_net(read_net(net), 2, LocalCommunicator())


def test_batches_of_different_sizes():
    """There must be one batch to cut."""
    noise = {"name": "noise", "type": "RandomNormal", "shape": [2], "batch_sizes": [5]}
    net = [
        *layers(8),
        {**noise, "tops": ["eps"]},
        {"name": "s", "type": "Silence", "bottoms": ["eps"]},
    ]
    with pytest.raises(SpecError, match="batches of one size, found 'data' 8, 'noise' 5"):
        load_sharded_net(read_net(net), 2, LocalCommunicator())


def test_only_nets_can_be_cut():
    """A net of the user's own kind is computed whole."""
    with pytest.raises(SpecError, match="shards: a dict cannot be cut into 2"):
        cut({}, 2, LocalCommunicator())


def test_another_number_of_shards_is_another_run():
    """The bits depend on it, so a run does not go on with another one."""
    train_on(1, layers(16), 3, 4)
    net = load_net(layers(16), threads=1)
    with pytest.raises(SnapshotError, match=r"solver\.shards: 4 there, 1 here"):
        solve(solver_of(6), net, reporter=Lines())
    net.close()


def test_a_broken_value_is_found():
    """The layer at which the numbers stop being numbers is named, here as in a whole net."""
    many = load_sharded_net(read_net(layers(16)), 4, LocalCommunicator(), threads=1)
    many.forward_backward()
    assert many.first_bad_layer() is None
    many.store.params["ip"]["weight"].data[0, 0] = np.nan
    assert many.first_bad_layer() == "ip"
    many.close()


def test_shards_of_the_net_and_the_solver():
    """They must not disagree."""
    many = load_sharded_net(read_net(layers(16)), 4, LocalCommunicator(), threads=1)
    with pytest.raises(SpecError, match="shards: 2, but the net was cut into 4"):
        solve(Solver(SolverSpec(max_iter=1, shards=2)), many, reporter=Lines())
    many.close()
