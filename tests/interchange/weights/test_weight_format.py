"""What can be done with a format of weights."""

import re

import numpy as np
import pytest
from support.weight_files import NET, TORCH_FILES

from graphnet.errors import SnapshotError
from graphnet.interchange.weights.formats import NPZ, SAFETENSORS, TORCH
from graphnet.net.load_net import load_net
from graphnet.net.spec import read_net
from graphnet.solver.record.weights import save_model

SPEC = read_net(NET)


def test_all_verbs(tmp_path):
    """From a net to a file, to a net, to a model, to a file."""
    net = load_net(SPEC, "train", seed=5)
    SAFETENSORS.save(net, tmp_path / "a.safetensors")
    loaded = SAFETENSORS.load(SPEC, tmp_path / "a.safetensors", dtype="float64")
    assert loaded.phase == "test"
    assert loaded.params["ip"]["weight"].data.dtype == np.float64
    made = SAFETENSORS.import_(SPEC, tmp_path / "a.safetensors", tmp_path / "out")
    assert len(made.match.fills) == 8
    found = SAFETENSORS.export(tmp_path / "out/net.yaml", tmp_path / "b.safetensors",
                               tmp_path / "out/model.h5")  # fmt: skip
    assert found[0][1] == "conv.filter"
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_files_of_another_format(tmp_path):
    """It is said which one, and the command for it."""
    save_model(load_net(SPEC), tmp_path / "model.h5")
    NPZ.save(load_net(SPEC), tmp_path / "m.npz")
    SAFETENSORS.save(load_net(SPEC), tmp_path / "m.safetensors")
    for kind, file, said in (
        (TORCH, tmp_path / "m.npz", "it is an .npz file: graphnet import npz NET --weights"),
        (NPZ, TORCH_FILES / "plain.pt", "it is PyTorch's: graphnet import torch NET"),
        (NPZ, TORCH_FILES / "legacy.pt", "it is PyTorch's: graphnet import torch NET"),
        (NPZ, tmp_path / "m.safetensors", "graphnet import safetensors NET"),
        (TORCH, tmp_path / "model.h5", "is a model of graphnet's own\n  it needs no import"),
        (TORCH, tmp_path / "nowhere", "there is no such file"),
    ):
        with pytest.raises(SnapshotError, match=re.escape(said)):
            kind.load(SPEC, file)


def test_a_format_that_is_not_written(tmp_path):
    """PyTorch's: there is no verb for it."""
    with pytest.raises(NotImplementedError, match="does not write torch"):
        TORCH.save(load_net(SPEC), tmp_path / "m.pt")
