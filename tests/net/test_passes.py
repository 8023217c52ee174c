"""The passes: each rewrites the sugar it is for, and the rules of the topology hold."""

from __future__ import annotations

import re

import pytest
from support.nets import net_spec

from graphnet.errors import TopologyError
from graphnet.net import passes


def names(nodes):
    """Each node as ``name: bottoms -> tops``, for whole-value comparison."""
    return [f"{n.name}: {' '.join(n.bottoms)} -> {' '.join(n.tops)}" for n in nodes]


def nodes_of(text: str):
    return net_spec(text).nodes


INPUT = "- {name: in, type: Input, batch_size: 4, shapes: {x: [5], z: [5]}, tops: [x, z]}\n"


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
    nodes = nodes_of(
        INPUT + "- {name: ip, type: InnerProduct, output_dim: 2, bottoms: [x, z], tops: [a, b]}\n"
    )
    expanded = passes.expand_bottoms(nodes)
    assert names(expanded)[1:] == ["ip: x -> a", "ip.2: z -> b"]
    assert {n.spec.store_key for n in expanded[1:]} == {"ip"}


def test_a_neuron_becomes_a_layer_in_place_behind_its_own():
    """``neuron:`` is sugar for an in-place neuron layer; Identity is none at all."""
    nodes = nodes_of(
        INPUT
        + "- {name: a, type: InnerProduct, output_dim: 2, neuron: ReLU, bottoms: [x], tops: [a]}\n"
    )
    assert names(passes.expand_neurons(nodes))[1:] == ["a: x -> a", "a.neuron: a -> a"]


def test_in_place_layers_apply_in_list_order_and_readers_see_the_last_version():
    """The producer's neuron comes first wherever in-place layers stand in the list."""
    nodes = nodes_of(
        "- {name: read, type: InnerProduct, output_dim: 2, bottoms: [a], tops: [y]}\n"
        "- {name: second, type: Tanh, bottoms: [a]}\n"
        + INPUT
        + "- {name: third, type: Sigmoid, bottoms: [a], tops: [a]}\n"
        "- {name: a, type: InnerProduct, output_dim: 2, neuron: ReLU, bottoms: [x], tops: [a]}\n"
    )
    assert names(passes.name_inplace(passes.expand_neurons(nodes))) == [
        "read: a -> y",
        "second: a#1 -> a#2",
        "in:  -> x z",
        "third: a#2 -> a",
        "a: x -> a#0",
        "a.neuron: a#0 -> a#1",
    ]


POOLED = """
    - {name: in, type: Input, batch_size: 4, shapes: {x: [2, 8, 8]}, tops: [x]}
    - {name: a, type: Convolution, n_filter: 2, kernel: 3, neuron: ReLU, bottoms: [x], tops: [a]}
    - {name: p, type: Pooling, kernel: 2, POOLING, bottoms: [a], tops: [p]}
"""


def rectified(text: str, kept=()):
    """After the passes up to the one that moves ReLUs."""
    nodes = passes.name_inplace(passes.expand_neurons(nodes_of(text)))
    return names(passes.rectify_pooled(nodes, kept.__contains__))[1:]


def test_a_relu_runs_behind_the_max_pooling_that_alone_reads_it():
    """The pooling's own neuron still comes last."""
    assert rectified(POOLED.replace("POOLING", "stride: 2, neuron: Tanh")) == [
        "a: x -> a#0",
        "p: a#0 -> p#0#a.neuron",
        "a.neuron: p#0#a.neuron -> p#0",
        "p.neuron: p#0 -> p",
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (POOLED.replace("POOLING", "stride: 2"), ("a",)),  # wanted as it is
        (POOLED.replace("POOLING", "pooling: Mean"), ()),  # a mean is another after it
        (POOLED.replace("POOLING", "stride: 2").replace("ReLU", "Tanh"), ()),  # rounds two to one
        (POOLED.replace("POOLING", "stride: 2") + "    - {name: r, type: Reshape, shape: [72],"
         " bottoms: [a], tops: [r]}", ()),  # read by another
    ],
)  # fmt: skip
def test_any_other_neuron_stays(text, kept):
    """Where the values differ, or somebody would see it."""
    nodes = passes.name_inplace(passes.expand_neurons(nodes_of(text)))
    assert rectified(text, kept) == names(nodes)[1:]


def test_fan_out_of_gradients_gets_a_split_and_other_readers_do_not():
    """Accuracy sends no gradient, so it reads the blob itself."""
    nodes = nodes_of(
        INPUT
        + "- {name: a, type: InnerProduct, output_dim: 2, bottoms: [x], tops: [a]}\n"
        + "- {name: b, type: ReLU, bottoms: [a], tops: [b]}\n"
        + "- {name: c, type: Tanh, bottoms: [a], tops: [c]}\n"
        + "- {name: acc, type: Accuracy, bottoms: [a, z]}\n"
    )
    assert names(passes.insert_splits(nodes))[1:] == [
        "a: x -> a",
        "a.split: a -> a#to-b a#to-c",
        "b: a#to-b -> b",
        "c: a#to-c -> c",
        "acc: a z -> ",
    ]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            "- {name: a, type: ReLU, bottoms: [y], tops: [b]}",
            "net.yaml:2:3: layer 'a' (ReLU): no layer makes its bottom 'y'\n  there is: x, z, b",
        ),
        (
            (
                "- {name: conv, type: ReLU, bottoms: [x], tops: [conv1]}\n"
                "- {name: b, type: ReLU, bottoms: [cnv1], tops: [c]}"
            ),
            (
                "net.yaml:3:3: layer 'b' (ReLU): no layer makes its bottom 'cnv1'\n"
                "  did you mean 'conv1'?"
            ),
        ),
        (
            "- {name: a, type: ReLU, bottoms: [x], tops: [z]}",
            (
                "net.yaml:2:3: layer 'a' (ReLU): the top 'z' is already a top of layer 'in'\n"
                "  first in line 1"
            ),
        ),
        (
            "- {name: in, type: ReLU, bottoms: [x], tops: [a]}",
            (
                "net.yaml:2:3: layer 'in' (ReLU): the layer name 'in' is used twice in this phase\n"
                "  first in line 1"
            ),
        ),
        (
            "- {name: a, type: InnerProduct, output_dim: 2, bottoms: [x], tops: [x]}",
            (
                "net.yaml:2:3: layer 'a' (InnerProduct): cannot write its top over its bottom 'x'\n"
                "  give the top a name of its own"
            ),
        ),
        (
            "- {name: a, type: ReLU, bottoms: [x], tops: ['a#1']}",
            "net.yaml:2:3: layer 'a' (ReLU): 'a#1': a name must not contain '#'",
        ),
    ],
)
def test_check_names_reports_each_rule_with_its_place(layers, message):
    """Duplicate names and tops, missing bottoms and forbidden names say where and what to do."""
    with pytest.raises(TopologyError, match=re.escape(message)) as caught:
        passes.check_names(nodes_of(INPUT + layers))
    assert str(caught.value) == message


def test_check_names_reports_all_problems_at_once():
    """Two misspelt bottoms are two problems of one error, in the order of the file."""
    nodes = nodes_of(
        INPUT
        + "- {name: a, type: ReLU, bottoms: [p], tops: [a]}\n"
        + "- {name: b, type: ReLU, bottoms: [q], tops: [b]}\n"
    )
    with pytest.raises(TopologyError, match="bottom 'p'") as caught:
        passes.check_names(nodes)
    assert [p.position.line for p in caught.value.problems] == [2, 3]
