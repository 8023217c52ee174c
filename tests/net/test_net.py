"""Net: running, sharing params, phases, statistics."""

from __future__ import annotations

import shutil

import h5py
import numpy as np
import pytest
from support.nets import INPUT, net_of, net_spec

import graphnet as gn
from graphnet.errors import ShapeError

TWO_LAYERS = f"""
    - {INPUT}
    - {{name: a, type: InnerProduct, output_dim: 6, neuron: Tanh, bottoms: [x], tops: [a]}}
    - {{name: b, type: InnerProduct, output_dim: 3, bottoms: [a], tops: [b]}}
    - {{name: loss, type: SoftmaxLoss, bottoms: [b, label]}}
    - {{name: accuracy, type: Accuracy, phase: test, bottoms: [b, label]}}
"""


def test_a_net_built_from_specs_equals_one_from_yaml():
    """The same spec classes are used from Python and from YAML."""
    layers = gn.layers
    specs = [
        layers.Input(name="in", batch_size=4, shapes={"x": [5], "label": []}, tops=["x", "label"]),
        layers.InnerProduct(name="a", output_dim=6, neuron="Tanh", bottoms=["x"], tops=["a"]),
        layers.InnerProduct(name="b", output_dim=3, bottoms=["a"], tops=["b"]),
        layers.SoftmaxLoss(name="loss", bottoms=["b", "label"]),
        layers.Accuracy(name="accuracy", phase="test", bottoms=["b", "label"]),
    ]
    from_python, from_yaml = gn.load_net(specs), net_of(TWO_LAYERS)
    assert from_python.compiled.spec.to_yaml() == net_spec(TWO_LAYERS, "net").to_yaml()
    np.testing.assert_array_equal(from_python.store.data, from_yaml.store.data)


def test_the_yaml_of_a_net_reads_back_as_the_same_net():
    """What a snapshot records is the declared net, nothing lost."""
    spec = net_spec(TWO_LAYERS)
    again = net_spec(spec.to_yaml())
    assert [n.spec for n in again.nodes] == [n.spec for n in spec.nodes]


def test_params_do_not_depend_on_the_order_or_company_of_layers():
    """Initial values are keyed by the seed and the param's name alone."""
    alone = net_of(f"""
        - {INPUT}
        - {{name: b, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [b]}}
    """)
    company = net_of(f"""
        - {INPUT}
        - {{name: z, type: InnerProduct, output_dim: 9, bottoms: [x], tops: [z]}}
        - {{name: b, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [b]}}
    """)
    np.testing.assert_array_equal(
        alone.params["b"]["weight"].data, company.params["b"]["weight"].data
    )


def test_layers_that_share_a_key_have_one_param_and_the_sum_of_gradients():
    """`param_key` shares values; the store's diff is the sum over its users."""
    text = f"""
        - {INPUT}
        - {{name: p, type: InnerProduct, output_dim: 5, param_key: KEY1, bottoms: [x], tops: [p]}}
        - {{name: q, type: InnerProduct, output_dim: 5, param_key: KEY2, bottoms: [p], tops: [q]}}
        - {{name: loss, type: SoftmaxLoss, bottoms: [q, label]}}
    """
    shared = net_of(text.replace("KEY1", "k").replace("KEY2", "k"), dtype="float64")
    apart = net_of(text.replace("KEY1", "p").replace("KEY2", "q"), dtype="float64")
    for net_layer in ("p", "q"):
        for name in ("weight", "bias"):
            apart.params[net_layer][name].data[...] = shared.store.params["k"][name].data
    for net in (shared, apart):
        net.forward()
        net.backward()
    assert list(shared.store.params) == ["k"]
    for name in ("weight", "bias"):
        expected = apart.params["p"][name].diff + apart.params["q"][name].diff
        np.testing.assert_allclose(shared.store.params["k"][name].diff, expected, rtol=1e-12)


def test_layers_that_share_a_key_must_agree_on_shapes():
    """The message names both layers and both shapes."""
    text = f"""
        - {INPUT}
        - {{name: p, type: InnerProduct, output_dim: 5, param_key: k, bottoms: [x], tops: [p]}}
        - {{name: q, type: InnerProduct, output_dim: 4, param_key: k, bottoms: [p], tops: [q]}}
    """
    with pytest.raises(ShapeError, match="shares 'k' with layer 'p', but its weight is") as caught:
        net_of(text)
    assert str(caught.value).startswith("net.yaml:4:3: layer 'q' (InnerProduct): ")


def test_a_net_shares_the_params_of_another():
    """`share=` gives a test net the training net's params, not a copy of them."""
    train = net_of(TWO_LAYERS)
    test = gn.load_net(net_spec(TWO_LAYERS), phase="test", share=train)
    train.params["b"]["bias"].data[...] = [1, 2, 3]
    np.testing.assert_array_equal(test.params["b"]["bias"].data, [1, 2, 3])


