"""Runs on a device, by the CuPy backend on a stand-in for CuPy, are those of the host.

Every method and break; nothing is fetched in a step; and a run goes on exactly.
"""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from support.cuda_shim import COMPILER, NO_COMPILER
from support.layer_device import device_backend
from support.lines import Lines

from graphnet.backend import open_backend
from graphnet.errors import DivergedError, GraphnetWarning, SnapshotError
from graphnet.net.load_net import load_net
from graphnet.solver.methods import METHODS
from graphnet.solver.methods.sgd import SGD
from graphnet.solver.reporter import SilentReporter
from graphnet.solver.solver import Solver, solve
from graphnet.solver.spec import SolverSpec

pytestmark = pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)

N_SAMPLES = 50
NET = [
    {
        "name": "data", "type": "AsyncHDF5Data", "source": "data.h5", "batch_size": 8,
        "shuffle": True, "prefetch": 3, "buffer_bytes": 8000, "tops": ["x", "label"],
        "transformers": {"x": [{"type": "RandomMirror"}]},
    },
    {
        "name": "conv", "type": "Convolution", "n_filter": 4, "kernel": 3, "neuron": "ReLU",
        "filter_cons": {"type": "L2Cons", "threshold": 0.4, "every_n_iter": 2},
        "bottoms": ["x"], "tops": ["conv"],
    },
    {"name": "bn", "type": "BatchNorm", "bottoms": ["conv"], "tops": ["bn"]},
    {
        "name": "ip", "type": "InnerProduct", "output_dim": 16, "weight_regu": {"type": "L1Regu"},
        "bottoms": ["bn"], "tops": ["ip"],
    },
    {"name": "drop", "type": "Dropout", "bottoms": ["ip"]},
    {"name": "out", "type": "InnerProduct", "output_dim": 3, "bottoms": ["ip"], "tops": ["out"]},
    {
        "name": "loss", "type": "SoftmaxLoss", "ignore_label": 9, "weights": [1, 2, 1],
        "bottoms": ["out", "label"],
    },
    {"name": "accuracy", "type": "Accuracy", "ignore_label": 9, "bottoms": ["out", "label"]},
]  # fmt: skip
BREAKS = [
    {"type": "TrainingSummary", "every_n_iter": 4},
    {"type": "ValidationPerformance", "every_n_iter": 4},
    {"type": "DivergenceGuard", "every_n_iter": 4},
    {"type": "DecayOnValidation", "key": "accuracy"},
    {"type": "Plateau", "key": "accuracy", "patience": 1},
    {"type": "EarlyStopping", "key": "accuracy", "patience": 9},
    {"type": "Snapshot", "every_n_iter": 4, "keep_best": "accuracy"},
]


@pytest.fixture(autouse=True)
def _data(tmp_path, monkeypatch):
    """A file in the working directory; a few labels are ignored."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, N_SAMPLES)
    x = rng.standard_normal((N_SAMPLES, 1, 6, 6)) + label[:, None, None, None]
    with h5py.File("data.h5", "w") as file:
        file.create_dataset("x", data=x.astype("float32"), chunks=(5, 1, 6, 6), compression=1)
        file.create_dataset("label", data=np.where(rng.random(N_SAMPLES) < 0.1, 9, label))


def train(backend, n=8, folder=None, breaks=(), reporter=None, layers=NET, **settings):
    """A run; the net's params at its end, on the host."""
    spec = SolverSpec(
        max_iter=n,
        exp_dir=folder,
        lr_policy={"type": "Fixed", "base_lr": 0.01},
        coffee_breaks=breaks,
        **settings,
    )
    opened = device_backend() if backend == "cupy" else open_backend("numpy", 1)
    net = load_net(layers, dtype="float64", backend=opened)
    try:
        solve(Solver(spec), net, reporter=reporter or SilentReporter())
        return net.backend.download(net.store.data)
    finally:
        net.close()


class StepWatch(SilentReporter):
    """Counts what each step fetches, and how often it waits."""

    def __init__(self):
        self.ledger, self.found = device_backend().xp.ledger, []
        gc.collect()  # nets of other runs wait for their copies when they go
        self.ledger.reset()

    def step(self):
        """One update is done, and no break has been taken yet."""
        self.found.append((self.ledger.downloads, self.ledger.syncs))
        self.ledger.reset()


SETTINGS = [
    *({"method": name} for name in METHODS),
    {"method": "SGD", "iter_size": 2},
    {"method": "SGD", "clip_gradients": 0.1},
    {"method": "SGD", "clip_layers": 0.1},
    {"method": "SGD", "swa": {"start": 3}},
    {"method": "SGD", "param_groups": [{"params": "vectors", "decay": 3, "lr": 0.1}]},
    {"method": "Adam", "clip_gradients": 0.1, "iter_size": 3},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: "-".join(map(str, s.values())))
def test_a_run_is_that_of_the_host(settings):
    """Each method, accumulated and clipped gradients: the same params, and nothing is fetched."""
    watch, layers = StepWatch(), NET
    if METHODS[settings["method"]].average:  # which keeps no norm constraint
        layers = [{k: v for k, v in one.items() if not k.endswith("_cons")} for one in NET]
    there = train("cupy", reporter=watch, layers=layers, **settings)
    here = train("numpy", layers=layers, **settings)
    assert watch.found[1:] == [(0, 0)] * 7  # the first follows the breaks of iteration 0
    np.testing.assert_allclose(there, here, rtol=0, atol=1e-8 * np.abs(here).max())


class Peeks(SGD):
    """A method that decides by the gradient."""

    def step(self, xp, rates, w, g, *history):
        """Fetch a number on every update."""
        if float(g[0]) == 0:
            return
        super().step(xp, rates, w, g, *history)


