"""TensorBoard: what a run writes for it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.fake_net import FakeNet
from support.fake_runs import (
    Killed,
    kill_at,
    see_the_run_end_where_its_directory_goes,
    solver_for,
    train,
)
from support.lines import Lines
from support.shipped_nets import ROOT

import graphnet as gn
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.coffee.tensorboard import contact_sheet, graph_nodes, is_visible
from graphnet.solver.load_history import load_history

BREAKS = [
    {"type": "TensorBoard", "every_n_iter": 2},
    {"type": "TrainingSummary", "every_n_iter": 2},
    {"type": "ValidationPerformance", "every_n_iter": 4},
    {"type": "Snapshot", "every_n_iter": 3},
]


def read_back(folder):
    """What TensorBoard's own reader finds."""
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="needs the extra tensorboard-check",
    )
    found = accumulator.EventAccumulator(str(folder), {"scalars": 0, "histograms": 0, "images": 0})
    found.Reload()
    return found


def scalars(found, key):
    return [(event.step, np.float32(event.value)) for event in found.Scalars(key)]


def recorded(run, key):
    iters, values = load_history(run)[key]
    return list(zip(iters.tolist(), values.astype(np.float32), strict=True))


def test_everything_recorded_is_there_once(tmp_path):
    """Whatever the order of the breaks, what is measured at the end too."""
    train(tmp_path, 10, breaks=BREAKS)
    found = read_back(tmp_path / "tensorboard")
    for key in load_history(tmp_path):
        assert scalars(found, key) == recorded(tmp_path, key), key
    assert [step for step, _ in scalars(found, "update/loss")] == [2, 4, 6, 8, 10]
    assert [e.step for e in found.Histograms("stem/scale")] == [0, 2, 4, 6, 8, 10]
    assert [e.step for e in found.Histograms("ip/weight/gradient")] == [2, 4, 6, 8, 10]


@pytest.mark.parametrize("n", [5, 7, 8])
def test_a_killed_run_that_goes_on_has_each_step_once(tmp_path, n):
    """What was written beyond the snapshot is replaced."""
    with pytest.raises(Killed, match="killed"):
        train(tmp_path, 12, kill_at(FakeNet(), n), breaks=BREAKS)
    train(tmp_path, 12, breaks=BREAKS)
    assert len(list((tmp_path / "tensorboard").iterdir())) == 2
    found = read_back(tmp_path / "tensorboard")
    for key in load_history(tmp_path):
        assert scalars(found, key) == recorded(tmp_path, key), key
    steps = [step for step, _ in scalars(found, "update/loss")]
    assert steps == sorted(set(steps))


def test_a_run_begun_anew_replaces_what_was_there(tmp_path):
    """TensorBoard shows the new one alone."""
    train(tmp_path, 10, breaks=BREAKS)
    train(tmp_path, 4, breaks=BREAKS, fresh=True)
    found = read_back(tmp_path / "tensorboard")
    assert scalars(found, "obj_val") == recorded(tmp_path, "obj_val")


@pytest.mark.parametrize("is_moved", [True, False])
def test_a_file_that_is_rotated_is_followed_by_another(tmp_path, is_moved):
    """Moved away or copied and emptied: together with that copy it has everything once."""
    before = tmp_path / "before"
    before.mkdir()

    class At6(CoffeeBreak):
        def enjoy(self, net, state, lounge):
            if state.iter == 6:
                (path,) = (state.run.folder / "tensorboard").iterdir()
                shutil.copy(path, before)
                path.unlink() if is_moved else os.truncate(path, 0)

    solver = solver_for(tmp_path / "run", 12, BREAKS)
    solver.add_coffee_break(At6(), every_n_iter=1)
    gn.solve(solver, FakeNet(), reporter=Lines())
    found, earlier = read_back(tmp_path / "run" / "tensorboard"), read_back(before)
    for key in load_history(tmp_path / "run"):
        first = scalars(earlier, key) if key in earlier.Tags()["scalars"] else []
        assert first + scalars(found, key) == recorded(tmp_path / "run", key), key
    assert [step for step, _ in scalars(found, "update/loss")] == [8, 10, 12]


