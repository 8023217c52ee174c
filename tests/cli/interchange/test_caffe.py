"""``graphnet import caffe``: the table, the files, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support import caffe_files as made

from graphnet.solver.record.snapshot_file import read

NET = """name: "n"
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: [2, 3] } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y"
  inner_product_param { num_output: 2 } }
"""


def write_files():
    """A net and a model in the working directory."""
    Path("n.prototxt").write_text(NET)
    blobs = [made.blob(np.ones((2, 3))), made.blob(np.ones(2))]
    extra = made.layer("old", "X", blobs=[made.blob(np.ones(1))])
    Path("m.caffemodel").write_bytes(made.model(made.layer("ip", "X", blobs=blobs), extra))


def test_table_and_files(run):
    """What was done; the files work with the other commands."""
    write_files()
    found = run("import caffe n.prototxt --weights m.caffemodel -o out")
    assert (found.code, found.err) == (0, "")
    assert found.lines[2].split() == ["ip", "InnerProduct", "InnerProduct", "2×3,", "2"]
    assert "in the model, not in the net: old" in found.out
    shown = json.loads(run("check out/net.yaml --json").out)
    assert shown["name"] == "n"
    np.save("x.npy", np.ones((4, 3), np.float32))
    assert run("predict out/net.yaml --weights out/model.h5 --input x.npy --output y.npy").code == 0
    assert np.array_equal(np.load("y.npy"), np.full((4, 2), 4))


def test_there_and_back(run):
    """Exported with its weights, and imported from the model alone."""
    write_files()
    assert run("import caffe n.prototxt --weights m.caffemodel -o out").code == 0
    found = run("export caffe out/net.yaml --weights out/model.h5 -o back.prototxt")
    assert (found.code, found.err) == (0, "")
    assert found.lines[2].split() == ["ip", "InnerProduct", "InnerProduct", "2×3,", "2"]
    assert run("import caffe back.caffemodel -o again").code == 0
    assert read(Path("again/model.h5")).params.keys() == read(Path("out/model.h5")).params.keys()


def test_what_is_unsupported(run):
    """Each line begins with file, line and column; nothing is written."""
    write_files()
    Path("n.prototxt").write_text(NET.replace("InnerProduct", "Python", 1))
    found = run("import caffe n.prototxt -o out")
    assert found.code == 1
    assert found.err.startswith("n.prototxt:3:20: layer 'ip' (Python): is a class")
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("net.yaml", "net.yaml: a net of Caffe is a .prototxt\n"),
        ("w.prototxt", "w.caffemodel: this is the weights, which would be lost\n"),
        (
            "there.prototxt",
            "there.prototxt: there already\n  choose another place; to replace ",
        ),
        ("beside.prototxt", "beside.caffemodel: there already\n"),
    ],
)
def test_an_export_loses_nothing(run, to, message):
    """Neither what it reads nor what lies there; ``--force`` replaces the latter."""
    write_files()
    assert run("import caffe n.prototxt --weights m.caffemodel -o out").code == 0
    Path("out/net.yaml").rename("net.yaml")
    Path("out/model.h5").rename("w.caffemodel")
    for name in ("there.prototxt", "beside.caffemodel"):
        Path(name).write_text("mine")
    before = {p: p.read_bytes() for p in Path().iterdir() if p.is_file()}
    found = run(f"export caffe net.yaml --weights w.caffemodel -o {to}")
    assert found.code == 1
    assert found.err.startswith(message)
    assert {p: p.read_bytes() for p in Path().iterdir() if p.is_file()} == before
    again = run(f"export caffe net.yaml --weights w.caffemodel -o {to} --force")
    assert again.code == (0 if to[0] in "tb" else 1)


def test_an_import_loses_nothing(run):
    """What lies in its folder stays, and is not said to be written."""
    write_files()
    Path("out").mkdir()
    for name in ("solver.yaml", "model.h5"):
        Path("out", name).write_text("mine")
    found = run("import caffe n.prototxt -o out")
    assert found.code == 0
    assert "solver.yaml" not in found.out
    assert "model.h5" not in found.out
    found = run("import caffe n.prototxt --weights m.caffemodel -o out")
    assert found.code == 1
    assert found.err == (
        "out/net.yaml, out/model.h5: there already\n"
        "  choose another place; to replace them: --force, or force=True in Python\n"
    )
    assert Path("out/model.h5").read_text() == "mine"
    assert run("import caffe n.prototxt --weights m.caffemodel -o out --force").code == 0
