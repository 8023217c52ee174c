"""``graphnet check``: the table, the JSON, the warnings; no data opened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graphnet.cli.output import terminal
from graphnet.layers import LAYER_TYPES
from graphnet.net.load_net import load_net


def rows(result):
    """The table's lines as cells, by layer."""
    lines = result.out.partition("\n\n")[0].splitlines()
    return {line.split()[0]: line.split() for line in lines[1:]}


def test_the_table_shows_every_layer(run):
    """Layer, type, blobs, shape, params, multiply-adds and bytes."""
    found = run("check net.yaml")
    assert (found.code, found.err) == (0, "")
    assert found.lines[0].split() == [
        *("layer", "type", "bottoms", "→", "tops", "shape"),
        *("params", "multiply-adds", "bytes"),
    ]
    assert rows(found)["ip1"] == [
        *("ip1", "InnerProduct", "data", "→", "ip1", "4×3", "12", "36", "96", "B")
    ]
    assert set(rows(found)) == {"train-data", "ip1", "loss"}


def test_a_terminal_of_80_columns_shows_a_line_for_each_layer(run, monkeypatch):
    """There the bytes are left out and the counts rounded: a common net fits."""
    monkeypatch.chdir(Path(__file__).parent.parent.parent)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(terminal, "on_terminal", lambda: True)
    for name in ("mnist", "lenet5", "fashion-cnn"):
        lines = run(f"check nets/{name}.yaml").out.partition("\n\n")[0].splitlines()
        assert lines[0].split()[-2:] == ["params", "MACs"]
        assert all(line.split()[1] in LAYER_TYPES for line in lines[1:])
        assert all(len(line.rstrip()) <= 80 for line in lines)


def test_columns_are_aligned_and_nothing_is_wrapped(folder, run):
    """Off a terminal a row is a line, however long."""
    long = "a" * 150
    text = (folder / "net.yaml").read_text().replace("ip1", long)
    (folder / "net.yaml").write_text(text)
    found = run("check net.yaml")
    (row,) = [line for line in found.lines if line.startswith(long + " ")]
    assert row.index("InnerProduct") == found.lines[0].index("type")
    assert "\x1b" not in found.out
    assert not any(line.endswith(" ") for line in found.lines)


def test_the_settings_are_said(folder, run):
    """Totals, memory, data, and how the net is trained."""
    found = run("check net.yaml")
    facts = found.out.partition("\n\n")[2].splitlines()
    assert facts[0] == "net       small, phase train (net.yaml)"
    assert facts[1] == f"data      train-data: {folder / 'train.h5'}"
    assert facts[3] == "params    12"
    assert facts[4].startswith("memory    ")
    assert facts[4].endswith(" planned")
    assert facts[5:] == [
        "settings  method SGD (default)",
        "          lr_policy Fixed, base_lr 0.1 (solver.yaml)",
        "          mom_policy Fixed, momentum 0 (default)",
        "          regu_coef 0.0005 (default): the L2 gradient is 2·0.0005·w",
        "          seed 0 (default)",
        "          bias_lr 2 (default) in ip1: biases learn twice as fast",
    ]


def test_where_a_setting_comes_from(folder, run):
    """The solver's file, or an option."""
    (folder / "solver.yaml").write_text("max_iter: 1\nregu_coef: 0.1\n")
    found = run("check net.yaml --set seed=3 --set layers.ip1.bias_lr=1")
    assert "          seed 3 (--set seed=3)" in found.lines
    assert "          regu_coef 0.1 (solver.yaml): the L2 gradient is 2·0.1·w" in found.lines
    assert "bias_lr" not in found.out


def test_a_net_without_a_solver_can_be_checked(folder, run):
    """The defaults are then said to be those."""
    text = (folder / "net.yaml").read_text().replace("solver: solver.yaml\n", "")
    (folder / "net.yaml").write_text(text)
    found = run("check net.yaml")
    assert found.code == 0
    assert "settings  method SGD (default; the net names no solver)" in found.lines


def test_json_is_what_programs_rely_on(run):
    """Its keys, and numbers as numbers."""
    found = json.loads(run("check net.yaml --json").out)
    assert set(found) == {"name", "phase", "layers", "totals"}
    assert (found["name"], found["phase"]) == ("small", "train")
    assert [layer["name"] for layer in found["layers"]] == ["train-data", "ip1", "loss"]
    assert found["layers"][0] == {
        "name": "train-data",
        "type": "HDF5Data",
        "within": None,
        "bottoms": [],
        "tops": ["data", "label"],
        "top_shapes": [[4, 3], [4]],
        "params": 0,
        "macs": 0,
        "bytes": 64,
    }
    assert found["layers"][1] == {
        "name": "ip1",
        "type": "InnerProduct",
        "within": None,
        "bottoms": ["data"],
        "tops": ["ip1"],
        "top_shapes": [[4, 3]],
        "params": 12,
        "macs": 36,
        "bytes": 96,
    }
    assert (found["totals"]["params"], found["totals"]["macs"]) == (12, 36)
    assert found["totals"]["planned_bytes"] > 64 + 96


