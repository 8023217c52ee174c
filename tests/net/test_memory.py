"""The memory plan: arrays that are alive together never share bytes, and results stay the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.nets import net_of
from support.random_nets import ANYWHERE, ENDINGS, JOINS, OF_LABELS, RandomNet, fill

from graphnet.backend.numpy.backend import NumpyBackend
from graphnet.errors import GraphnetError
from graphnet.layers import LAYER_TYPES
from graphnet.layers.base import Kind
from graphnet.net.load_net import load_net
from graphnet.net.memory import ALIGNMENT, DATA, DIFF, Region, place

CHAIN = """
    - {name: in, type: Input, batch_size: 8, shapes: {x: [40], label: []}, tops: [x, label]}
    - {name: a, type: InnerProduct, output_dim: 50, neuron: ReLU, bottoms: [x], tops: [a]}
    - {name: b, type: InnerProduct, output_dim: 60, neuron: Tanh, bottoms: [a], tops: [b]}
    - {name: c, type: InnerProduct, output_dim: 50, neuron: Sigmoid, bottoms: [b], tops: [c]}
    - {name: sum, type: ElementWise, operation: Add, bottoms: [a, c], tops: [d]}
    - {name: e, type: InnerProduct, output_dim: 3, bottoms: [d], tops: [e]}
    - {name: loss, type: SoftmaxLoss, bottoms: [e, label]}
"""


@given(
    st.lists(
        st.tuples(st.integers(1, 500), st.integers(0, 20), st.integers(0, 20)),
        min_size=1,
        max_size=25,
    )
)
@settings(deadline=None, max_examples=200)
def test_regions_alive_together_never_overlap(rows):
    """Whatever the sizes and lives, offsets are aligned and disjoint where they must be."""
    regions = [Region(n, [(min(a, b), max(a, b))]) for n, a, b in rows]
    total = place(regions)
    for i, one in enumerate(regions):
        assert one.offset % ALIGNMENT == 0
        assert one.offset + one.n_bytes <= total
        for other in regions[:i]:
            apart = (
                one.offset + one.n_bytes <= other.offset
                or other.offset + other.n_bytes <= one.offset
            )
            assert apart or not one.overlaps(other)


def run(keep):
    net = net_of(CHAIN, keep=keep)
    net.forward()
    net.backward()
    return net


def test_sharing_memory_changes_no_bit():
    """The gradients of a net with shared buffers equal those with memory for every blob."""
    everything, needed = run("all"), run("needed")
    assert everything.loss() == needed.loss()
    np.testing.assert_array_equal(everything.store.diff, needed.store.diff)


def test_a_relu_behind_the_pooling_changes_no_bit():
    """Windows with ties, all below zero and with the maximum anywhere: the same either way."""
    text = """
        - {name: in, type: Input, batch_size: 4, shapes: {x: [1, 9, 9], label: []},
           tops: [x, label]}
        - {name: c, type: Convolution, n_filter: 6, kernel: 2, neuron: ReLU, bottoms: [x],
           tops: [c]}
        - {name: p, type: Pooling, kernel: 3, stride: 2, bottoms: [c], tops: [p]}
        - {name: d, type: InnerProduct, output_dim: 3, bottoms: [p], tops: [d]}
        - {name: loss, type: SoftmaxLoss, bottoms: [d, label]}
    """
    nets = [net_of(text, keep=keep) for keep in ("all", "needed")]
    assert [layer.name for layer in nets[1].graph.layers][1:4] == ["c", "p", "c.neuron"]
    for net in nets:
        (data,) = (top.data for layer in net.data_layers for top in layer.tops[:1])
        np.round(data, out=data)  # few levels: ties
        net.params["c"]["bias"].data[...] = [-9, -2, -1, 0, 1, 9]
        net.forward()
        net.backward()
    assert nets[0].loss() == nets[1].loss()
    np.testing.assert_array_equal(nets[0].store.diff, nets[1].store.diff)


def test_sharing_saves_memory_and_a_test_net_saves_more():
    """The plan for `needed` is smaller, and a net without backward smaller still."""
    everything, needed = net_of(CHAIN, keep="all"), net_of(CHAIN, keep="needed")
    forward_only = net_of(CHAIN.replace("SoftmaxLoss", "Accuracy"), keep="needed")
    sizes = [n.compiled.plan.n_bytes for n in (forward_only, needed, everything)]
    assert sizes == sorted(set(sizes))


def test_reading_a_blob_that_was_not_kept_says_how_to_keep_it():
    """A kept blob reads as usual, another raises and names `keep`."""
    net = net_of(CHAIN, keep=["e"])
    net.forward()
    assert net.blobs["e"].shape == (8, 3)
    with pytest.raises(GraphnetError, match=r'keep="all", or with keep=\["b"\]'):
        net.blobs["b"]


def test_diffs_of_named_blobs_are_those_after_the_neuron():
    """With keep="all" a blob's diff is what its readers sent, not what went on below it."""
    net = net_of(CHAIN)
    net.forward()
    net.backward()
    e, d = net.blobs["e"], net.blobs["d"]
    np.testing.assert_allclose(d.diff, e.diff @ net.params["e"]["weight"].data, rtol=1e-5)
    np.testing.assert_allclose(net.blobs["c"].diff, d.diff, rtol=1e-6)
    through_b = (net.blobs["c"].diff * net.blobs["c"].data * (1 - net.blobs["c"].data)) @ (
        net.params["c"]["weight"].data
    )
    np.testing.assert_allclose(net.blobs["b"].diff, through_b, rtol=1e-4, atol=1e-7)


