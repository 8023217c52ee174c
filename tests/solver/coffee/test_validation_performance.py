"""ValidationPerformance."""

import json
import re

import h5py
import numpy as np
import pytest
from support.fake_net import FakeNet, table

from graphnet.errors import DataError, SpecError, TopologyError
from graphnet.net.load_net import load_net
from graphnet.solver.coffee.validation_performance import ValidationPerformance
from graphnet.solver.load_solver import load_solver
from graphnet.solver.solver import solve


def enjoyed(break_, net=None, times=1):
    net, state, lounge, lines = table(net)
    break_.open(net, state, lounge)
    for _ in range(times):
        lounge.start_iteration(state.iter)
        break_.enjoy(net, state, lounge)
        state._iter += 1000
    return net, state, lounge, lines


def test_records_each_number_under_its_key():
    """Those of the test phase of the net being trained."""
    net, _, lounge, _ = enjoyed(ValidationPerformance())
    _, expected = net.sibling("test").evaluate()
    assert {key: lounge.get_statistics(key)[0] for key in expected} == expected


def test_a_run_that_ends_elsewhere_is_measured_at_its_end():
    """Once: not where the break was due just then, nor where a snapshot says it was."""
    break_ = ValidationPerformance()
    net, state, lounge, lines = enjoyed(break_)  # at 0; the state then stands at 1000
    lounge.start_iteration(state.iter)
    break_.finish(net, state, lounge)
    assert list(lounge.get_statistics("accuracy")) == [0, 1000]
    break_.finish(net, state, lounge)
    again = ValidationPerformance()
    again.load_state_dict(break_.state_dict())
    again.open(net, state, lounge)
    again.finish(net, state, lounge)
    assert len(lines.lines) == 2


def test_two_that_are_due_together_measure_once():
    """As where one is in the solver's file and another is added; of two nets, each."""
    breaks = [ValidationPerformance(), ValidationPerformance(), ValidationPerformance(FakeNet())]
    net, state, lounge, lines = table()
    for break_ in breaks:
        break_.open(net, state, lounge)
    lounge.start_iteration(0)
    for break_ in breaks:
        break_.enjoy(net, state, lounge)
        break_.finish(net, state, lounge)
    assert len(lines.lines) == 2


NET = """
- {name: d, type: HDF5Data, phase: train, source: dataset:iris/train, batch_size: 10}
- {name: t, type: HDF5Data, phase: test, source: dataset:iris/test, batch_size: 10}
- {name: ip, type: InnerProduct, output_dim: 3, bottoms: [data], tops: [ip]}
- {name: loss, type: SoftmaxLoss, bottoms: [ip, label]}
- {name: accuracy, type: Accuracy, phase: test, bottoms: [ip, label]}
"""
PARTS = {"all": {}, "first": {"rows": "0:30"}, "rest": {"rows": "30:"}}


@pytest.mark.parametrize("shards", [None, 2])
def test_several_sets(shards, tmp_path):
    """Each under keys of its own, as often as it is due; the numbers are those of its rows."""
    net = load_net(NET)
    breaks = [
        {"type": "ValidationPerformance", "every_n_iter": 5, "name": name,
         "source": "dataset:iris/train", **rows}
        for name, rows in PARTS.items()
    ]  # fmt: skip
    breaks[0]["every_n_iter"] = 10
    breaks += [
        {"type": "ValidationPerformance", "every_n_iter": 10},
        {"type": "Snapshot", "keep_best": "first.loss"},
        {"type": "EarlyStopping", "key": "first.loss", "patience": 9},
    ]
    solver = load_solver({"max_iter": 20, "shards": shards, "exp_dir": str(tmp_path / "run"),
                          "coffee_breaks": breaks})  # fmt: skip
    solve(solver, net)
    lines = (tmp_path / "run" / "statistics.jsonl").read_text("utf-8").splitlines()
    found = {(one["iter"], one["key"]): one["value"] for one in map(json.loads, lines)}
    assert {key for _, key in found} >= {"loss", "accuracy", "rest.loss", "all.accuracy"}
    assert sorted(i for i, key in found if key == "first.loss") == [0, 5, 10, 15, 20]
    assert sorted(i for i, key in found if key == "all.loss") == [0, 10, 20]
    mean = (30 * found[20, "first.loss"] + 90 * found[20, "rest.loss"]) / 120
    assert found[20, "all.loss"] == pytest.approx(mean, rel=1e-5)
    test = load_net(NET, phase="test", share=net)
    assert found[20, "loss"] == test.evaluate().statistics["loss"]


