"""Trained nets as the command line names them; test_only_its_own_files.py has what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

import graphnet as gn
from graphnet.cli.given.trained import open_trained, refuse_to_lose


def test_a_run_or_a_net_with_weights(run):
    """The params are those of --weights, if both have some."""
    assert run("solve net.yaml --quiet").code == 0
    newest = Path("run/snapshots/snapshot-000006.h5")
    of_run = open_trained(Path("run"), None, [], user_code=True)
    assert of_run.file == newest
    first = Path("run/snapshots/snapshot-000003.h5")
    assert open_trained(Path("run"), first, [], user_code=True).file == first
    of_net = open_trained(Path("net.yaml"), Path("run"), [], user_code=True)
    assert of_net.file == newest
    assert [n.name for n in of_net.spec.nodes] == [n.name for n in of_run.spec.nodes]
    with pytest.raises(gn.SpecError, match=r"net.yaml: a net's YAML file holds no params"):
        open_trained(Path("net.yaml"), None, [], user_code=True)
    with pytest.raises(gn.SpecError, match="lies in the directory of the run run"):
        refuse_to_lose(Path("run/new.csv"), {}, Path("run"), of_run, None)
    refuse_to_lose(Path("new.csv"), {}, Path("run"), of_run, None)
