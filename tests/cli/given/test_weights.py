"""What ``--weights`` takes: graphnet's own files, and those of other formats as they are."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.cli.given.trained import open_trained
from graphnet.cli.given.weights import read_given
from graphnet.net.load_net import load_net


@pytest.fixture
def trained(run):
    """The net of the folder, trained, and its weights in other formats."""
    assert run("solve net.yaml --quiet").code == 0
    for name in ("safetensors", "npz", "mocha"):
        assert run(f"export {name} net.yaml --weights run -o m.{name}").code == 0


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("name", ["safetensors", "npz"])
def test_commands_take_them_directly(run, folder, name):
    """With the same results, and no more words than for a run."""
    own, other = (run(f"test net.yaml --weights {w} --json") for w in ("run", f"m.{name}"))
    assert (other.code, other.err, other.out) == (0, "", own.out)
    np.save("x.npy", np.ones((3, 3), np.float32))
    for weights, to in (("run", "a.npy"), (f"m.{name}", "b.npy")):
        command = f"predict net.yaml --weights {weights} --input x.npy --output {to}"
        assert run(command).code == 0
    assert np.array_equal(np.load(folder / "a.npy"), np.load(folder / "b.npy"))


@pytest.mark.usefixtures("trained")
def test_what_has_no_names_is_said(run):
    """Order and shape have decided: where that can be seen."""
    with np.load("m.npz") as file:
        np.savez("n.npz", *file.values())
    found = run("test net.yaml --weights n.npz")
    assert found.code == 0
    assert "n.npz: fills params by order and shape" in found.err
    assert "graphnet import npz NET --weights n.npz --print-map" in found.err


@pytest.mark.usefixtures("trained")
def test_what_is_imported_first(run):
    """HDF5 may be anything's."""
    found = run("test net.yaml --weights m.mocha")
    assert found.code == 1
    assert "graphnet import mocha NET --weights m.mocha -o DIR" in found.err


@pytest.mark.usefixtures("trained")
def test_gaps(run):
    """Nothing is filled in part."""
    np.savez("n.npz", a=np.ones((3, 4)))
    found = run("test net.yaml --weights n.npz")
    assert found.code == 1
    assert found.err.startswith("n.npz: fills 0 of the 2 params of net 'small'")


@pytest.mark.usefixtures("trained")
def test_contents(folder):
    """The data of a run are known, those of a file of weights are not."""
    net_file = folder / "net.yaml"
    assert open_trained(net_file, folder / "run", [], user_code=True).recorded_data
    assert not open_trained(net_file, folder / "m.npz", [], user_code=True).recorded_data
    other = read_given(folder / "m.npz")
    assert (other.format, other.contents) == ("npz", None)
    net = load_net(folder / "net.yaml", "test")
    other.fill(net)
    with np.load("m.npz") as file:
        assert np.array_equal(net.params["ip1"]["weight"].data, file["ip1.weight"])
