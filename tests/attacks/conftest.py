"""What the attacks share: a folder with somebody else's small net, and a way to run commands."""

from __future__ import annotations

import shlex
from typing import NamedTuple

import h5py
import numpy as np
import pytest

from graphnet.cli import main

NET = """\
name: small
solver: solver.yaml
layers:
  - {name: data, type: HDF5Data, source: train.h5, batch_size: 4}
  - {name: ip, type: InnerProduct, output_dim: 3, bottoms: [data], tops: [ip]}
  - {name: loss, type: SoftmaxLoss, bottoms: [ip, label]}
"""
SOLVER = """\
max_iter: 4
lr_policy: {type: Fixed, base_lr: 0.1}
exp_dir: run
coffee_breaks:
  - {type: TrainingSummary, every_n_iter: 2}
  - {type: Snapshot, every_n_iter: 2}
"""
#: A module that tells that it was imported.
CODE = """\
from pathlib import Path

import graphnet as gn

Path(__file__).with_name("imported").touch()


class Mine(gn.CoffeeBreak):
    def enjoy(self, net, state, lounge):
        pass
"""


class Result(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def text(self):
        """All it printed."""
        return self.out + self.err


@pytest.fixture
def theirs(tmp_path, monkeypatch):
    """A folder that came from somebody else, in a working directory with a secret."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "net.yaml").write_text(NET)
    (folder / "solver.yaml").write_text(SOLVER)
    with h5py.File(folder / "train.h5", "w") as file:
        file["data"] = np.linspace(0, 1, 32, dtype="f4").reshape(8, 4)
        file["label"] = (np.arange(8) % 3).astype("f4")
    (tmp_path / "secret.txt").write_text("the-password\nmore\n")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def run(capsys):
    """Run a command, and give what it did; it must report what is wrong, not fall over it."""

    def runs(command):
        capsys.readouterr()
        code = main(shlex.split(command))
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Result(code, out, err)

    return runs
