"""Tests of graphnet.draw.picture: what pictures show, and that nothing in them is hidden."""

import numpy as np
import pytest
import yaml
from draw.graphs import edges_over_vertices, n_edge_crossings, overlaps
from support import classic_nets
from support.shipped_nets import shrunk

from graphnet.backend import open_backend
from graphnet.draw import picture as picture_module
from graphnet.draw.diagram import BoxKey, diagram
from graphnet.draw.layered.layout import layout
from graphnet.draw.picture import Heat, picture
from graphnet.draw.shapes import Rect, Text
from graphnet.net.compiled import compile_net
from graphnet.net.spec import read_net


def drawn(text, phases=("train", "test")):
    """The diagram of a net given as YAML."""
    spec = read_net(yaml.safe_load(text))
    backend, dtype = open_backend("numpy"), np.dtype("float32")
    nets = [compile_net(spec, p, backend, dtype, "needed", memory_limit=2**62) for p in phases]
    return diagram(nets)


CLASSICS = {
    # name: the net, the most crossings, the most that its width may be
    "googlenet": (classic_nets.googlenet(), 10, 2600),
    "resnet-50": (classic_nets.resnet((3, 4, 6, 3)), 4, 700),
    "densenet": (classic_nets.densenet_block(6), 35, 1100),
    "unet": (classic_nets.unet(4), 3, 750),
}


#: Of the nets that come with graphnet: the most crossings, and the most that its width may be.
SHIPPED = {
    "char-rnn": (3, 560),
    "ctc-digits": (3, 700),
    "gru-adding": (2, 600),
    "lenet5": (1, 640),
    "mixer-mnist": (3, 640),
    "mnist": (2, 640),
    "mobilenet-fashion": (2, 640),
    "resnet20-fashion": (2, 800),
    "siamese": (4, 800),
    "tiny-gpt": (3, 640),
    "unet-digits": (3, 800),
    "vae": (2, 800),
}


@pytest.mark.parametrize("name", [*CLASSICS, *SHIPPED])
def test_nothing_is_hidden(name, monkeypatch):
    """No boxes overlap, no edge runs over a box or a label, and few cross."""
    if name in SHIPPED:
        made = shrunk(name).to_yaml()
        text, (most_crossings, most_width) = made, SHIPPED[name]
    else:
        text, most_crossings, most_width = CLASSICS[name]
    seen = {}

    def spying(sizes, edges, spacing):
        seen.update(sizes=sizes, found=layout(sizes, edges, spacing))
        return seen["found"]

    monkeypatch.setattr(picture_module, "layout", spying)
    shown = picture(drawn(text))
    assert not overlaps(seen["sizes"], seen["found"])
    assert not edges_over_vertices(seen["sizes"], seen["found"])
    assert n_edge_crossings(seen["found"].lines) <= most_crossings
    assert shown.width <= most_width


SMALL = """
name: small
layers:
  - {name: data, type: MemoryData, tops: [data, label], batch_size: 2,
     shapes: {data: [6], label: []}}
  - {name: ip1, type: InnerProduct, bottoms: [data], tops: [ip1], output_dim: 4, neuron: ReLU}
  - {name: drop, type: Dropout, bottoms: [ip1], tops: [ip1], phase: train}
  - {name: ip2, type: InnerProduct, bottoms: [ip1], tops: [ip2], output_dim: 3, frozen: true}
  - {name: loss, type: SoftmaxLoss, bottoms: [ip2, label]}
  - {name: accuracy, type: Accuracy, bottoms: [ip2, label], phase: test}
"""


def texts(group):
    return [shape.text for shape in group.shapes if isinstance(shape, Text)]


def test_boxes_say_what_they_are():
    """Name, type, number of params, settings, what is folded into it, badges."""
    groups = {(g.kind, g.name): g for g in picture(drawn(SMALL)).groups}
    ip1 = texts(groups["layer", "ip1"])
    assert ip1 == ["ip1", "InnerProduct · 28 params", "output_dim 4", "ReLU", "Dropout (train)"]
    assert texts(groups["layer", "ip2"])[:2] == ["ip2", "frozen"]
    assert texts(groups["layer", "accuracy"]) == ["accuracy", "test", "Accuracy"]
    assert ("layer", "drop") not in groups
    assert texts(groups["blob", "ip1"]) == ["ip1", "4"]
    assert "28 params" in groups["layer", "ip1"].hint


def test_texts_lie_within_their_boxes():
    """By the widths that are reckoned with, which are more than fonts take."""
    for group in picture(drawn(SMALL)).groups:
        if group.kind != "layer":
            continue
        box = group.shapes[0]
        assert isinstance(box, Rect)
        for text in group.shapes:
            if isinstance(text, Text):
                assert box.x < text.x < box.x + box.width
                assert box.y < text.y < box.y + box.height


def test_one_phase():
    """Is named, and has its layers alone."""
    shown = picture(drawn(SMALL, ("test",)))
    names = {g.name for g in shown.groups if g.kind == "layer"}
    assert names == {"data", "ip1", "ip2", "loss", "accuracy"}
    assert texts(shown.groups[0]) == ["small   phase test"]


def test_heat():
    """The hottest box has the last look; each says its amount."""
    found = drawn(SMALL)
    key = BoxKey("ip1", None)
    heat = Heat("work", {k: 1.0 if k == key else 0.0 for k in found.boxes}, {key: "24 MACs"})
    groups = {g.name: g for g in picture(found, heat).groups if g.kind == "layer"}
    assert groups["ip1"].shapes[0].look == "heat7"
    assert groups["ip2"].shapes[0].look == "heat0"
    assert "24 MACs" in texts(groups["ip1"])


def test_links():
    """Boxes lead to the catalogue where it is said where that is."""
    groups = [g for g in picture(drawn(SMALL), docs="layers.html").groups if g.name == "ip1"]
    assert [g.link for g in groups if g.kind == "layer"] == ["layers.html#innerproduct"]
    assert not any(g.link for g in picture(drawn(SMALL)).groups)


def test_long_names_are_shortened():
    """A box is no wider than a page."""
    long = SMALL.replace("ip1", "a-name-that-goes-on-and-on-" * 5)
    groups = [g for g in picture(drawn(long)).groups if g.kind == "layer"]
    assert max(g.shapes[0].width for g in groups) < 300
    assert any(t.endswith("…") for g in groups for t in texts(g))
