"""``graphnet time``: a row a layer, and the same as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from graphnet.cli import main
from graphnet.timing import LayerTime, StepTime

IRIS = str(Path(__file__).parents[2] / "nets" / "iris.yaml")


def test_it_prints_a_row_for_each_layer_and_the_ceilings(capsys):
    """Every layer of the phase stands in the table, in order."""
    assert main(["time", IRIS, "--steps", "2", "--offline"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines[1:] if line][:7]
    assert names == ["train-data", "ip1", "ip1.neuron", "ip2", "ip2.neuron", "ip3", "loss"]
    assert "a step at batch 16 (medians of 2)" in lines[-2]
    assert "GFLOP/s of matrix products" in lines[-1]


def test_a_layer_above_the_ceiling_is_explained(capsys, monkeypatch):
    """Whoever compares a layer's rate with the machine's is told how it can be higher."""
    slow = StepTime((LayerTime("c", "Convolution", 1, 2, 1, 600, 1, "arithmetic"),), 3, 500, 20)
    for ceiling, n_said in ((500, 1), (700, 0)):
        monkeypatch.setattr(
            "graphnet.cli.time.time_net", lambda *_, c=ceiling: replace(slow, matmul_gflops=c)
        )
        assert main(["time", IRIS, "--offline"]) == 0
        assert capsys.readouterr().out.count("minimal filtering does with fewer") == n_said


def test_json_has_the_figures(capsys):
    """One object: the layers and the totals."""
    assert main(["time", IRIS, "--steps", "2", "--phase", "test", "--json", "--offline"]) == 0
    times = json.loads(capsys.readouterr().out)
    assert [layer["name"] for layer in times["layers"]][-1] == "prob"
    assert times["step_ms"] > 0
    assert all(layer["backward_ms"] == 0 for layer in times["layers"])
