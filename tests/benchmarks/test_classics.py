"""The well-known nets beside their peers: what is measured and what is made of it; no times."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.classics import nets
from benchmarks.classics.beside import TOLERANCE, _differences, tables
from benchmarks.classics.turns import SHORT, Turns
from benchmarks.suite import GRAPHNET, TORCH
from benchmarks.workers import Crew, Worker
from graphnet.backend import open_backend
from graphnet.net.compiled import compile_net
from graphnet.net.load_net import load_net

ROOT = Path(__file__).parents[2]
#: Params that learn, by the papers' authors; VGG-16 is in the tests of the prototxts.
COUNTS = {
    "caffenet": 60_965_224,
    "googlenet": 6_998_552,
    "mobilenet": 4_231_976,
    "resnet50": 25_557_032,
    "squeezenet": 1_235_496,
    "vgg16": 138_357_544,
}


@pytest.mark.parametrize("name", nets.NAMES)
def test_nets_are_those_of_the_papers(name, tmp_path):
    """As many params, each drawn, every BatchNorm with its scale; PyTorch is told of each layer."""
    spec = nets.with_batch(nets.classic(name, tmp_path), 1)
    compiled = compile_net(spec, "test", open_backend("numpy"), np.dtype("float32"))
    assert compiled.n_param_numbers == COUNTS[name]
    types = {node.spec.type for node in spec.nodes}
    assert not types & {"Scale", "Softmax"}
    assert types - {"Input"} <= known_to_torch()
    assert all(
        n.spec.filter_init.type == "MSRA" for n in spec.nodes if n.spec.type == "Convolution"
    )


def known_to_torch() -> set[str]:
    """The types of the table in ``torch_net.py``, which only a Python with PyTorch can import."""
    tree = ast.parse((ROOT / "benchmarks/classics/torch_net.py").read_text(encoding="utf-8"))
    (table,) = (n for n in tree.body if isinstance(n, ast.AnnAssign))
    return {key.value for key in table.value.keys}


def test_a_net_that_learns_reads_rows_from_memory(tmp_path):
    """Its loss is that of the scores of random images."""
    spec = nets.training(nets.classic("squeezenet", tmp_path), 1)
    rows = nets.images((3, 227, 227), 1)
    net = load_net(spec, inputs=rows, threads=1)
    net.forward()
    (loss,) = net.losses().values()
    assert np.isfinite(loss)
    net.close()


def test_workers_answer(tmp_path):
    """Passes and steps beside passes of onnxruntime, and their scores agree."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    files = nets.write_files("squeezenet", tmp_path, (1,))
    task = {"batch": 1, "threads": 1, "lr": 1e-4, "momentum": 0.9, "runtime": "onnxruntime"} | files
    package = "benchmarks.classics"
    modules = {GRAPHNET: f"{package}.graphnet_worker", "onnxruntime": f"{package}.runtime_worker"}
    workers = {
        name: Worker(sys.executable, module, task | {"kind": "infer"})
        for name, module in modules.items()
    }
    with Crew(workers) as crew:
        far = _differences(crew.about("out"))
        assert 0 <= far["onnxruntime"] < 1e-5
        assert all(s > 0 for s in crew.ask("seconds").values())
        assert all(n > 2**20 for n in crew.ask("peak").values())
    learner = Worker(sys.executable, modules[GRAPHNET], task | {"kind": "train"})
    with Crew({GRAPHNET: learner}) as crew:
        for _ in range(2):
            assert crew.ask("seconds")[GRAPHNET] > 0
        assert crew.ask("peak")[GRAPHNET] > 2**20


def test_another_net_is_not_measured():
    """Scores that differ, or are no numbers, are no peer's of the same net."""
    own = [1.0, -4.0]
    assert _differences({GRAPHNET: own, TORCH: own}) == {TORCH: 0.0}
    for other in ([1.0, -4.0 - 8 * TOLERANCE], [1.0, float("nan")]):
        with pytest.raises(ValueError, match="scores differ from graphnet's"):
            _differences({GRAPHNET: own, TORCH: other})


def test_a_short_call_is_timed_after_one_that_is_not():
    """A long one by itself."""
    calls = []
    turns = Turns(lambda: calls.append(0))
    assert turns.seconds() < SHORT
    assert len(calls) == 3
    turns.last = 2 * SHORT
    turns.seconds()
    assert len(calls) == 4


def test_tables_show_times_ratios_and_memory():
    """A row a net, kind and batch; who did not take part leaves a gap."""
    passes = {GRAPHNET: [0.1, 0.1], TORCH: [0.2, 0.3], "OpenCV": [0.05, 0.05]}
    step = {GRAPHNET: [2.0], TORCH: [3.0]}
    found = [
        {"net": "vgg16", "kind": "infer", "batch": 1, "seconds": passes}
        | {"peak": dict.fromkeys(passes, 2**20), "unavailable": {}},
        {"net": "vgg16", "kind": "train", "batch": 8, "seconds": step}
        | {"peak": dict.fromkeys(step, 2**21), "unavailable": {"OpenCV": "it cannot"}},
    ]
    times, memory = tables(found)
    assert times.rows == [
        ["VGG-16, pass (1)", "100 ms", "250 ms", "2.50", "50 ms", "0.50"],
        ["VGG-16, step (8)", "2.00 s", "3.00 s", "1.50", "", ""],
    ]
    assert times.notes == ["OpenCV not measured (vgg16): it cannot"]
    assert memory.rows == [["VGG-16, pass (1)", "1", "1", "1"], ["VGG-16, step (8)", "2", "2", ""]]