# --- plans against one that shares nothing -----------------------------------------------


class SpoiledBackend(NumpyBackend):
    """Hands out memory that is full of NaN."""

    def arena(self, n_bytes):
        """As the base's, and spoilt."""
        arena = super().arena(n_bytes)
        arena.fill(0xFF)
        return arena


def outcome(layers, keep):
    """All that can be read of one pass, as copies, by what and where it is."""
    net = load_net(layers, keep=keep, backend=SpoiledBackend(1))
    fill(net)
    net.forward()
    found = {("forward", name): blob.data.copy() for name, blob in readable(net).items()}
    net.backward()
    for name, blob in readable(net).items():
        found["data", name] = blob.data.copy()
        if blob.diff is not None:
            found["diff", name] = blob.diff.copy()
    found |= {("loss", name): np.array(loss) for name, loss in net.losses().items()}
    found["diff of all params"] = net.store.diff.copy()
    for key, named in net.store.state.items():
        found |= {("state", key, name): array.copy() for name, array in named.items()}
    net.close()
    return found


def readable(net):
    return {name: net.blobs[name] for name in net.blobs if name not in net.compiled.not_kept}


@pytest.mark.parametrize("seed", range(16))
def test_every_plan_gives_the_bits_of_one_that_shares_nothing(seed):
    """Whatever is kept, blobs that can be read, their diffs and those of params are the same."""
    layers = RandomNet(seed).layers
    everything = outcome(layers, "all")
    assert all(np.isfinite(array).all() for array in everything.values())
    names = [what[1] for what in everything if what[0] == "forward"]
    rng = np.random.default_rng(seed)
    some = [[name for name in names if rng.random() < 0.4] for _ in range(4)]
    for keep in ("needed", *([name] for name in names), *some):
        found = outcome(layers, keep)
        assert keep == "needed" or {("data", name) for name in keep} <= found.keys()
        assert everything.keys() >= found.keys()
        for what, array in found.items():
            np.testing.assert_array_equal(array, everything[what], f"{what} with keep={keep}")


def test_the_random_nets_hold_all_kinds_of_layers():
    """A new layer type is drawn too, or has nothing that a plan could get wrong."""
    drawn = {kind for kind, *_ in (*ANYWHERE, *JOINS, *OF_LABELS, *ENDINGS)}
    drawn.update(kind for _, _, between, _ in ENDINGS for kind in between)
    others = {n for n, spec in LAYER_TYPES.items() if spec.kind in (Kind.DATA, Kind.OUTPUT)}
    others |= {"TiedInnerProduct"}  # an InnerProduct, whose weight is that of another layer
    others |= {"PoolingMask"}  # with scratch of one call alone, as Argmax
    others |= {"StochasticPooling"}  # whose scratch lives as a Dropout's
    others |= {"Unpool"}  # which reads a mask; its place outlives the pass as that of Embed
    others |= {"Log"}  # as Exp, with which it shares all but the formula; of positive numbers
    # of sequences and their lengths, whose paths lie in their own scratch
    others |= {"CTCDecoder", "CTCLoss", "LabelErrorRate"}
    others |= {"JoinSamples", "PartSamples", "TakeSamples"}  # whose rows are not the batch's
    others |= {"Parameter"}  # without bottoms: a copy of a param
    assert drawn == set(LAYER_TYPES) - others


@pytest.mark.parametrize("kind", ["Identity", "Flatten", "Reshape"])
def test_a_kept_view_of_a_blob_made_in_place_keeps_its_diff(kind):
    """The in-place layer below it runs over no bytes that the view is seen in."""
    shape = ", shape: [2, 3]" if kind == "Reshape" else ""
    text = f"""
        - {{name: in, type: Input, batch_size: 4, shapes: {{x: [6], label: []}}, tops: [x, label]}}
        - {{name: a, type: InnerProduct, output_dim: 6, neuron: Tanh, bottoms: [x], tops: [a]}}
        - {{name: v, type: {kind}{shape}, bottoms: [a], tops: [v]}}
        - {{name: o, type: InnerProduct, output_dim: 3, bottoms: [v], tops: [o]}}
        - {{name: loss, type: SoftmaxLoss, bottoms: [o, label]}}
    """
    diffs = []
    for keep in ("all", ["v"]):
        net = net_of(text, keep=keep)
        net.forward()
        net.backward()
        diffs.append(net.blobs["v"].diff.copy())
    np.testing.assert_array_equal(*diffs)


def test_a_blob_that_another_was_written_over_cannot_be_read():
    """Its bytes are kept, except for the one that replaced it."""
    text = """
        - {name: in, type: Input, batch_size: 4, shapes: {x: [6]}, tops: [x]}
        - {name: a, type: InnerProduct, output_dim: 6, bottoms: [x], tops: [a]}
        - {name: t, type: Tanh, bottoms: [a], tops: [t]}
        - {name: o, type: InnerProduct, output_dim: 3, bottoms: [t], tops: [o]}
    """
    net = net_of(text, keep=["t"])
    net.forward()
    assert net.blobs["t"].shape == (4, 6)
    with pytest.raises(GraphnetError, match="the blob 'a' is not kept"):
        net.blobs["a"]


def test_layers_that_may_run_over_their_bottoms_do():
    """In place or not, a neuron takes no memory, neither for values nor for diffs."""
    compiled = net_of(CHAIN, keep="needed").compiled
    offsets = compiled.plan.offsets
    for name in "abc":
        after = compiled.graph.layer(f"{name}.neuron").tops[0]
        for kind in (DATA, DIFF):
            assert offsets[kind, after.replaces] == offsets[kind, after], (kind, name)