def test_a_set_in_a_file(tmp_path):
    """Beside the net's own file."""
    (tmp_path / "net.yaml").write_text(NET, "utf-8")
    with h5py.File(tmp_path / "night.h5", "w") as file:
        file["data"], file["label"] = np.zeros((7, 4)), np.arange(7) % 3
    break_ = ValidationPerformance(name="night", source="night.h5")
    net, state, lounge, lines = table(load_net(tmp_path / "net.yaml"))
    break_.open(net, state, lounge)
    break_.enjoy(net, state, lounge)
    assert lines.lines[0].startswith("validation of night after iteration 0: 7 samples")
    assert lounge.get_statistics("night.accuracy")
    break_.close(net, state, lounge)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"source": "a.h5"}, "a source needs a name"),
        ({"rows": "0:3", "name": "x"}, "rows are those of a source"),
        ({"source": "a.h5", "name": "a.b"}, "'name': expected a text of the form"),
        ({"source": "a.h5", "name": "x", "net": FakeNet()}, "reads what it declares"),
    ],
)
def test_wrong_keys(keys, message):
    """What goes with what."""
    with pytest.raises(SpecError, match=message):
        ValidationPerformance(**keys)


TEST_DATA = "- {name: t, type: HDF5Data, phase: test, source: dataset:iris/test, batch_size: 10}"
INPUT = (
    "- {name: t, type: Input, phase: test, batch_size: 10, shapes: {data: [4], label: [1]},"
    " tops: [data, label]}"
)
MORE = TEST_DATA.replace("t,", "u,", 1).replace("10}", "10, tops: [a], shapes: {a: [1]}}")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (INPUT, r"has 0 data layers that read stored samples \(none\)"),
        (f"{TEST_DATA}\n{MORE}", r"has 2 data layers that read stored samples \('t', 'u'\)"),
    ],
)
def test_no_place_for_other_data(data, message):
    """One data layer alone can be meant."""
    net, state, lounge, _ = table(load_net(NET.replace(TEST_DATA, data)))
    with pytest.raises(DataError, match=message):
        ValidationPerformance(name="x", source="dataset:iris/train").open(net, state, lounge)


def test_report():
    """How many samples, each number, and how it has changed."""
    *_, lines = enjoyed(ValidationPerformance(), times=2)
    first, second = lines.lines
    assert re.fullmatch(
        r"validation after iteration 0: 7 samples in \d+\.\d s\n"
        r"  accuracy   0\.\d{4}\n  test-loss  \d\.\d{4}",
        first,
    )
    assert re.fullmatch(
        r"validation after iteration 1,000: 7 samples in \d+\.\d s\n"
        r"  accuracy   0\.\d{4}    \+0\.0000\n  test-loss  \d\.\d{4}    \+0\.0000",
        second,
    )


def test_a_net_of_ones_own():
    """It is evaluated, told the iteration, and not closed: it belongs to somebody else."""
    own = FakeNet("test", n_samples=5)
    break_ = ValidationPerformance(own)
    net, state, lounge, lines = enjoyed(break_, times=2)
    assert "5 samples" in lines.lines[0]
    assert own.context.iteration == 1000
    break_.close(net, state, lounge)
    assert not own.is_closed


def test_the_net_it_compiled_is_closed():
    """Files and threads are released."""
    net, siblings = FakeNet(), []
    sibling = net.sibling
    net.sibling = lambda phase: siblings.append(sibling(phase)) or siblings[-1]
    break_ = ValidationPerformance()
    break_.close(*enjoyed(break_, net)[:3])
    assert [s.is_closed for s in siblings] == [True]


def test_nothing_to_validate():
    """A test phase that measures nothing is an error at the start, not at iteration 1000."""
    net = FakeNet()
    net.has_test = False
    with pytest.raises(TopologyError, match=r"no loss and no statistic in its test phase.*\n  add"):
        enjoyed(ValidationPerformance(), net)


def test_the_net_being_trained():
    """It would lose its place in the data."""
    net = FakeNet()
    with pytest.raises(TopologyError, match="the net being trained cannot validate itself"):
        enjoyed(ValidationPerformance(net), net)