@pytest.mark.parametrize("save_into", [None, "elsewhere.jsonl"])
@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_run_directory_that_goes_away_is_not_made_again(tmp_path, save_into, is_replaced):
    """Nor is anything written into another in its place: the run ends, and says why."""
    see_the_run_end_where_its_directory_goes(
        tmp_path, BREAKS[:3], save_into, is_replaced=is_replaced
    )
    assert (tmp_path / "moved" / "tensorboard").exists()


def test_less_where_less_is_asked_for(tmp_path):
    """In a folder of one's own."""
    breaks = [
        {"type": "TensorBoard", "every_n_iter": 2, "folder": str(tmp_path / "tb"),
         "histograms": False, "images": False}
    ]  # fmt: skip
    train(tmp_path / "run", 4, breaks=breaks)
    assert not (tmp_path / "run" / "tensorboard").exists()
    assert read_back(tmp_path / "tb").Tags()["histograms"] == []


def test_without_a_place(tmp_path, monkeypatch):
    """The message says what to give."""
    monkeypatch.chdir(tmp_path)
    spec = gn.SolverSpec(
        max_iter=2,
        lr_policy={"type": "Fixed", "base_lr": 0.1},
        coffee_breaks=[{"type": "TensorBoard", "every_n_iter": 1}],
    )
    with pytest.raises(gn.errors.SpecError, match="it needs a place\n  give it a folder"):
        gn.solve(gn.Solver(spec), FakeNet())
    assert list(Path().iterdir()) == []


def test_it_changes_no_bit_of_the_run(tmp_path):
    """Statistics and params are those of a run without it."""
    one, other = tmp_path / "a", tmp_path / "b"
    train(one, 8, breaks=BREAKS)
    train(other, 8, breaks=BREAKS[1:])
    assert (one / "statistics.jsonl").read_bytes() == (other / "statistics.jsonl").read_bytes()


def test_the_graph_has_every_layer_of_both_phases():
    """What each reads, through layers in place; names that TensorFlow would take."""
    text = (ROOT / "nets" / "mnist.yaml").read_text("utf-8")
    nodes = {node.name: node for node in graph_nodes(text)}
    assert nodes["conv1"].op == "Convolution"
    assert nodes["conv1"].inputs == ("train/train-data", "test/test-data")
    assert nodes["pool1"].inputs == ("conv1",)
    assert "ip2" in nodes["loss"].inputs
    odd = graph_nodes(
        "layers:\n- {name: _a b, type: X, tops: [x]}\n"
        "- {name: drop, type: Y, bottoms: [x], tops: [x]}\n- {name: c, type: Z, bottoms: [x]}\n"
    )
    assert [(node.name, node.inputs) for node in odd] == [
        ("a_b", ()),
        ("drop", ("a_b",)),
        ("c", ("drop",)),
    ]


def test_filters_side_by_side():
    """0 is grey, a line between them is black."""
    filters = np.zeros((9, 1, 2, 3))
    filters[0, 0, 0, 0], filters[8, 0, 1, 2] = 2.0, -2.0
    sheet = contact_sheet(filters)
    assert sheet.shape == (5, 31)
    assert (sheet[0, 0], sheet[4, 2], sheet[1, 1], sheet[0, 3]) == (255, 0, 128, 0)
    assert contact_sheet(np.ones((2, 3, 4, 4))).shape == (4, 9, 3)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((4, 1, 5, 5), True), ((4, 3, 5, 5), True), ((4, 2, 5, 5), False), ((4, 9), False),
     ((4, 1, 1, 1), False)],
)  # fmt: skip
def test_what_can_be_seen(shape, expected):
    """Grey or colours, more than a pixel."""
    assert is_visible(np.zeros(shape)) == expected
