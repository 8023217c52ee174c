"""``graphnet export onnx`` and ``import onnx``: the tables, the files, what is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from support.onnx_files import needs_onnx, needs_runtime

NET = """name: n
layers:
  - {name: in, type: Input, batch_size: 2, shapes: {x: [3], label: []}, tops: [x, label]}
  - {name: drop, type: Dropout, bottoms: [x]}
  - {name: ip, type: InnerProduct, output_dim: 2, neuron: Tanh, bottoms: [x], tops: [y]}
  - {name: loss, type: SoftmaxLoss, bottoms: [y, label]}
"""


@pytest.fixture(autouse=True)
def _net(folder):
    """In the working directory."""
    (folder / "n.yaml").write_text(NET)


@needs_onnx
@needs_runtime
def test_table_and_file(run):
    """Layers, inputs, outputs, the comparison, and what is to be said."""
    found = run("export onnx n.yaml -o n.onnx")
    assert (found.code, found.err) == (0, "")
    assert [line.split() for line in found.lines[:6]] == [
        ["layer", "graphnet", "onnx", "params"],
        ["in", "Input", "input"],
        ["drop", "Dropout", "Dropout"],
        ["ip", "InnerProduct", "Gemm", "2×3,", "2"],
        ["ip.neuron", "Tanh", "Tanh"],
        ["loss", "Softmax", "Softmax"],
    ]
    assert "takes        x" in found.lines
    assert "gives        prob" in found.lines
    assert "onnxruntime  largest difference " in found.out
    assert "! no weights were given: params are as their initializers make them" in found.lines
    assert Path("n.onnx").is_file()
    again = run("export onnx n.yaml -o n.onnx --gives y --force")
    assert "gives        y" in again.lines


@needs_onnx
def test_without_onnxruntime(run, monkeypatch):
    """The file is written, and that nothing was compared is said."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    found = run("export onnx n.yaml -o n.onnx")
    assert found.code == 0
    assert "onnxruntime  not installed, so nothing was compared" in found.lines


def test_without_onnx(run, monkeypatch):
    """The message names the extra."""
    monkeypatch.setitem(sys.modules, "onnx", None)
    found = run("export onnx n.yaml -o n.onnx")
    assert found.code == 1
    assert "[onnx]" in found.err
    assert not Path("n.onnx").exists()


@needs_onnx
def test_what_cannot_be_said(run):
    """With file, line and column."""
    found = run("export onnx n.yaml -o n.onnx --phase train")
    assert found.code == 1
    assert found.err.startswith("n.yaml:4:5: layer 'drop' (Dropout): it acts by chance")


def test_the_name_of_the_file(run):
    """Ends in .onnx."""
    found = run("export onnx n.yaml -o n.pb")
    assert found.code == 1
    assert found.err == ("n.pb: a net of ONNX is a .onnx file\n  give it a name that ends so\n")


@needs_onnx
def test_there_and_back(run):
    """Exported, imported: a table, files that go with the other commands, what it takes."""
    assert run("export onnx n.yaml -o n.onnx").code == 0
    found = run("import onnx n.onnx -o back")
    assert (found.code, found.err) == (0, "")
    assert [line.split() for line in found.lines[:5]] == [
        ["node", "onnx", "graphnet", "filled", "with"],
        ["drop", "Dropout", "Dropout"],
        ["ip", "Gemm", "InnerProduct", "2×3,", "2"],
        ["ip.neuron", "Tanh", "neuron", "of", "ip"],
        ["loss", "Softmax", "Softmax"],
    ]
    assert "takes     x" in found.lines
    assert "gives     prob" in found.lines
    assert run("check back/net.yaml").code == 0
    np.save("x.npy", np.ones((4, 3), np.float32))
    assert (
        run("predict back/net.yaml --weights back/model.h5 --input x.npy --output y.npy").code == 0
    )
    assert np.allclose(np.load("y.npy").sum(1), 1)
    again = run("import onnx n.onnx -o back")
    assert again.code == 1
    assert again.err.startswith("back/net.yaml, back/model.h5: there already\n")
    assert run("import onnx n.onnx -o back --force").code == 0


@needs_onnx
def test_what_is_no_onnx(run):
    """Is said, and no folder is made."""
    found = run("import onnx n.yaml -o back")
    assert found.code == 1
    assert found.err.startswith("n.yaml: is no ONNX file, or a damaged one")
    assert not Path("back").exists()