def test_a_hidden_wait_is_found():
    """The count of a step tells of a method that fetches one number."""
    watch = StepWatch()
    train("cupy", n=3, reporter=watch, method=Peeks())
    assert all(downloads > 0 for downloads, _ in watch.found[1:])


def test_breaks_say_what_they_say_on_the_host():
    """Every break: the same lines, statistics and snapshots, except for rounding."""
    lines = {}
    for backend in ("numpy", "cupy"):
        reporter = Lines()
        train(backend, n=12, folder=backend, breaks=BREAKS, reporter=reporter)
        clock = re.compile(r"[\d.]+ s\b|[\d,]+ samples/s")
        lines[backend] = [clock.sub("", line).replace("cupy", "numpy") for line in reporter.lines]
    assert lines["cupy"] == lines["numpy"]
    there, here = (Path(b, "statistics.jsonl").read_text().splitlines() for b in ("cupy", "numpy"))
    assert len(there) == len(here) > 4
    for a, b in zip(there, here, strict=True):
        assert rounded(a) == rounded(b)
    with (
        h5py.File("cupy/snapshots/snapshot-000012.h5") as one,
        h5py.File("numpy/snapshots/snapshot-000012.h5") as other,
    ):
        names: list[str] = []
        other.visit(names.append)
        arrays = [n for n in names if isinstance(other[n], h5py.Dataset) and other[n].dtype == "f8"]
        assert len(arrays) > 10
        for name in arrays:
            np.testing.assert_allclose(one[name], other[name], rtol=1e-6, atol=1e-8, err_msg=name)


def rounded(line):
    """A line of statistics with its numbers cut to what both backends agree on."""
    return {k: round(v, 6) if isinstance(v, float) else v for k, v in json.loads(line).items()}


def test_half_and_half_is_whole():
    """A run on the device goes on exactly: each byte of the last snapshot and the statistics."""
    train("cupy", 16, "run", BREAKS)
    shutil.move("run", "whole")
    train("cupy", 8, "run", BREAKS)
    train("cupy", 16, "run", BREAKS)
    for name in ("snapshots/snapshot-000016.h5", "statistics.jsonl"):
        assert Path("run", name).read_bytes() == Path("whole", name).read_bytes()


@pytest.mark.parametrize("backends", [("numpy", "cupy"), ("cupy", "numpy")])
def test_from_one_backend_to_the_other(backends):
    """A run stays where it is, to the bit; its params can go on as another run anywhere."""
    first, second = backends
    kept = train(first, 4, "run")
    with pytest.raises(SnapshotError, match=f"backend: {first} there, {second} here"):
        train(second, 8, "run")
    started = train(second, 0, "other", load_from="run")
    np.testing.assert_array_equal(started, kept)
    whole, parts = train(first, 4, "a", load_from="run"), train(second, 4, "b", load_from="run")
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-8 * np.abs(whole).max())


def test_divergence_is_noticed():
    """Params that are not finite stop the run, and the layer is named."""
    spec = {"lr_policy": {"type": "Fixed", "base_lr": 1e200}}
    layers = [layer for layer in NET if layer["type"] not in ("BatchNorm", "Dropout")]
    layers[2] = layers[2] | {"bottoms": ["conv"]}
    solver = Solver(SolverSpec(max_iter=20, coffee_breaks=[BREAKS[2]], **spec))
    net = load_net(layers, backend=device_backend())
    with pytest.raises(DivergedError, match=r"at iteration \d+ (a param|the loss)"):
        solve(solver, net, reporter=SilentReporter())
    net.close()


def test_data_and_output_layers():
    """What they read and write is the same: in memory, from files, and in prediction."""
    layers = [
        {"name": "file", "type": "HDF5Data", "source": "data.h5", "batch_size": 4, "tops": ["x"]},
        {
            "name": "fixed",
            "type": "MemoryData",
            "batch_size": 4,
            "shapes": {"z": [2]},
            "tops": ["z"],
        },
        {
            "name": "noise",
            "type": "RandomNormal",
            "batch_sizes": [4],
            "shape": [3],
            "tops": ["n"],
        },
        {"name": "ip", "type": "InnerProduct", "output_dim": 3, "bottoms": ["x"], "tops": ["ip"]},
        {"name": "sum", "type": "ElementWise", "bottoms": ["ip", "n"], "tops": ["sum"]},
        {"name": "quiet", "type": "Silence", "bottoms": ["z"]},
        {"name": "kept", "type": "MemoryOutput", "bottoms": ["sum", "z"]},
        {"name": "written", "type": "HDF5Output", "filename": "out.h5", "bottoms": ["sum"]},
    ]
    found = []
    for backend in ("numpy", device_backend()):
        inputs = {"z": np.arange(12.0).reshape(6, 2)}
        with pytest.warns(GraphnetWarning, match="out of step after the first epoch"):
            net = load_net(layers, inputs=inputs, dtype="float64", backend=backend)
        for _ in range(3):
            net.forward()
        kept = next(layer for layer in net.layers if layer.name == "kept")
        made = [np.concatenate(of) for of in kept.outputs]
        made.append(net.predict({"x": np.ones((5, 1, 6, 6)), "n": np.ones((5, 3))})["sum"])
        net.close()
        with h5py.File("out.h5") as file:
            made.append(file["sum"][...])
        Path("out.h5").unlink()
        found.append(made)
    for here, there in zip(*found, strict=True):
        assert here.size
        np.testing.assert_allclose(there, here, rtol=1e-12, atol=1e-12)
