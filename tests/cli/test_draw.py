"""Tests of ``graphnet draw``."""

from pathlib import Path

import pytest

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
    assert "this is the net's YAML, which would be lost" in capsys.readouterr().err
    assert Path("net.yaml").read_text() == NET
