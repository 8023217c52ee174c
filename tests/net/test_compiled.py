"""CompiledNet: what a compiled net knows of its layers, and the rules that need all of them."""

from __future__ import annotations

import numpy as np
import pytest
from support.nets import INPUT, net_spec

from graphnet.backend import open_backend
from graphnet.errors import ShapeError, SpecError, TopologyError
from graphnet.net.compiled import compile_net

BACKEND = open_backend("numpy", threads=1)

#: Two convolutions of LeNet-5's kind, a neuron, a shared layer and both measures.
NET = """
    - name: in
      type: Input
      batch_size: 4
      shapes: {image: [1, 8, 8], label: []}
      tops: [image, label]
    - name: conv
      type: Convolution
      n_filter: 3
      kernel: 3
      neuron: ReLU
      bottoms: [image]
      tops: [c]
    - {name: ip, type: InnerProduct, output_dim: 5, bottoms: [c], tops: [a]}
    - {name: u, type: InnerProduct, output_dim: 5, param_key: k, bottoms: [a], tops: [b]}
    - name: v
      type: InnerProduct
      output_dim: 5
      param_key: k
      bias: false
      bottoms: [b]
      tops: [z]
    - {name: loss, type: SoftmaxLoss, phase: train, bottoms: [z, label]}
    - {name: accuracy, type: Accuracy, phase: test, bottoms: [z, label]}
"""


def compiled(text=NET, phase="train", keep="all", dtype="float32"):
    return compile_net(net_spec(text), phase, BACKEND, np.dtype(dtype), keep)


def test_the_layers_of_a_phase_in_the_order_they_run():
    """Sugar is plain layers by now."""
    common = ["in", "conv", "conv.neuron", "ip", "u", "v"]
    assert [layer.name for layer in compiled().layers] == [*common, "loss"]
    assert [layer.name for layer in compiled(phase="test").layers] == [*common, "accuracy"]


def test_shapes_of_every_blob():
    """From the specs alone."""
    graph = compiled().graph
    assert [(blob.name, blob.shape) for blob in graph.all_blobs] == [
        ("image", (4, 1, 8, 8)),
        ("label", (4,)),
        ("c", (4, 3, 6, 6)),
        ("c", (4, 3, 6, 6)),
        ("a", (4, 5)),
        ("b", (4, 5)),
        ("z", (4, 5)),
    ]
    assert graph.layer("loss").bottom_shapes == ((4, 5), (4,))
    assert graph.layer("in").top_shapes == ((4, 1, 8, 8), (4,))


def test_params_are_counted_once():
    """A layer that shares another's params adds none of its own."""
    net = compiled()
    counts = {layer.name: layer.n_params for layer in net.layers}
    assert counts == {
        "in": 0,
        "conv": 3 * 9 + 3,
        "conv.neuron": 0,
        "ip": 5 * 108 + 5,
        "u": 5 * 5 + 5,
        "v": 0,
        "loss": 0,
    }
    assert net.n_param_numbers == sum(counts.values())
    assert [layer.name for layer in net.layers if layer.owns_params] == ["conv", "ip", "u"]


def test_multiply_adds_and_bytes_of_the_tops():
    """Of the whole batch; a blob that gets a gradient takes twice its size."""
    graph = compiled().graph
    assert graph.layer("conv").macs == 4 * 3 * 36 * 9
    assert graph.layer("ip").macs == 4 * 5 * 108
    assert graph.layer("in").n_bytes == (4 * 64 + 4) * 4
    assert graph.layer("ip").n_bytes == 2 * (4 * 5) * 4
    assert compiled(dtype="float64").graph.layer("ip").n_bytes == 2 * (4 * 5) * 8


def test_views_take_no_bytes():
    """A Split's tops lie in its bottom's memory."""
    text = f"""
        - {INPUT}
        - {{name: s, type: Split, bottoms: [x], tops: [p, q]}}
    """
    assert compiled(text).graph.layer("s").n_bytes == 0


def test_planned_bytes_are_blobs_params_and_the_diffs_of_those_that_learn():
    """A frozen layer has params but no diffs."""
    learns = compiled()
    frozen = compiled(NET.replace("{name: ip,", "{name: ip, frozen: true,"))
    n_learning = learns.n_param_numbers - (5 * 108 + 5)
    assert learns.planned_bytes == learns.plan.n_bytes + 2 * 4 * learns.n_param_numbers
    assert frozen.planned_bytes == frozen.plan.n_bytes + 4 * (frozen.n_param_numbers + n_learning)


def test_a_key_is_frozen_if_all_its_layers_are():
    """One layer that learns is enough for a diff."""

    def frozen(u, v):
        text = NET.replace("param_key: k,", f"param_key: k, frozen: {u},")
        text = text.replace("param_key: k\n", f"param_key: k\n      frozen: {v}\n")
        return compiled(text).declared["k"].frozen

    flags = ("false", "true")
    assert [frozen(u, v) for u in flags for v in flags] == [False, False, False, True]


def test_the_first_layer_of_a_key_declares_its_params():
    """A later one may leave some out, but not add any."""
    assert set(compiled().declared["k"].params) == {"weight", "bias"}
    turned = NET.replace("bias: false", "bias: true").replace(
        "k, bottoms", "k, bias: false, bottoms"
    )
    with pytest.raises(
        ShapeError,
        match=r"^net.yaml:16:3: layer 'v' \(InnerProduct\): shares 'k' with layer 'u', but there "
        r"is no bias there$",
    ):
        compiled(turned)


def test_layers_that_share_a_key_agree_on_shapes():
    """Both shapes are in the message."""
    with pytest.raises(ShapeError, match=r"its weight is 6×5 and there it is 5×5"):
        compiled(NET.replace("output_dim: 5\n", "output_dim: 6\n"))


def test_a_phase_without_layers():
    """The message names net and phase."""
    text = "- {name: in, type: Input, phase: test, batch_size: 1, shapes: {x: [1]}, tops: [x]}"
    with pytest.raises(
        TopologyError, match=r"^net.yaml:1:1: net 'net' has no layers in phase train$"
    ):
        compiled(text)


@pytest.mark.parametrize(
    ("keep", "apart"), [("all", {"c", "a", "b", "z"}), (["a"], {"a"}), (["a", "z"], {"a", "z"})]
)
def test_kept_blobs_share_their_bytes_with_no_other(keep, apart):
    """They can be read when the pass is over."""
    net = compiled(keep=keep)
    assert not apart & {blob.name for blob in net.plan.shared if not blob.is_internal}
    assert net.plan.n_bytes >= compiled(keep="needed").plan.n_bytes


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ("al", r"^keep: expected 'all', 'needed' or a list of blob names, found the text 'al'\n"),
        (["xy"], r"^keep: there is no blob 'xy'\n  expected one of: a, b, c, image, label, z"),
        (["lable"], r"^keep: there is no blob 'lable'\n  did you mean 'label'\?$"),
    ],
)
def test_what_cannot_be_kept(keep, message):
    """Another word, or a blob that is not the user's."""
    with pytest.raises(SpecError, match=message):
        compiled(keep=keep)


def test_an_error_in_a_declaration_is_placed():
    """A layer's own message gets the layer and its line."""
    text = NET.replace(
        "output_dim: 5, bottoms: [c]", "output_dim: 5, weight_init: Bilinear, bottoms: [c]"
    )
    with pytest.raises(
        ShapeError, match=r"^net.yaml:14:3: layer 'ip' \(InnerProduct\): Bilinear fills square"
    ):
        compiled(text)
