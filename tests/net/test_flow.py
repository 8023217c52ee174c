"""What follows from the graph alone: order, cycles, shapes, and where gradients flow."""

from __future__ import annotations

import pytest
from support.nets import INPUT, net_of, net_spec

from graphnet.data.text.tokens import train_tokens, write_tokens
from graphnet.errors import ShapeError, TopologyError
from graphnet.layers.elementwise.power import Power
from graphnet.net.flow import sort_layers
from graphnet.net.load_net import load_net
from graphnet.net.passes import build_graph


def test_order_follows_the_list_wherever_it_can():
    """Layers listed before what they read come later; the rest keeps its order."""
    nodes = net_spec(f"""
        - {{name: late, type: ReLU, bottoms: [a], tops: [b]}}
        - {INPUT}
        - {{name: early, type: ReLU, bottoms: [x], tops: [a]}}
        - {{name: other, type: Tanh, bottoms: [x], tops: [c]}}
    """).nodes
    graph = build_graph(nodes)
    sort_layers(graph)
    assert [layer.name for layer in graph.layers] == ["in", "early", "late", "other"]


def test_a_cycle_is_refused_with_its_path():
    """The message prints the layers and the blobs between them."""
    text = """\
- {name: a, type: ReLU, bottoms: [q], tops: [p]}
- {name: b, type: Tanh, bottoms: [p], tops: [q]}
"""
    with pytest.raises(TopologyError, match="cycle") as caught:
        sort_layers(build_graph(net_spec(text).nodes))
    assert str(caught.value) == (
        "net.yaml:1:3: the layers form a cycle: a -[p]-> b -[q]-> a\n"
        "  a bottom must come from a layer nearer the data; check the bottoms of 'a'"
    )


def test_an_in_place_chain_that_needs_its_own_result_is_a_cycle():
    """A reader of the last version cannot feed an earlier version."""
    text = f"""
        - {INPUT}
        - {{name: a, type: ReLU, bottoms: [x], tops: [a]}}
        - {{name: m, type: ElementWise, operation: Multiply, bottoms: [a, b], tops: [c]}}
        - {{name: r, type: ReLU, bottoms: [b], tops: [b]}}
        - {{name: b, type: ReLU, bottoms: [c], tops: [b]}}
    """
    with pytest.raises(TopologyError, match=r"cycle: .*'?m"):
        net_of(text)


def test_a_shape_error_names_the_layer_and_its_place():
    """What the spec says is prefixed by the net."""
    text = """
        - {name: in, type: Input, batch_size: 4, shapes: {x: [5]}, tops: [x]}
        - {name: c, type: Convolution, n_filter: 2, kernel: 3, bottoms: [x], tops: [c]}
    """
    with pytest.raises(ShapeError, match=r"^net.yaml:3:3: layer 'c' \(Convolution\): "):
        net_of(text)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ([], r"\[\]"),
        ([(4, 5), (4, 5)], r"\[\(4, 5\), \(4, 5\)\]"),
        (None, "None"),
        ((4, 5), r"\(4, 5\)"),
        ([[4, 5]], r"\[\[4, 5\]\]"),
        ([(4, 2.5)], r"\[\(4, 2\.5\)\]"),
    ],
)
def test_a_layer_of_the_users_own_gives_a_shape_for_each_top(given, shown):
    """Another number of shapes, or what is none, is refused naming the layer."""

    class Wrong(Power):
        def top_shapes(self, bottoms):
            return given

    x = {"name": "in", "type": "Input", "batch_size": 4, "shapes": {"x": [5]}, "tops": ["x"]}
    layers = [x, Wrong(name="w", bottoms=("x",), tops=("y",))]
    message = rf"^layer 'w' \(Wrong\): its top_shapes\(\) gave {shown}\n  expected a list of 1: "
    with pytest.raises(ShapeError, match=message):
        load_net(layers)