def test_the_phase_can_be_chosen(run):
    """Layers of the test phase and of every phase."""
    found = json.loads(run("check net.yaml --json --phase test").out)
    names = [layer["name"] for layer in found["layers"]]
    assert names == ["test-data", "ip1", "ip1.split", "loss", "accuracy", "prob"]
    assert found["phase"] == "test"


def test_blobs_have_the_names_that_readers_see(run):
    """The versions of a blob that neurons and fan-out make are not the user's business."""
    found = run("check net.yaml --json --phase test --set layers.ip1.neuron=ReLU")
    layers = {layer["name"]: layer for layer in json.loads(found.out)["layers"]}
    assert layers["ip1"]["tops"] == ["ip1"]
    assert (layers["ip1.neuron"]["bottoms"], layers["ip1.neuron"]["tops"]) == (["ip1"], ["ip1"])
    assert not any("#" in top for layer in layers.values() for top in layer["tops"])


def test_no_data_is_opened_but_a_header(folder, run):
    """With ``shapes`` not even that; a named set's shapes are known."""
    for name in ("train.h5", "test.h5"):
        (folder / name).unlink()
    assert run("check net.yaml").code == 1
    assert run("check net.yaml --set layers.train-data.shapes={data: [3], label: []}").code == 2
    found = run("check net.yaml --set 'layers.train-data.shapes={data: [3], label: []}'")
    assert found.code == 0
    for name in ("train-data", "test-data"):
        source = f"dataset:mnist/{name.partition('-')[0]}"
        (folder / "net.yaml").write_text(
            (folder / "net.yaml").read_text().replace(f"{name.partition('-')[0]}.h5", source)
        )
    assert run("check net.yaml").code == 0
    assert not (folder / "data").exists()


@pytest.mark.usefixtures("fallback_folder")
def test_the_fall_back_is_announced(run):
    """Where the data is not here, and what would be read instead."""
    found = run("check net.yaml")
    assert found.code == 0
    marked = [line for line in found.lines if line.startswith("! ")]
    assert marked[0] == "! FALL-BACK DATA: this is not the data that the net names."
    assert "! train-data reads dataset:digits28/train instead of dataset:mnist/train" in marked
    assert marked[-1] == "! to get the real data: graphnet data mnist"


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ("--set layers.loss.phase=test", "no loss in phase train, so nothing can be learned"),
        (
            (
                "--phase test --set layers.loss.phase=train --set layers.accuracy.phase=train"
                " --set coffee_breaks=[]"
            ),
            "no loss and no statistic in phase test, so testing it tells nothing",
        ),
        (
            "--set layers.loss.bottoms=[data,label]",
            (
                "net.yaml:16:5: layer 'ip1' (InnerProduct): no loss depends on its params, so they "
                "cannot learn"
            ),
        ),
    ],
)
def test_what_is_legal_but_hardly_meant_is_a_warning(run, changes, warning):
    """The net compiles, and the exit code is 0."""
    found = run(f"check net.yaml {changes}")
    assert found.code == 0
    assert found.lines[-1] == f"warning: {warning}"


def test_a_good_net_has_no_warnings(run):
    """In neither phase."""
    assert "warning:" not in run("check net.yaml").out
    assert "warning:" not in run("check net.yaml --phase test").out


def test_the_problems_of_net_and_solver_come_together(run):
    """One run shows everything that is wrong."""
    found = run("check net.yaml --set layers.ip1.output_dim=0 --set max_iter=-1")
    assert found.code == 1
    assert found.err.splitlines() == [
        (
            "--set layers.ip1.output_dim=0: layer 'ip1' (InnerProduct): key 'output_dim': expected"
            " more than 0, found 0"
        ),
        "--set max_iter=-1: key 'max_iter': expected at least 0, found -1",
    ]


def test_user_layers_can_be_used_and_refused(folder, run):
    """A class beside the YAML, named by a dotted path."""
    (folder / "my_layers.py").write_text(
        "from graphnet.layers.neurons.base import NeuronSpec\n"
        "class Twice(NeuronSpec):\n"
        "    def apply(self, xp, x, y):\n"
        "        xp.multiply(x, 2, out=y)\n"
        "    def differentiate(self, xp, y, slope):\n"
        "        slope.fill(2)\n"
    )
    (folder / "own.yaml").write_text(
        "- {name: d, type: MemoryData, batch_size: 1, data: {x: [[1, 2]]}, tops: [x]}\n"
        "- {name: t, type: my_layers.Twice, bottoms: [x], tops: [y]}\n"
    )
    assert rows(run("check own.yaml"))["t"][:5] == ["t", "Twice", "x", "→", "y"]
    refused = run("check own.yaml --no-user-code")
    assert refused.code == 1
    assert "which --no-user-code refuses" in refused.err


def test_memory_in_mixed_precision(run, folder):
    """The rounded operands are counted: what ``solve`` would plan."""
    found, given = {}, (folder / "solver.yaml").read_text()
    for precision in ("float32", "bfloat16"):
        (folder / "solver.yaml").write_text(f"{given}precision: {precision}\n")
        found[precision] = json.loads(run("check net.yaml --json").out)["totals"]["planned_bytes"]
        net = load_net("net.yaml", keep="needed", precision=precision)
        assert found[precision] == net.planned_bytes
        net.close()
    assert found["bfloat16"] > found["float32"]
