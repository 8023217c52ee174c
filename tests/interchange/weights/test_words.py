"""What other frameworks call params."""

import pytest

from graphnet.interchange.weights.words import says_layout, split_name, words_for


@pytest.mark.parametrize(
    ("name", "layer", "param"),
    [
        ("conv1.weight", "conv1", "weight"),
        ("features.0.weight", "features.0", "weight"),
        ("conv1/kernel:0", "conv1", "kernel"),
        ("inception_3a/1x1.filter", "inception_3a/1x1", "filter"),
        ("conv1___filter", "conv1", "filter"),
        ("a_b___c___bias", "a_b___c", "bias"),
        ("a___b.filter", "a___b", "filter"),
        ("ip1[2]", "ip1", "[2]"),
        ("lstm.weight_ih_l0", "lstm", "weight_ih_l0"),
        ("lstm.weight_ih_l1", "lstm_l1", "weight_ih_l0"),
        ("rnn.lstm.bias_hh_l12", "rnn.lstm_l12", "bias_hh_l0"),
        ("weight", "", "weight"),
        ("arr_0", "", "arr_0"),
        ("", "", ""),
    ],
)
def test_names_in_two(name, layer, param):
    """The layer's part and the param's."""
    assert split_name(name) == (layer, param)


def first(layer_type, param, *there):
    """The first way in which the names that are there fill a param."""
    ways = words_for(layer_type, param, 0, there)
    return next((way for way in ways if set(way[0]) <= set(there)), None)


def test_pytorch():
    """Its names, and the order of its gates."""
    assert first("Convolution", "filter", "weight") == (("weight",), ())
    assert first("BatchNorm", "scale", "weight", "bias") == (("weight",), ())
    assert first("BatchNorm", "variance", "running_var") == (("running_var",), ())
    assert first("LSTM", "weight_x", "weight_ih_l0") == (("weight_ih_l0",), ("gates ifgo",))
    both = ("bias_ih_l0", "bias_hh_l0")
    assert first("LSTM", "bias", *both) == (both, ("sum", "gates ifgo"))
    assert first("GRU", "bias", *both) == (both, ("gru biases",))
    assert first("GRU", "weight_x", "weight_ih_l0") == (("weight_ih_l0",), ())
    assert first("RNN", "bias", *both) == (both, ("sum",))


def test_keras():
    """A kernel has its outputs last; so a bias beside one has Keras's order of gates, too."""
    assert first("Convolution", "filter", "kernel") == (("kernel",), ("HWIO",))
    assert first("InnerProduct", "weight", "kernel") == (("kernel",), ("transposed",))
    lstm = ("kernel", "recurrent_kernel", "bias")
    assert first("LSTM", "weight_x", *lstm) == (("kernel",), ("transposed", "gates ifgo"))
    assert first("LSTM", "bias", *lstm) == (("bias",), ("gates ifgo",))
    assert first("GRU", "weight_x", *lstm) is None  # its biases say which of two kinds it is
    assert first("Embed", "weight", "embeddings") == (("embeddings",), ())
    assert says_layout("dense/kernel:0")
    assert not says_layout("dense.weight")


def test_its_own_names_come_first():
    """What graphnet has written is taken as it is."""
    assert first("LSTM", "weight_x", "weight_x", "bias") == (("weight_x",), ())
    assert first("LSTM", "bias", "weight_x", "bias") == (("bias",), ())
    assert first("InnerProduct", "weight", "weight") == (("weight",), ())
    assert first("InnerProduct", "weight", "[1]") == (("[1]",), ())
