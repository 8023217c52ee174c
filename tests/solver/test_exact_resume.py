"""Real nets go on exactly, in the middle of an epoch and with any number of threads.

Shuffled data is streamed in groups of chunks and augmented by a reader thread; there are dropout
and running statistics, and breaks that keep a state.
"""

import os
import shutil
import tracemalloc
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest
from support.lines import Lines

from graphnet.net.load_net import load_net
from graphnet.solver.methods import METHODS
from graphnet.solver.solver import Solver, solve
from graphnet.solver.spec import SolverSpec

N_SAMPLES = 50
LAYERS = [
    {
        "name": "data",
        "type": "AsyncHDF5Data",
        "source": "data.h5",
        "batch_size": 8,
        "shuffle": True,
        "prefetch": 3,
        "buffer_bytes": 8000,
        "transformers": {
            "x": [
                {"type": "RandomCrop", "crop_size": [6, 6]},
                {"type": "RandomMirror"},
                {"type": "RandomShift", "shift": 1},
            ]
        },
        "tops": ["x", "label"],
    },
    {
        "name": "conv",
        "type": "Convolution",
        "n_filter": 4,
        "kernel": 3,
        "neuron": "ReLU",
        "bottoms": ["x"],
        "tops": ["conv"],
    },
    {"name": "bn", "type": "BatchNorm", "bottoms": ["conv"], "tops": ["bn"]},
    {"name": "ip", "type": "InnerProduct", "output_dim": 16, "bottoms": ["bn"], "tops": ["ip"]},
    {"name": "drop", "type": "Dropout", "bottoms": ["ip"]},
    {"name": "out", "type": "InnerProduct", "output_dim": 3, "bottoms": ["ip"], "tops": ["out"]},
    {"name": "loss", "type": "SoftmaxLoss", "bottoms": ["out", "label"]},
    {"name": "accuracy", "type": "Accuracy", "phase": "test", "bottoms": ["out", "label"]},
]


@pytest.fixture(autouse=True)
def _data(tmp_path, monkeypatch):
    """A file in the working directory, larger than what of it may be in memory."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, N_SAMPLES)
    x = rng.standard_normal((N_SAMPLES, 1, 8, 8)) + label[:, None, None, None]
    with h5py.File("data.h5", "w") as file:
        file.create_dataset("x", data=x.astype("float32"), chunks=(5, 1, 8, 8), compression=1)
        file.create_dataset("label", data=label, chunks=(5,))


def train(n, threads, method, iter_size):
    breaks = [
        {"type": "TrainingSummary", "every_n_iter": 3, "every_n_epoch": 1},
        {"type": "ValidationPerformance", "every_n_iter": 4},
        {"type": "Snapshot", "every_n_iter": 5, "keep_best": "accuracy"},
    ]
    spec = SolverSpec(
        max_iter=n,
        method=method,
        iter_size=iter_size,
        exp_dir="run",
        lr_policy={"type": "Fixed", "base_lr": 0.01},
        coffee_breaks=breaks,
    )
    net = load_net(LAYERS, threads=threads)
    try:
        return solve(Solver(spec), net, reporter=Lines())
    finally:
        net.close()


@pytest.mark.parametrize(
    ("method", "iter_size"), [*((name, 1) for name in METHODS), ("SGD", 2), ("Adam", 3)]
)
def test_half_and_half_is_whole(monkeypatch, method, iter_size):
    """Each byte of the last snapshot and of the statistics, going on with other threads."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    train(18, 1, method, iter_size)
    shutil.move("run", "whole")
    train(9, 1, method, iter_size)
    state = train(18, 2, method, iter_size)
    assert state.iter == 18
    for name in ("snapshots/snapshot-000018.h5", "statistics.jsonl"):
        assert (Path("run") / name).read_bytes() == (Path("whole") / name).read_bytes()


def test_accumulated_batches_are_one_large_batch():
    """Dropout draws for the place in the whole batch, so two of 4 are one of 8."""
    layers = [dict(layer) for layer in LAYERS if layer["type"] != "BatchNorm"]
    layers[2]["bottoms"] = ["conv"]
    found = []
    for batch_size, iter_size in ((8, 1), (4, 2)):
        layers[0]["batch_size"] = batch_size
        net = load_net(layers, dtype="float64", threads=1)
        spec = SolverSpec(
            max_iter=6,
            iter_size=iter_size,
            lr_policy={"type": "Fixed", "base_lr": 0.1},
            mom_policy={"type": "Fixed", "momentum": 0.9},
        )
        solve(Solver(spec), net, reporter=Lines())
        net.close()
        found.append(net.store.data.copy())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9, atol=1e-12)


def test_a_step_allocates_no_arrays():
    """After the first, with every break due in between, memory stays where it is."""
    net = load_net(LAYERS, threads=1)
    peaks = []

    class Probe(Lines):
        def step(self):
            if not tracemalloc.is_tracing():
                tracemalloc.start()
            peaks.append(tracemalloc.get_traced_memory())
            tracemalloc.reset_peak()

    spec = SolverSpec(max_iter=12, method="Adam", clip_gradients=1.0)
    solve(Solver(spec), net, reporter=Probe())
    tracemalloc.stop()
    net.close()
    rises = [peak - before for (before, _), (_, peak) in pairwise(peaks[2:])]
    assert max(rises) < 64 * 1024
