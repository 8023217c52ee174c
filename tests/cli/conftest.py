"""What the tests of the commands share: a folder with a small net, and a way to run a command."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest

from graphnet.cli import main

NET = """\
name: small
solver: solver.yaml
layers:
  - name: train-data
    type: HDF5Data
    phase: train
    source: train.h5
    batch_size: 4
    transformers: {data: [{type: Scale, scale: 0.5}]}
  - name: test-data
    type: HDF5Data
    phase: test
    source: test.h5
    batch_size: 4
    transformers: {data: [{type: Scale, scale: 0.5}]}
  - {name: ip1, type: InnerProduct, output_dim: 3, bottoms: [data], tops: [ip1]}
  - {name: loss, type: SoftmaxLoss, bottoms: [ip1, label]}
  - {name: accuracy, type: Accuracy, phase: test, bottoms: [ip1, label]}
  - {name: prob, type: Softmax, phase: test, bottoms: [ip1], tops: [prob]}
"""
SOLVER = """\
max_iter: 6
lr_policy: {type: Fixed, base_lr: 0.1}
exp_dir: run
coffee_breaks:
  - {type: TrainingSummary, every_n_iter: 3}
  - {type: ValidationPerformance, every_n_iter: 6}
  - {type: Snapshot, every_n_iter: 3}
"""


@dataclass(frozen=True)
class Result:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def lines(self):
        """What it printed, by line."""
        return self.out.splitlines()


@pytest.fixture(autouse=True)
def forget_modules():
    """The user's modules of one test are not there in the next."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if "__beside__" in vars(sys.modules[name]):
            del sys.modules[name]


@pytest.fixture
def run(capsys, folder):
    """Run a command in this process, in the folder: ``run("check net.yaml")``."""
    assert Path.cwd() == folder

    def run_command(command):
        capsys.readouterr()
        code = main(shlex.split(command))
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run_command


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working directory: a net, its solver, and data of 3 classes, 10 and 6 samples."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHNET_OFFLINE", "1")
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path / "data"))
    (tmp_path / "net.yaml").write_text(NET, "utf-8")
    (tmp_path / "solver.yaml").write_text(SOLVER, "utf-8")
    rng = np.random.default_rng(0)
    for name, n in (("train", 10), ("test", 6)):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            label = np.arange(n) % 3
            file["label"] = label
            file["data"] = (np.eye(3)[label] * 4 + rng.random((n, 3))).astype("float32")
    return tmp_path


@pytest.fixture
def fallback_folder(folder):
    """The same with a net of a named set that is not here, and its fall-back."""
    text = NET.replace("train.h5", "dataset:mnist/train\n    otherwise: dataset:digits28/train")
    text = text.replace("test.h5", "dataset:mnist/test\n    otherwise: dataset:digits28/test")
    (folder / "net.yaml").write_text(text.replace("output_dim: 3", "output_dim: 10"), "utf-8")
    return folder
