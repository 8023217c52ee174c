"""Repetitions, included files and words: what they are written out to, and what is refused."""

from __future__ import annotations

import re

import pytest
from support.shipped_nets import ROOT

import graphnet as gn
from graphnet.declare.overrides import parse_override
from graphnet.declare.repetition import MOST_LAYERS, MOST_REPETITIONS, expand, overridden
from graphnet.declare.yaml_reader import parse_yaml, plain_document, read_yaml
from graphnet.errors import SpecError
from graphnet.net.spec import read_net

BLOCKS = """\
name: chain
layers:
  - {name: in, type: A, tops: [h0]}
  - repeat: 3
    name: blocks
    layers:
      - {name: "a{i}", bottoms: ["h{i-1}"], tops: ["h{i}"]}
      - name: b{i}
        n: "{i}"
        deep: {list: [{text: "from {i-1} to {i}"}]}
  - {name: out, bottoms: ["h{blocks}"], n: "{blocks}"}
"""


def expanded(text):
    return expand(parse_yaml(text, "f.yaml"))


def layers(text):
    return expanded(text).value["layers"]


def refused(text):
    with pytest.raises(SpecError, match=r"^f\.yaml:") as caught:
        expanded(text)
    return str(caught.value)


def block(text, head="repeat: 2, name: b"):
    return "layers: [{%s, layers: [%s]}]" % (head, text)  # noqa: UP031  # braces


def test_a_chain():
    """In place, in order; a word alone keeps its kind, within a text it is written there."""
    found = layers(BLOCKS)
    assert [layer["name"] for layer in found] == ["in", "a1", "b1", "a2", "b2", "a3", "b3", "out"]
    assert [(x["bottoms"], x["tops"]) for x in found[1:7:2]] == [
        (["h0"], ["h1"]),
        (["h1"], ["h2"]),
        (["h2"], ["h3"]),
    ]
    assert found[4] == {"name": "b2", "n": 2, "deep": {"list": [{"text": "from 1 to 2"}]}}
    assert found[7] == {"name": "out", "bottoms": ["h3"], "n": 3}


def test_what_stands_where():
    """Each line of a block is found from every repetition, which is named."""
    document = expanded(BLOCKS)
    at = document.at(("layers", 4, "deep", "list", 0, "text"))
    assert (at.line, at.within) == (10, "repetition 2 of 3 of 'blocks'")
    assert document.key_at(("layers", 6, "n")).line == 9
    assert document.at(("layers", 7)).within == ""
    assert document.at(("name",)).line == 1
    assert [
        [(r.number, r.item) for r in document.repeated.get(("layers", i), ())] for i in (0, 1, 4)
    ] == [[], [(1, (0,))], [(2, (1,))]]


def test_what_has_no_repetition_is_left_alone():
    """The same object, so that no net of before can change."""
    plain = parse_yaml("layers: [{name: 'a{i}', type: A}]", "f.yaml")
    assert expand(plain) is plain
    own = parse_yaml("layers: [{name: a, type: own.Tiles, repeat: 3}]", "f.yaml")
    assert expand(own) is own
    once = expanded(BLOCKS)
    assert expand(once) is once


def test_a_bare_list():
    """A net may be one, and so may its value in Python."""
    value = parse_yaml(BLOCKS, "f.yaml").value["layers"]
    assert expand(plain_document(value)).value == layers(BLOCKS)


def test_one_within_another():
    """With a word of its own; the numbers of both are known inside."""
    inner = "{repeat: 2, name: c, index: j, layers: [{name: 'x{i}{j}', of: '{j-1}'}]}, {n: '{c}'}"
    found = layers(block(inner))
    assert [layer.get("name") for layer in found] == ["x11", "x12", None, "x21", "x22", None]
    assert found[0]["of"] == 0
    assert found[2] == {"n": 2}


