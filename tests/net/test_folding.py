"""Which repetitions are folded, and that check and summaries show them so."""

from __future__ import annotations

import graphnet as gn
from graphnet.cli import main
from graphnet.net.folding import foldable
from graphnet.net.spec import read_net

NET = """\
layers:
  - {name: data, type: MemoryData, tops: [h0], batch_size: 2, shapes: {h0: [8]}}
  - repeat: 3
    name: blocks
    layers:
      - {name: "ip{i}", type: InnerProduct, output_dim: 8, neuron: Tanh, bottoms: ["h{i-1}"],
         tops: ["a{i}"]}
      - {name: "add{i}", type: ElementWise, bottoms: ["h{i-1}", "a{i}"], tops: ["h{i}"]}
  - {name: out, type: InnerProduct, output_dim: 2, bottoms: ["h{blocks}"], tops: [out]}
"""


def test_blocks_that_are_alike():
    """The first stands for the others, layer for layer."""
    (found,) = foldable(read_net(NET).nodes, lambda node: type(node.spec))
    assert (found.name, found.count) == ("blocks", 3)
    assert [node.name for node in found.first] == ["ip1", "add1"]
    assert [(a.name, b.name) for a, b in found.others] == [
        *(("ip2", "ip1"), ("add2", "add1")),
        *(("ip3", "ip1"), ("add3", "add1")),
    ]


def test_blocks_that_differ():
    """None is folded if one looks different."""
    assert foldable(read_net(NET).nodes, lambda node: node.name == "ip2") == []


def test_repetitions_within_each_other():
    """The outermost is folded, and its first block holds all of the inner."""
    inner = (
        "{repeat: 2, name: c, index: j, layers: [{name: 's{i}{j}', type: Silence, bottoms: [x]}]}"
    )
    net = read_net(f"layers:\n  - {{repeat: 3, name: b, layers: [{inner}]}}\n")
    (found,) = foldable(net.nodes, type)
    assert [node.name for node in found.first] == ["s11", "s12"]
    assert [b.name for _, b in found.others] == ["s11", "s12"] * 2


def table(capsys, *options):
    """The first cell of each row that check prints, and what it sums up."""
    assert main(["check", "net.yaml", *options]) == 0
    lines = capsys.readouterr().out.partition("\n\n")[0].splitlines()
    return [line.partition("  ")[0] for line in lines[1:]], lines


def test_check_folds(tmp_path, monkeypatch, capsys):
    """One row for the other blocks, with the sums of theirs; --unfold shows each."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(NET, "utf-8")
    names, lines = table(capsys)
    assert names == [
        *("data", "h0.split", "ip1", "ip1.neuron", "add1", "h1.split", "blocks 2 to 3", "out")
    ]
    assert lines[7].split()[-5:] == ["1", "144", "256", "384", "B"]
    names, _ = table(capsys, "--unfold")
    assert [name for name in names if name.startswith("ip")] == [
        *("ip1", "ip1.neuron", "ip2", "ip2.neuron", "ip3", "ip3.neuron")
    ]
    names, _ = table(capsys, "--set", "layers.ip2.neuron=ReLU")
    assert "ip3" in names
    names, _ = table(capsys, "--set", "layers.blocks.repeat=2")
    assert "blocks 2" in names


def test_the_summary_in_python_is_whole():
    """There every layer can be asked for, so every one is shown."""
    assert "\nip3 " in gn.load_net(NET).summary()
