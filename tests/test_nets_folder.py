"""Every shipped net compiles, trains a few steps, keeps its gradients and its bits."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest

import graphnet as gn
from graphnet.backend import open_backend
from graphnet.data.named_sets import SETS
from graphnet.net.compiled import compile_net
from graphnet.net.load import load_net
from graphnet.net.sources import resolve_data
from graphnet.net.spec import NetSpec, read_net
from graphnet.solver.reporter import SilentReporter

ROOT = Path(__file__).parent.parent
NETS = sorted(path.stem for path in (ROOT / "nets").glob("*.yaml"))
SOLVERS = sorted(path.stem for path in (ROOT / "solvers").glob("*.yaml"))


@pytest.fixture(scope="module", autouse=True)
def _made_up_data(tmp_path_factory):
    """A data folder with synthetic rows of each set that is read and has no fall-back."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for net in NETS:
        for node in read_net(ROOT / "nets" / f"{net}.yaml").data_nodes():
            source = str(getattr(node.spec, "source", ""))
            name, _, split = source.removeprefix("dataset:").partition("/")
            if name not in SETS or SETS[name].embedded or node.spec.otherwise:
                continue
            shapes = SETS[name].shapes
            (folder / name).mkdir(exist_ok=True)
            with h5py.File(folder / name / f"{split}.h5", "w") as file:
                for key, shape in shapes.items():
                    most = 256 if shape else 10
                    file[key] = rng.integers(0, most, (32, *shape), dtype=np.uint8)
            if SETS[name].has_mean:
                with h5py.File(folder / name / "mean.h5", "w") as file:
                    file["mean"] = np.full(shapes["data"], 127.5, np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHNET_DATA", str(folder))
        yield


def shrunk(name: str) -> NetSpec:
    """A shipped net on the data there is, in batches small enough for a test."""
    spec = resolve_data(read_net(ROOT / "nets" / f"{name}.yaml")).spec
    nodes = []
    for node in spec.nodes:
        size = getattr(node.spec, "batch_size", None)
        update: dict[str, object] = {"batch_size": min(size, 8)} if size else {}
        if hasattr(node.spec, "batch_sizes"):
            update = {"batch_sizes": (8,) * len(node.tops)}
        nodes.append(type(node).of(node.spec.model_copy(update=update), node.position))
    return spec.with_nodes(nodes)


def solver_of(name: str, **changes: object) -> gn.Solver:
    """The net's solver, without files and breaks."""
    spec = gn.load_solver(ROOT / "solvers" / f"{name}.yaml").spec
    plain = {"exp_dir": "", "coffee_breaks": (), "max_epoch": None, "load_from": None, **changes}
    return gn.Solver(spec.model_copy(update=plain))


def test_every_net_names_its_solver_and_every_solver_has_a_net():
    """The two folders go together."""
    named = {read_net(ROOT / "nets" / f"{n}.yaml").solver for n in NETS}
    assert {path.stem for path in named if path} == set(SOLVERS)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("phase", ["train", "test"])
def test_it_compiles(name, phase, tmp_path, monkeypatch):
    """Both phases compile as they are declared, with no data at hand."""
    spec = read_net(ROOT / "nets" / f"{name}.yaml")
    if phase == "test" and not spec.has_phase("test"):
        pytest.skip("the net has no test phase")
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path))
    compiled = compile_net(spec, phase, open_backend("numpy"), np.dtype("f4"), "needed")
    assert compiled.plan.n_bytes > 0


@pytest.mark.parametrize("name", NETS)
def test_it_trains_the_same_bits_for_any_number_of_threads(name):
    """Three updates on small batches: finite, and identical for one, two and four threads."""
    params = []
    for threads in (1, 2, 4):
        net = load_net(shrunk(name), keep="needed", threads=threads)
        gn.solve(solver_of(name, max_iter=3), net, reporter=SilentReporter())
        params.append(net.store.data.copy())
        net.close()
    assert np.isfinite(params[0]).all()
    for other in params[1:]:
        np.testing.assert_array_equal(params[0], other)


@pytest.mark.parametrize("name", NETS)
def test_sharing_memory_by_lifetime_changes_no_bit(name):
    """The plan for training gives the same params as memory for every blob."""
    params = []
    for keep in ("all", "needed"):
        net = load_net(shrunk(name), keep=keep)
        gn.solve(solver_of(name, max_iter=3), net, reporter=SilentReporter())
        params.append(net.store.data.copy())
        net.close()
    np.testing.assert_array_equal(*params)


@pytest.mark.parametrize("name", NETS)
def test_its_gradients_agree_with_difference_quotients(name):
    """The check a user can run on a net of their own."""
    net = load_net(shrunk(name))
    report = gn.check_gradients(net, max_elements=6)
    net.close()
    assert report.ok, str(report)


@pytest.mark.parametrize("batch", [64, 512])
def test_a_training_step_allocates_no_arrays(batch):
    """After the first steps the traced peak rises less than 64 KiB, whatever the batch."""
    spec = resolve_data(read_net(ROOT / "nets" / "mnist.yaml")).spec
    nodes = [
        type(n).of(n.spec.model_copy(update={"batch_size": batch}), n.position)
        if n.name == "train-data"
        else n
        for n in spec.nodes
    ]
    net = load_net(spec.with_nodes(nodes), keep="needed")
    risen = []

    class Trace(gn.CoffeeBreak):
        def enjoy(self, net, state, lounge):
            if state.iter > 8:  # the reading thread makes its buffers with its first batches
                risen.append(tracemalloc.get_traced_memory()[1] - self.before)
            tracemalloc.reset_peak()
            self.before = tracemalloc.get_traced_memory()[0]

    solver = solver_of("mnist", max_iter=13)
    solver.add_coffee_break(Trace(), every_n_iter=1)
    tracemalloc.start()
    try:
        gn.solve(solver, net, reporter=SilentReporter())
    finally:
        tracemalloc.stop()
        net.close()
    assert len(risen) == 5
    assert max(risen) < 64 * 1024, risen
