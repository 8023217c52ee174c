"""Copies of shipped nets are as the nets are, and run where they lie."""

from __future__ import annotations

import tomllib

import pytest
from support.shipped_nets import NETS, ROOT

from graphnet.errors import UnknownNameError
from graphnet.net.spec import read_net
from graphnet.solver.load_solver import load_solver
from graphnet.starters import shipped
from graphnet.starters.folder import write_new


@pytest.mark.parametrize("name", NETS)
def test_a_copy_is_the_net(name, tmp_path):
    """The layers and the recipe are the same, what they read and write lies in the folder."""
    files, order = shipped.copy_of(name, "my net")
    write_new(tmp_path / "my net", files)
    assert order[-1] == "net.yaml"
    net = read_net(tmp_path / "my net" / "net.yaml")
    assert net.name == "my net"
    assert net.solver == tmp_path / "my net" / "solver.yaml"
    assert [n.spec for n in net.nodes] == [
        n.spec for n in read_net(ROOT / "nets" / f"{name}.yaml").nodes
    ]
    solver, theirs = load_solver(net.solver).spec, load_solver(ROOT / f"solvers/{name}.yaml").spec
    own = {"exp_dir": None, "load_from": None}
    assert solver.model_copy(update=own) == theirs.model_copy(update=own)
    assert solver.exp_dir == str(tmp_path / "my net" / "run")
    assert not [file for file, text in files.items() if "../" in text]


def test_a_net_brings_those_it_starts_from(tmp_path):
    """Each stage finds the run of the one before it."""
    files, order = shipped.copy_of("denoising-autoencoder", "mine")
    write_new(tmp_path, files)
    solvers = [load_solver(read_net(tmp_path / net).solver).spec for net in order]
    assert len(order) == 4
    assert [s.load_from for s in solvers] == [None, *(s.exp_dir for s in solvers[:-1])]


def test_a_script_that_goes_with_a_net_is_copied():
    """It reads the copy, and says so."""
    files, _ = shipped.copy_of("char-rnn", "mine")
    script = files["char_rnn_sample.py"]
    assert 'with_name("net.yaml")' in script
    assert "nets/" not in script
    assert "char-rnn.yaml" not in script


def test_a_net_that_is_not_there():
    """The one that is meant is named."""
    with pytest.raises(
        UnknownNameError, match=r"there is no net 'mnits'.*\n  did you mean 'mnist'"
    ):
        shipped.copy_of("mnits", "x")
    with pytest.raises(UnknownNameError, match="expected one of: backprop-2-3-2, char-rnn"):
        shipped.copy_of("zzz", "x")


def test_the_wheel_has_them_where_they_are_looked_for(tmp_path, monkeypatch):
    """pyproject.toml puts both folders into the package, and there they come first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    places = {name: f"graphnet/starters/{name}" for name in ("nets", "solvers")}
    assert wheel["force-include"] == places
    assert shipped.shipped_file("nets", "mnist.yaml") == ROOT / "nets" / "mnist.yaml"
    assert not (ROOT / "graphnet" / "starters" / "nets").exists()
    (tmp_path / "nets").mkdir()
    monkeypatch.setattr(shipped, "_HERE", tmp_path)
    assert shipped.shipped_file("nets", "mnist.yaml") == tmp_path / "nets" / "mnist.yaml"
