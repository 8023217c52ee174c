"""Every shipped net compiles, trains a few steps, keeps its gradients and its bits."""

from __future__ import annotations

import os
import shutil
import tracemalloc

import numpy as np
import pytest
from support.shipped_nets import (
    NETS,
    ROOT,
    SOLVERS,
    shrunk,
    solver_of,
    write_made_up_data,
)

import graphnet as gn
from graphnet.backend import open_backend
from graphnet.cli import main
from graphnet.net.compiled import compile_net
from graphnet.net.load_net import load_net
from graphnet.net.sources import resolve_data
from graphnet.net.spec import read_net
from graphnet.solver.load_solver import load_solver
from graphnet.solver.reporter import SilentReporter


@pytest.fixture(scope="module", autouse=True)
def _made_up_data(tmp_path_factory):
    """A data folder with synthetic rows of each set that is read and has no fall-back."""
    folder = tmp_path_factory.mktemp("data")
    write_made_up_data(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHNET_DATA", str(folder))
        yield


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


#: So many params are enough to look at two numbers of each.
MANY = 40
#: In a net of many ReLUs behind a normalisation a larger step meets the kink of one.
STEPS = {"resnet20-fashion": 1e-7, "mobilenet-fashion": 1e-7, "unet-digits": 1e-6}


@pytest.mark.parametrize("name", NETS)
def test_its_gradients_agree_with_difference_quotients(name):
    """The check a user can run on a net of their own."""
    net = load_net(shrunk(name, 4 if name == "resnet20-fashion" else 8))
    each = 6 if len(list(net.store.items())) < MANY else 2
    report = gn.check_gradients(net, max_elements=each, step=STEPS.get(name, 1e-5))
    net.close()
    assert report.ok, str(report)


@pytest.mark.parametrize(
    ("name", "batch"),
    [
        ("mnist", 64),
        ("mnist", 512),
        ("mnist-dropout", 64),
        ("vae", 64),
        ("char-rnn", 32),
        ("tiny-gpt", 8),
        ("gru-adding", 50),
        ("ctc-digits", 32),
        ("unet-digits", 8),
        ("mixer-mnist", 64),
        ("fashion-cnn", 16),
        ("resnet20-fashion", 16),
        ("mobilenet-fashion", 16),
    ],
)
def test_a_training_step_allocates_no_arrays(name, batch):
    """After the first steps the traced peak rises less than 64 KiB, whatever the batch."""
    spec = resolve_data(read_net(ROOT / "nets" / f"{name}.yaml")).spec
    nodes = []
    for node in spec.nodes:
        update: dict[str, object] = {"batch_size": batch} if node.name == "train-data" else {}
        if hasattr(node.spec, "batch_sizes"):
            update = {"batch_sizes": (batch,) * len(node.tops)}
        nodes.append(type(node).of(node.spec.model_copy(update=update), node.position))
    net = load_net(spec.with_nodes(nodes), keep="needed")
    risen = []

    class Trace(gn.CoffeeBreak):
        def enjoy(self, net, state, lounge):
            if state.iter > 8:  # the reading thread makes its buffers with its first batches
                risen.append(tracemalloc.get_traced_memory()[1] - self.before)
            tracemalloc.reset_peak()
            self.before = tracemalloc.get_traced_memory()[0]

    solver = solver_of(name, max_iter=13)
    solver.add_coffee_break(Trace(), every_n_iter=1)
    tracemalloc.start()
    try:
        gn.solve(solver, net, reporter=SilentReporter())
    finally:
        tracemalloc.stop()
        net.close()
    assert len(risen) == 5
    # on a busy machine the reading thread may still make a buffer now and then, in no step's time
    assert sorted(risen)[2] < 64 * 1024, risen


@pytest.mark.parametrize("place", [".", "nets", "elsewhere"])
def test_the_auto_encoders_chain_works_from_any_folder(tmp_path, monkeypatch, place):
    """Each stage finds the run of the one before it, and all runs lie beside the two folders."""
    for folder in ("nets", "solvers"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / place)
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path / "data"))
    few = ["--set", "max_epoch=", "--set", "max_iter=1", "--set", "coffee_breaks=[]"]
    small = [f"--set=layers.{split}-data.batch_size=4" for split in ("train", "test")]
    stages = [f"denoising-autoencoder{stage}" for stage in ("-1", "-2", "-3", "")]
    for stage in stages:
        net = os.path.relpath(tmp_path / "nets" / f"{stage}.yaml")
        assert main(["solve", net, "--quiet", "--offline", *few, *small]) == 0
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == sorted(stages)
    assert {path.name for path in tmp_path.iterdir()} == {"nets", "solvers", "runs", "elsewhere"}
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_every_run_lies_in_one_folder():
    """Of its solver's name, beside the nets and the solvers."""
    for name in SOLVERS:
        assert load_solver(ROOT / "solvers" / f"{name}.yaml").spec.exp_dir == str(
            ROOT / "runs" / name
        )