def test_anchors_and_merge_keys_are_plain_yaml():
    """They are resolved before; an alias of a block is a block."""
    text = """\
layers:
  - &block {repeat: 2, name: b, layers: [&one {name: "a{i}", type: A}, {<<: *one, name: "c{i}"}]}
  - {<<: *block, name: d, layers: [{name: "d{i}"}]}
"""
    names = [layer["name"] for layer in layers(text)]
    assert names == ["a1", "c1", "a2", "c2", "d1", "d2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (block("{n: '{j}'}"), "repetition 1 of 2 of 'b': the word '{j}' stands for nothing here"),
        (block("{n: '{i-2}'}", "repeat: 2, name: b"), None),
        (block("{n: 1}", "repeat: 2"), "a repetition has no name\n  write name: blocks"),
        (block("{n: 1}", "repeat: 2, name: a b"), "has the name the text 'a b'"),
        (block("{n: 1}", "repeat: 0, name: b"), "whole number from 1 to 1,000, found 0"),
        (block("{n: 1}", f"repeat: {MOST_REPETITIONS + 1}, name: b"), "found 1001"),
        (block("{n: 1}", "repeat: yes please, name: b"), "found the text 'yes please'"),
        (block("{n: 1}", "repeat: true, name: b"), "found true"),
        (block("{n: 1}", "repeat: 2.0, name: b"), "found 2.0"),
        (block("{n: 1}", "repeat: 2, name: b, time: 3"), "a repetition has no key 'time'"),
        (block("", "repeat: 2, name: b"), "repetition 'b': expected a list of layers, found"),
        ("layers: [{repeat: 2, name: b}]", "repetition 'b': expected a list of layers"),
        (block("{n: 1}", "repeat: 2, name: i"), "'{i}' stands for something else here already"),
        (block("{n: 1}", "repeat: 2, name: b, index: 3"), "key 'index': expected a word, found 3"),
        (
            block("{repeat: 2, name: c, layers: [{n: 1}]}"),
            "'{i}' stands for the repetition around this one\n  write index: j",
        ),
        ("layers: [{include: a.yaml}]", "a net that is not read from a file has no folder"),
        ("layers: [{include: 3}]", "key 'include': expected a file, found 3"),
        ("layers: [{include: a.yaml, width: 3}]", "an include has no key 'width'"),
        ("layers: [{include: a.yaml, with: 3}]", "expected parameters and values, found 3"),
    ],
)
def test_what_is_refused(text, message):
    """With place and cure; what is no word is left as it is."""
    if message is None:
        assert layers(text)[0]["n"] == "{i-2}"
        return
    said = refused(text)
    assert message in said
    assert said.startswith("f.yaml:1:")


def test_a_mistake_is_told_once():
    """Not again for each repetition, and beside those of other places."""
    said = refused(
        "layers:\n- {repeat: 9, name: b, layers: [{n: '{x}'}]}\n- {repeat: 0, name: c, layers: [1]}"
    )
    assert [line[:12] for line in said.splitlines() if "yaml" in line] == [
        "f.yaml:2:37:",
        "f.yaml:3:12:",
    ]


@pytest.mark.parametrize("levels", [3, 25, 40])
def test_no_bomb(levels):
    """Neither many within many, nor one within another without end, takes long."""
    text = "{n: 1}"
    for level in range(levels):
        text = f"{{repeat: 1000, name: b{level}, index: i{level}, layers: [{text}]}}"
    said = refused(f"layers: [{text}]")
    expected = f"more than {MOST_LAYERS:,} layers" if levels < 20 else "more than 20 repetitions"
    assert expected in said
    assert len(said) < 2000


def test_no_bomb_of_values():
    """Few layers that hold much are counted too."""
    numbers = ", ".join(map(str, range(3000)))
    assert "more than 200,000 values" in refused(
        block(f"{{n: [{numbers}]}}", "repeat: 900, name: b")
    )


def test_a_list_that_holds_itself():
    """As only Python can write it."""
    item = {"repeat": 2, "name": "b", "layers": []}
    item["layers"].append(item)
    with pytest.raises(SpecError, match="stands for"):
        expand(plain_document([item]))


# --- included files ---------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """A folder with a block of two parameters in it."""
    (tmp_path / "block.yaml").write_text(
        "parameters: {from: , width: 8}\n"
        "layers:\n"
        "  - {name: 'ip-{from}', type: InnerProduct, output_dim: '{width}', bottoms: ['{from}'],\n"
        "     tops: ['{from}-out']}\n",
        "utf-8",
    )
    return tmp_path


def net_with(folder, *items):
    """The document of a net in the folder with these items."""
    file = folder / "net.yaml"
    file.write_text("layers:\n" + "".join(f"  - {item}\n" for item in items), "utf-8")
    return read_yaml(file)


def of(folder, *items):
    return expand(net_with(folder, *items)).value["layers"]


def test_a_file_is_written_where_it_is_included(folder):
    """Its words are its parameters alone."""
    found = of(
        folder,
        "{include: block.yaml, with: {from: x}}",
        "{repeat: 2, name: b, layers: [{include: block.yaml, with: {from: 'h{i}', width: 3}}]}",
    )
    assert [(x["name"], x["output_dim"]) for x in found] == [
        ("ip-x", 8),
        ("ip-h1", 3),
        ("ip-h2", 3),
    ]


