"""Where the paths of a layer lead."""

from pathlib import Path

import pytest

from graphnet.declare.overrides import override, parse_override
from graphnet.declare.yaml_reader import read_yaml
from graphnet.net.spec import parse_net, read_net

NET = """\
- name: data
  type: HDF5Data
  batch_size: 2
  source: [a.h5, sub/b.h5]
  otherwise: ../c.h5
  transformers: {x: [{type: SubMean, mean_file: m.h5}, {type: SubMean, mean_file: n.h5}]}
  tops: [x, y]
- {name: loss, type: InfogainLoss, H_file: h.h5, bottoms: [x, y]}
- {name: out, type: HDF5Output, filename: out.h5, bottoms: [x]}
"""


def paths(spec):
    """All paths of the net."""
    data, loss, out = (node.spec for node in spec.nodes)
    means = [transformer.mean_file for transformer in data.transformers["x"]]
    return [*data.source, data.otherwise, *means, loss.H_file, out.filename]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """With a net in it; one is elsewhere."""
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "net.yaml").write_text(NET)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def test_paths_in_a_file(folder):
    """From its folder, wherever one is."""
    nets = folder / "nets"
    assert [Path(path).resolve() for path in paths(read_net("../nets/net.yaml"))] == [
        *(nets / name for name in ("a.h5", "sub/b.h5")),
        folder / "c.h5",
        *(nets / name for name in ("m.h5", "n.h5", "h.h5", "out.h5")),
    ]


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("layers.data.source.1=x.h5", 1),
        ("layers.data.otherwise=x.h5", 2),
        ("layers.data.transformers.x.1.mean_file=x.h5", 4),
        ("layers.loss.H_file=x.h5", 5),
        ("layers.out.filename=x.h5", 6),
    ],
)
def test_a_path_on_the_command_line(folder, text, index):
    """From where one is, and that one alone."""
    document = read_yaml("../nets/net.yaml")
    before = paths(parse_net(document, "net"))
    after = paths(parse_net(override(document, [parse_override(text)]), "net"))
    assert after[index] == str(folder / "here" / "x.h5")
    assert after[:index] + after[index + 1 :] == before[:index] + before[index + 1 :]


def test_a_whole_list_on_the_command_line(folder):
    """All that stands there."""
    document = read_yaml("../nets/net.yaml")
    text = "layers.data.source=[x.h5, /y.h5, dataset:iris/train]"
    spec = parse_net(override(document, [parse_override(text)]), "net")
    assert spec.nodes[0].spec.source == (str(folder / "here/x.h5"), "/y.h5", "dataset:iris/train")


def test_paths_in_a_mapping(folder):
    """They stand in no file: from where one is."""
    spec = read_net([{"name": "o", "type": "HDF5Output", "filename": "o.h5", "bottoms": ["x"]}])
    assert spec.nodes[0].spec.filename == str(folder / "here" / "o.h5")