def test_gradients_flow_only_between_params_and_losses():
    """Data gets no diff, nor does what no loss reaches; frozen params send nothing below."""
    net = net_of(f"""
        - {INPUT}
        - {{name: a, type: InnerProduct, output_dim: 3, frozen: true, bottoms: [x], tops: [a]}}
        - {{name: b, type: InnerProduct, output_dim: 3, bottoms: [a], tops: [b]}}
        - {{name: c, type: Tanh, bottoms: [b], tops: [c]}}
        - {{name: loss, type: SoftmaxLoss, bottoms: [c, label]}}
        - {{name: aside, type: Tanh, bottoms: [c], tops: [d]}}
    """)
    have = {name for name, blob in net.blobs.items() if blob.diff is not None}
    assert have == {"b", "c"}
    assert net.params["a"]["weight"].diff is None
    assert net.params["b"]["weight"].diff is not None


def test_params_no_loss_reaches_are_refused_for_training():
    """The message names the layer; freezing it is legal."""
    text = f"""
        - {INPUT}
        - {{name: a, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [a]}}
        - {{name: b, type: InnerProduct, output_dim: 3, FROZEN bottoms: [x], tops: [b]}}
        - {{name: loss, type: SoftmaxLoss, bottoms: [a, label]}}
    """
    net_of(text.replace("FROZEN", "frozen: true,")).check_trainable()
    with pytest.raises(TopologyError, match="no loss depends on the params of 'b'"):
        net_of(text.replace("FROZEN", "")).check_trainable()


def test_a_net_without_a_loss_runs_forward_but_cannot_be_trained():
    """Forward-only nets are legal."""
    net = net_of(f"""
        - {INPUT}
        - {{name: a, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [a]}}
    """)
    net.forward()
    with pytest.raises(TopologyError, match="has no loss in phase train"):
        net.check_trainable()


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ("", {"x"}),
        ("- {name: more, type: Tanh, bottoms: [x], tops: [q]}", set()),
        ("- {name: more, type: SquareLoss, bottoms: [p, x]}", set()),
    ],
)
def test_what_is_stored_as_it_is_read(others, expected):
    """Data that only an inner product reads lies sample after sample; results do not."""
    text = f"""
        - {INPUT}
        - {{name: p, type: InnerProduct, output_dim: 5, bottoms: [x], tops: [p]}}
        - {{name: r, type: InnerProduct, output_dim: 5, bottoms: [p], tops: [r]}}
        {others}
        - {{name: loss, type: SoftmaxLoss, bottoms: [r, label]}}
    """
    net = net_of(text)
    assert {blob.name for blob in net.graph.all_blobs if blob.by_rows} - {"label"} == expected
    assert net.fed("x").flags.c_contiguous == bool(expected)
    assert not net.blobs["p"].data.flags.c_contiguous


def test_more_tokens_than_a_layer_knows(tmp_path):
    """A net is refused before it reads a number that its layer cannot take."""
    pytest.importorskip("tokenizers", reason="needs the extra tokens")
    text = "the cat sat on the mat\n" * 40
    (tmp_path / "t.txt").write_text(text, "utf-8")
    write_tokens(train_tokens(text, 260), tmp_path / "t.json")
    net = (
        "- {name: t, type: TextData, source: t.txt, tokenizer: t.json, steps: 4, batch_size: 2}\n"
        "- {name: e, type: Embed, input_dim: 260, output_dim: 3, bottoms: [text], tops: [e]}\n"
        "- {name: s, type: InnerProduct, axis: 2, output_dim: 260, bottoms: [e], tops: [s]}\n"
        "- {name: loss, type: SoftmaxLoss, axis: 2, bottoms: [s, next]}\n"
    )
    file = tmp_path / "net.yaml"
    file.write_text(net, "utf-8")
    load_net(file).close()
    for few, said in (
        (
            "input_dim: 260",
            r"layer 'e' \(Embed\): the numbers of 'text' go up to 259, as there are 260",
        ),
        ("output_dim: 260", r"layer 'loss' \(SoftmaxLoss\): the numbers of 'next' go up to 259"),
    ):
        file.write_text(net.replace(few, few[:-3] + "250"), "utf-8")
        with pytest.raises(ShapeError, match=said):
            load_net(file)