def test_a_mistake_in_an_included_file(folder):
    """Is reported at its own line, with the line that includes it."""
    net = net_with(folder, "{include: block.yaml, with: {from: x, width: many}}")
    with pytest.raises(SpecError, match="included at") as caught:
        read_net(folder / "net.yaml")
    said = str(caught.value)
    assert said.startswith(f"{folder / 'block.yaml'}:3:")
    assert f"included at {net.file}:2:5: layer 'ip-x' (InnerProduct): key 'output_dim'" in said


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("{include: block.yaml}", "the parameter 'from' is not given\n  write with: {from: …}"),
        ("{include: block.yaml, with: {form: x}}", "the parameter 'from' is not given"),
        ("{include: block.yaml, with: {from: x, widht: 3}}", "has no parameter 'widht'"),
        ("{include: block.yaml, with: {from: [x]}}", "expected a number or a text, found a list"),
        ("{include: blok.yaml}", "there is no file blok.yaml in"),
        ("{include: /etc/passwd}", "/etc/passwd is not in the net's folder"),
        ("{include: ../other.yaml}", "../other.yaml is not in the net's folder"),
        ("{include: .}", "there is no file"),
        ("{include: link.yaml}", "link.yaml is not in the net's folder"),
        ("{include: net.yaml}", "the files include each other: net.yaml → net.yaml"),
        ("{include: round.yaml}", "the files include each other: round.yaml → again.yaml → round"),
        ("{include: solver.yaml}", "an included file has no key 'max_iter'"),
        ("{include: number.yaml}", "an included file is a list of layers"),
        ("{include: odd.yaml}", "the parameter 'a-b' is not one word"),
        ("{include: wrong.yaml}", "key 'parameters': expected names and values, found 3"),
    ],
)
def test_what_is_refused_of_files(folder, item, message):
    """Nothing outside the folder, no circle, no parameter that is not there."""
    (folder.parent / "other.yaml").write_text("- {name: x}", "utf-8")
    (folder / "link.yaml").symlink_to(folder.parent / "other.yaml")
    for name, text in (
        ("round", "- {include: again.yaml}"),
        ("again", "- {include: round.yaml}"),
        ("solver", "max_iter: 3"),
        ("number", "3"),
        ("odd", "{parameters: {a-b: 3}, layers: [{name: x}]}"),
        ("wrong", "{parameters: 3, layers: [{name: x}]}"),
    ):
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    document = net_with(folder, item)
    with pytest.raises(SpecError, match=re.escape(message)):
        expand(document)


def test_a_parameter_that_grows(folder):
    """Files that double a text each are stopped."""
    for i in range(18):
        (folder / f"f{i}.yaml").write_text(
            f"{{parameters: {{a: }}, layers: [{{include: f{i + 1}.yaml,"
            " with: {a: '{a}{a}'}}]}",
            "utf-8",
        )
    with pytest.raises(SpecError, match="characters, 10,000 at most"):
        of(folder, "{include: f0.yaml, with: {a: abcdefghij}}")


def test_the_page_about_it(tmp_path):
    """What docs/repetition.md includes can be included so."""
    page = (ROOT / "docs/repetition.md").read_text("utf-8")
    _, item, part, _, _ = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/stem.yaml").write_text(part, "utf-8")
    data = "- {name: d, type: MemoryData, batch_size: 2, tops: [image]}\n"
    (tmp_path / "net.yaml").write_text(data + item, "utf-8")
    nodes = read_net(tmp_path / "net.yaml").nodes
    assert [(node.name, node.tops) for node in nodes[1:]] == [
        ("h0-conv", ("h0-wide",)),
        ("h0-pool", ("h0",)),
    ]


# --- options ----------------------------------------------------------------------------


def test_overrides_reach_blocks_and_layers(folder):
    """A repetition by its name, every layer by its own."""
    document = net_with(
        folder,
        "{name: h0, type: A}",
        "{repeat: 2, name: blocks, layers: [{name: 'a{i}', n: 1}]}",
        "{include: block.yaml, name: last, with: {from: 'a{blocks}'}}",
    )
    options = (
        "layers.blocks.repeat=3",
        "layers.a2.n=7",
        "layers.h0.n=0",
        "layers.last.with.width=5",
        "layers.blocks.layers.a{i}.m={i-1}",
        "name=other",
    )
    found = overridden(document, map(parse_override, options))
    assert found.value["name"] == "other"
    named = {layer["name"]: layer for layer in found.value["layers"]}
    assert [named[f"a{i}"]["n"] for i in (1, 2, 3)] == [1, 7, 1]
    assert named["h0"]["n"] == 0
    assert named["ip-a3"]["output_dim"] == 5
    assert str(found.at(("layers", 2, "n"))) == "--set layers.a2.n=7"
    assert found.repeated[("layers", 3)][0].number == 3


def test_an_override_of_nothing(folder):
    """Says which layers there are."""
    document = net_with(folder, "{repeat: 2, name: blocks, layers: [{name: 'a{i}', n: 1}]}")
    with pytest.raises(SpecError, match="'layers' has no item 'a3'"):
        overridden(document, [parse_override("layers.a3.n=1")])


def test_a_net_with_repetitions_computes_what_the_long_one_does():
    """And is recorded as that, so that a run needs no other file."""
    head = "{name: d, type: MemoryData, tops: [h0], batch_size: 2, shapes: {h0: [3]}}"
    ip = "type: InnerProduct, output_dim: 3"
    short = f"""\
layers:
  - {head}
  - repeat: 2
    name: blocks
    layers:
      - {{name: "ip{{i}}", {ip}, bottoms: ["h{{i-1}}"], tops: ["h{{i}}"]}}
"""
    long = f"""\
layers:
  - {head}
  - {{name: ip1, {ip}, bottoms: [h0], tops: [h1]}}
  - {{name: ip2, {ip}, bottoms: [h1], tops: [h2]}}
"""
    assert read_net(short).to_yaml() == read_net(long).to_yaml()
    assert [node.name for node in gn.load_net(short).compiled.spec.nodes] == ["d", "ip1", "ip2"]
