"""Tests of ``graphnet draw``."""

from pathlib import Path

import numpy as np
import pytest
from support.onnx_files import needs_onnx
from support.onnx_models import model_of

from graphnet.cli import main

NET = """
name: small
layers:
  - {name: data, type: MemoryData, tops: [data, label], batch_size: 2,
     shapes: {data: [6], label: []}}
  - {name: ip, type: InnerProduct, bottoms: [data], tops: [ip], output_dim: 3}
  - {name: loss, type: SoftmaxLoss, bottoms: [ip, label]}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET)


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("x.svg", b"<svg xmlns"),
        ("x.png", b"\x89PNG\r\n"),
        ("x.html", b"<!doctype html>"),
        ("x.mmd", b"flowchart TD"),
        ("x.dot", b'digraph "small"'),
    ],
)
def test_every_kind_of_file(name, begins, capsys):
    """The suffix says which."""
    assert main(["draw", "net.yaml", "-o", name]) == 0
    assert Path(name).read_bytes().startswith(begins)
    assert capsys.readouterr().out == f"3 layers drawn: {name}\n"


def test_the_default_is_an_svg_of_the_nets_name(capsys):
    """In the working directory."""
    assert main(["draw", "net.yaml"]) == 0
    assert 'data-name="ip"' in Path("small.svg").read_text()
    assert "small.svg" in capsys.readouterr().out


def test_nobody_elses_file_is_replaced_unasked(capsys):
    """Without a name of the user's, only a drawing is drawn again."""
    assert main(["draw", "net.yaml"]) == 0
    assert main(["draw", "net.yaml"]) == 0
    Path("small.svg").write_text("mine")
    assert main(["draw", "net.yaml"]) == 1
    assert Path("small.svg").read_text() == "mine"
    said = "small.svg: there already, and no drawing of a net\n  name another: -o FILE\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("by", ["macs", "bytes"])
def test_heat(by):
    """The layer that has most is the hottest."""
    assert main(["draw", "net.yaml", "--by", by, "-o", "x.svg"]) == 0
    assert "heat7" in Path("x.svg").read_text().partition("</style>")[2]


def test_heat_by_time():
    """Is measured, and told in milliseconds."""
    net = NET.replace("MemoryData", "HDF5Data").replace(
        "shapes: {data: [6], label: []}", "source: dataset:iris/train"
    )
    Path("net.yaml").write_text(net)
    assert main(["draw", "net.yaml", "--by", "time", "--phase", "train", "-o", "x.svg"]) == 0
    assert " ms · " in Path("x.svg").read_text()


def test_set():
    """Draws the net that a run with it would train."""
    arguments = ["draw", "net.yaml", "--set", "layers.ip.output_dim=7", "-o", "x.mmd"]
    assert main(arguments) == 0
    assert "output_dim 7" in Path("x.mmd").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["-o", "x.jpg"],
            (
                "x.jpg: the name ends in '.jpg', which says no kind of picture\n"
                "  expected one of: .dot, .html, .mmd, .png, .svg\n"
            ),
        ),
        (["-o", "x"], "x: the name has no suffix, which says no kind of picture\n"),
        (["-o", "x.dot", "--by", "macs"], "--by macs: a .dot file shows no colours of that kind\n"),
        (["-o", "no/x.svg"], "no/x.svg: cannot be written: No such file or directory\n"),
    ],
)
def test_mistakes(arguments, message, capsys):
    """Name the cause and what to do."""
    assert main(["draw", "net.yaml", *arguments]) == 1
    assert capsys.readouterr().err.startswith(message)
    assert [p.name for p in Path().iterdir()] == ["net.yaml"]


def test_the_net_is_not_written_over(capsys):
    """Also under another name."""
    Path("net.svg").hardlink_to("net.yaml")
    assert main(["draw", "net.yaml", "-o", "net.svg"]) == 1
    assert "this is the net, which would be lost" in capsys.readouterr().err
    assert Path("net.yaml").read_text() == NET


PROTOTXT = """name: "lenet"
input: "data" input_shape { dim: 2 dim: 1 dim: 12 dim: 12 }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
        convolution_param { num_output: 4 kernel_size: 5 } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
        pooling_param { kernel_size: 2 stride: 2 } }
"""


@pytest.mark.parametrize("command", ["draw", "check"])
def test_prototxt(command, capsys):
    """Caffe's names, shapes worked out, in-place layers folded; nothing else is written."""
    Path("net.prototxt").write_text(PROTOTXT)
    assert main([command, "net.prototxt"]) == 0
    assert sorted(p.name for p in Path().iterdir()) == (
        ["lenet.svg", "net.prototxt", "net.yaml"] if command == "draw" else
        ["net.prototxt", "net.yaml"]
    )  # fmt: skip
    if command == "draw":
        drawn = Path("lenet.svg").read_text()
        assert "4×8×8" in drawn  # of what a ReLU made that runs behind the pooling
        assert drawn.count('class="layer"') == 3
    else:
        assert "2×4×8×8" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["draw", "check"])
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kernel_size: 5", "kernel: 5", "net.prototxt:4:43: ConvolutionParameter has no field"),
        ("kernel_size: 5", "kernel_size: 50", "net.prototxt:3:1: layer 'conv1' (Convolution): "),
        ("ReLU", "Relu", "net.prototxt:5:"),
    ],
)
def test_mistakes_in_a_prototxt(command, old, new, said, capsys):
    """At its line and column."""
    Path("net.prototxt").write_text(PROTOTXT.replace(old, new))
    assert main([command, "net.prototxt"]) == 1
    assert capsys.readouterr().err.startswith(said)
    assert not Path("lenet.svg").exists()


def test_set_changes_a_translated_net():
    """By the names that the layers have."""
    Path("net.prototxt").write_text(PROTOTXT)
    assert main(["draw", "net.prototxt", "--set", "layers.conv1.n_filter=9", "-o", "x.mmd"]) == 0
    assert "9×8×8" in Path("x.mmd").read_text()


@needs_onnx
def test_onnx():
    """Its nodes by their names."""
    weights = {"w": np.ones((4, 3), np.float32)}
    model = model_of(
        [("MatMul", "x,w2", "a"), ("Relu", "a", "y")], {"x": (2, 3)}, {"w2": weights["w"].T}
    )
    Path("net.onnx").write_bytes(model.SerializeToString())
    assert main(["draw", "net.onnx", "-o", "x.mmd"]) == 0
    drawn = Path("x.mmd").read_text()
    assert "InnerProduct" in drawn
    assert "ReLU" in drawn
