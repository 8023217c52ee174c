"""The passes: each rewrites the sugar it is for."""

from __future__ import annotations

import pytest
from support.nets import net_spec

from graphnet.net import passes

INPUT = "- {name: in, type: Input, batch_size: 4, shapes: {x: [5], z: [5]}, tops: [x, z]}\n"


def nodes_of(text: str):
    return net_spec(text).nodes


def lines(graph):
    """Each layer as ``name: bottoms -> tops``; a blob no user can see has its maker behind it."""

    def label(blob):
        return f"{blob.name}({blob.producer.name})" if blob.is_internal else blob.name

    return [
        f"{v.name}: {' '.join(map(label, v.bottoms))} -> {' '.join(map(label, v.tops))}"
        for v in graph.layers
    ]


def graph_of(text: str):
    graph = passes.build_graph(passes.expand_bottoms(nodes_of(text)))
    passes.insert_neurons(graph)
    return graph


def test_select_phase_keeps_layers_of_the_phase_and_of_none():
    """A layer without a phase is in every phase."""
    nodes = nodes_of(
        INPUT
        + "- {name: a, type: ReLU, phase: train, bottoms: [x], tops: [a]}\n"
        + "- {name: b, type: ReLU, phase: test, bottoms: [x], tops: [b]}\n"
    )
    assert [n.name for n in passes.select_phase(nodes, "train")] == ["in", "a"]
    assert [n.name for n in passes.select_phase(nodes, "test")] == ["in", "b"]


def test_several_bottoms_become_copies_that_share_params():
    """An each-bottom layer is written for one bottom and copied by the net."""
    graph = graph_of(
        INPUT
        + "- {name: ip, type: InnerProduct, output_dim: 2, neuron: Tanh, bottoms: [x, z],"
        + " tops: [a, b]}\n"
    )
    assert lines(graph)[1:] == [
        "ip: x -> a(ip)",
        "ip.neuron: a(ip) -> a",
        "ip.2: z -> b(ip.2)",
        "ip.2.neuron: b(ip.2) -> b",
    ]
    assert {v.spec.store_key for v in graph.layers if v.type == "InnerProduct"} == {"ip"}
    assert [v.origin for v in graph.layers] == ["declared", "declared", "neuron", "copy", "neuron"]
    assert [v.of for v in graph.layers] == ["in", "ip", "ip", "ip", "ip"]


def test_a_neuron_becomes_a_layer_in_place_behind_its_own():
    """``neuron:`` is sugar for an in-place neuron layer; Identity is none at all."""
    text = "- {name: a, type: InnerProduct, output_dim: 2, neuron: N, bottoms: [x], tops: [a]}\n"
    rectified = lines(graph_of(INPUT + text.replace("N,", "ReLU,")))
    assert rectified[1:] == ["a: x -> a(a)", "a.neuron: a(a) -> a"]
    assert lines(graph_of(INPUT + text.replace("N,", "Identity,")))[1:] == ["a: x -> a"]


def test_in_place_layers_apply_in_list_order_and_readers_see_the_last_version():
    """The producer's neuron comes first wherever in-place layers stand in the list."""
    graph = graph_of(
        "- {name: read, type: InnerProduct, output_dim: 2, bottoms: [a], tops: [y]}\n"
        "- {name: second, type: Tanh, bottoms: [a]}\n"
        + INPUT
        + "- {name: third, type: Sigmoid, bottoms: [a], tops: [a]}\n"
        "- {name: a, type: InnerProduct, output_dim: 2, neuron: ReLU, bottoms: [x], tops: [a]}\n"
    )
    assert lines(graph) == [
        "read: a -> y",
        "second: a(a.neuron) -> a(second)",
        "in:  -> x z",
        "third: a(second) -> a",
        "a: x -> a(a)",
        "a.neuron: a(a) -> a(a.neuron)",
    ]
    versions = []
    blob = graph.blob("a")
    while blob:
        versions.append(blob.producer.name)
        blob = blob.replaces
    assert versions == ["third", "second", "a.neuron", "a"]


POOLED = """
    - {name: in, type: Input, batch_size: 4, shapes: {x: [2, 8, 8]}, tops: [x]}
    - {name: a, type: Convolution, n_filter: 2, kernel: 3, neuron: ReLU, bottoms: [x], tops: [a]}
    - {name: p, type: Pooling, kernel: 2, POOLING, bottoms: [a], tops: [p]}
"""


def test_a_relu_runs_behind_the_max_pooling_that_alone_reads_it():
    """The pooling's own neuron still comes last; the blob between does not come up."""
    graph = graph_of(POOLED.replace("POOLING", "stride: 2, neuron: Tanh"))
    passes.pool_before_rectifying(graph)
    assert lines(graph)[1:] == [
        "a: x -> a(a)",
        "p: a(a) -> p(p)",
        "a.neuron: p(p) -> p(a.neuron)",
        "p.neuron: p(a.neuron) -> p",
    ]
    assert list(graph.blobs) == ["x", "p"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (POOLED.replace("POOLING", "stride: 2"), True),  # wanted as it is
        (POOLED.replace("POOLING", "pooling: Mean"), False),  # a mean is another after it
        (POOLED.replace("POOLING", "stride: 2").replace("ReLU", "Tanh"), False),  # two round to one
        (POOLED.replace("POOLING", "stride: 2") + "    - {name: r, type: Reshape, shape: [72],"
         " bottoms: [a], tops: [r]}", False),  # read by another
    ],
)  # fmt: skip
def test_any_other_neuron_stays(text, kept):
    """Where the values differ, or somebody would see it."""
    graph = graph_of(text)
    graph.blob("a").is_kept = kept
    before = lines(graph)
    passes.pool_before_rectifying(graph)
    assert lines(graph) == before


def test_fan_out_of_gradients_gets_a_split_and_other_readers_do_not():
    """Accuracy sends no gradient, so it reads the blob itself."""
    graph = graph_of(
        INPUT
        + "- {name: a, type: InnerProduct, output_dim: 2, bottoms: [x], tops: [a]}\n"
        + "- {name: b, type: ReLU, bottoms: [a], tops: [b]}\n"
        + "- {name: c, type: Tanh, bottoms: [a], tops: [c]}\n"
        + "- {name: acc, type: Accuracy, bottoms: [a, z]}\n"
    )
    passes.insert_splits(graph)
    assert lines(graph)[1:] == [
        "a: x -> a",
        "a.split: a -> a(a.split) a(a.split)",
        "b: a(a.split) -> b",
        "c: a(a.split) -> c",
        "acc: a z -> ",
    ]
    split = graph.layer("a.split")
    assert [top.readers[0].name for top in split.tops] == ["b", "c"]
    assert (split.origin, split.of) == ("split", "")


def test_a_layer_that_reads_a_blob_twice_gets_it_twice():
    """Each place is a reader of its own."""
    graph = graph_of(
        INPUT + "- {name: m, type: ElementWise, operation: Multiply, bottoms: [x, x], tops: [m]}\n"
    )
    passes.insert_splits(graph)
    assert lines(graph)[1:] == [
        "x.split: x -> x(x.split) x(x.split)",
        "m: x(x.split) x(x.split) -> m",
    ]
    assert len({*graph.layer("m").bottoms}) == 2