def test_sharing_with_a_net_of_other_shapes_lists_what_does_not_fit():
    """The message says which params, and both shapes."""
    train = net_of(TWO_LAYERS)
    other = net_spec(TWO_LAYERS.replace("output_dim: 6", "output_dim: 7"))
    with pytest.raises(ShapeError, match=r"its weight is 7×5 in this net and 6×5 in the net"):
        gn.load_net(other, share=train)


def test_the_diff_of_a_blob_with_several_readers_is_their_sum():
    """The Split the net inserts adds up; the reader sees it under the blob's name."""
    net = net_of(
        f"""
        - {INPUT}
        - {{name: a, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [a]}}
        - {{name: b, type: Tanh, bottoms: [a], tops: [b]}}
        - {{name: loss1, type: SoftmaxLoss, bottoms: [a, label]}}
        - {{name: loss2, type: SoftmaxLoss, loss_weight: 0.5, bottoms: [b, label]}}
        """,
        dtype="float64",
    )
    net.forward()
    net.backward()
    a, b = net.blobs["a"], net.blobs["b"]
    onehot = np.eye(3)[np.arange(4) % 3]

    def softmax(v):
        e = np.exp(v - v.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    first = (softmax(a.data) - onehot) / 4
    second = 0.5 * (softmax(b.data) - onehot) / 4 * (1 - b.data**2)
    np.testing.assert_allclose(a.diff, first + second, rtol=1e-10)


def test_an_error_while_running_names_the_layer_and_its_place():
    """A label out of range is found in forward and located in the YAML."""
    net = net_of(TWO_LAYERS)
    net.fed("label")[...] = 7
    with pytest.raises(gn.GraphnetError, match=r"^net.yaml:5:3: layer 'loss' \(SoftmaxLoss\): "):
        net.forward()


def test_the_first_bad_layer_is_found():
    """A NaN param names its layer; so does a top that overflows."""
    net = net_of(TWO_LAYERS)
    net.forward()
    assert net.first_bad_layer() is None
    net.params["b"]["weight"].data[0, 0] = np.nan
    assert net.first_bad_layer() == "b"
    net.params["b"]["weight"].data[0, 0] = 0
    net.fed("x")[0, 0] = np.inf
    assert net.first_bad_layer() == "in"


def test_data_fingerprints(tmp_path):
    """Of the files each data layer reads, in every phase; what is part of graphnet has none."""
    a, b = paths = [tmp_path / name for name in ("a.h5", "b.h5")]
    for i, path in enumerate(paths):
        with h5py.File(path, "w") as file:
            file["x"] = np.full((4, 5), i, "float32")
    spec = net_spec(f"""
    - {{name: train, type: HDF5Data, phase: train, source: {a}, batch_size: 2, tops: [x]}}
    - {{name: test, type: HDF5Data, phase: test, source: {b}, batch_size: 2, tops: [x]}}
    - {{name: ip, type: InnerProduct, output_dim: 2, bottoms: [x], tops: [y]}}
    """)
    before = gn.load_net(spec).data_fingerprints()
    assert before.keys() == {"train", "test"}
    assert before["train"] != before["test"]
    shutil.copyfile(a, b)
    after = gn.load_net(spec).data_fingerprints()
    assert after == {"train": before["train"], "test": {str(b): before["train"][str(a)]}}


def test_evaluation_hands_out_each_batch():
    """While the blobs hold it, with the number of its first sample; the last is not full."""
    data = {"name": "d", "type": "MemoryData", "batch_size": 4, "tops": ["x"]}
    loss = {"name": "l", "type": "SquareLoss", "bottoms": ["x", "x"]}
    net = gn.load_net({"layers": [data, loss]}, "test", inputs={"x": np.arange(10.0)[:, None]})
    seen = []
    found = net.evaluate(
        each=lambda first: seen.append((first, net.blobs["x"].data[: net.n_valid].ravel().tolist()))
    )
    assert found.samples == 10
    assert seen == [(0, [0, 1, 2, 3]), (4, [4, 5, 6, 7]), (8, [8, 9])]


def test_the_place_of_a_sample():
    """In words; the layer stands afterwards where it stood."""
    data = {"name": "d", "type": "MemoryData", "batch_size": 4, "tops": ["x"], "shuffle": True}
    net = gn.load_net([data], inputs={"x": np.arange(10.0)[:, None]})
    (layer,) = net.data_layers
    net.forward()
    order = [int(layer.place_of(i).rpartition(" ")[2]) for i in range(10)]
    assert sorted(order) == list(range(10))
    assert layer.cursor == 4
    net.forward()
    assert net.blobs["x"].data.ravel().tolist() == order[4:8]
    assert gn.load_net([data | {"shapes": {"x": [1]}}]).data_layers[0].place_of(0) is None
