"""A repeated block is drawn once, in every kind of picture."""

import numpy as np
import pytest
from net.test_folding import NET

from graphnet.backend import open_backend
from graphnet.cli import main
from graphnet.draw.diagram import diagram
from graphnet.draw.dot import dot
from graphnet.draw.folding import folded
from graphnet.draw.mermaid import mermaid
from graphnet.draw.picture import picture
from graphnet.draw.shapes import Rect
from graphnet.net.compiled import compile_net
from graphnet.net.spec import read_net


def whole(text):
    """The net, and its diagram unfolded."""
    spec = read_net(text)
    net = compile_net(spec, "train", open_backend("numpy"), np.dtype("float32"), "needed")
    return spec, diagram([net])


def wires(found):
    """What leads where, by names."""
    return [
        (key.name, key.producer.name, [reader.name for reader in blob.readers])
        for key, blob in found.blobs.items()
    ]


def test_a_block_is_drawn_once():
    """What goes into it and what comes out of the last; costs are added up."""
    spec, every = whole(NET)
    found = folded(every, spec)
    assert [key.name for key in found.boxes] == ["data", "ip1", "add1", "out"]
    assert wires(found) == [
        ("h0", "data", ["ip1", "add1"]),
        ("a1", "ip1", ["add1"]),
        ("h3", "add1", ["out"]),
        ("out", "out", []),
    ]
    ip1 = next(box for box in found.boxes.values() if box.key.name == "ip1")
    assert (ip1.times, ip1.n_params, ip1.macs) == (3, 3 * 72, 3 * 64)
    assert [(b.text, [key.name for key in b.boxes]) for b in found.blocks] == [
        ("3 × blocks", ["ip1", "add1"])
    ]


TWO = """\
layers:
  - {name: data, type: MemoryData, tops: [h0], batch_size: 2, shapes: {h0: [8]}}
  - repeat: 3
    name: first
    layers:
      - {name: "a{i}", type: InnerProduct, output_dim: 8, bottoms: ["h{i-1}"], tops: ["h{i}"]}
  - {name: between, type: InnerProduct, output_dim: 4, bottoms: ["h{first}"], tops: [g0]}
  - repeat: 2
    name: second
    layers:
      - {name: "b{i}", type: InnerProduct, output_dim: 4, bottoms: ["g{i-1}"], tops: ["g{i}"]}
"""


def test_two_repetitions_in_one_net():
    """Each box says how often its own block is repeated, and what that costs."""
    spec, every = whole(TWO)
    found = folded(every, spec).boxes.values()
    assert [(box.key.name, box.times, box.n_params) for box in found] == [
        ("data", 1, 0),
        ("a1", 3, 3 * 72),
        ("between", 1, 36),
        ("b1", 2, 2 * 20),
    ]


def test_what_all_blocks_read_and_what_nobody_reads():
    """A blob from before leads to the first alone; an end of the first is kept."""
    text = NET.replace(
        '      - {name: "add{i}"',
        '      - {name: "x{i}", type: ElementWise, bottoms: [h0, "a{i}"], tops: ["x{i}"]}\n'
        '      - {name: "add{i}"',
    )
    spec, every = whole(text)
    found = wires(folded(every, spec))
    assert ("h0", "data", ["ip1", "x1", "add1"]) in found
    assert ("x1", "x1", []) in found
    assert not [name for name, _, _ in found if name in ("x2", "x3", "h1", "h2")]


def test_blocks_that_differ_are_drawn_all():
    """Here each has a size of its own."""
    text = NET.replace("output_dim: 8", 'output_dim: "{i}"').replace(
        '["h{i-1}", "a{i}"]', '["a{i}", "a{i}"]'
    )
    spec, every = whole(text)
    assert folded(every, spec) == every
    assert len(every.boxes) == 8


def test_the_frame():
    """Around the boxes of the block, where no other box is."""
    spec, every = whole(NET)
    groups = {(g.kind, g.name): g for g in picture(folded(every, spec)).groups}
    frame = groups["block", "blocks"].shapes[0]
    inside = [groups["layer", name].shapes[0] for name in ("ip1", "add1")]
    outside = [groups["layer", name].shapes[0] for name in ("data", "out")]
    assert isinstance(frame, Rect)

    def meets(box):
        return frame.y < box.y + box.height and box.y < frame.y + frame.height

    assert all(meets(box) for box in inside)
    assert not any(meets(box) for box in outside)
    assert ("block", "blocks") not in {(g.kind, g.name) for g in picture(every).groups}


def test_text_kinds():
    """Mermaid and Graphviz have a group of their own for it."""
    spec, every = whole(NET)
    found = folded(every, spec)
    assert "  subgraph cluster0 {" in dot(found)
    assert '  subgraph b0 ["3 × blocks"]; n1; n2; end' in mermaid(found)


@pytest.mark.parametrize(
    ("options", "said"),
    [([], "4 layers drawn, 4 more as repetitions of these"), (["--unfold"], "8 layers drawn")],
)
def test_the_command(options, said, tmp_path, monkeypatch, capsys):
    """Folded unless asked."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(NET, "utf-8")
    assert main(["draw", "net.yaml", "-o", "net.svg", *options]) == 0
    assert capsys.readouterr().out == f"{said}: net.svg\n"
