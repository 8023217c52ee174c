"""Layers for Caffe; how whole nets are written is tested with exporting."""

import pytest

from graphnet.errors import GraphnetError
from graphnet.interchange.caffe.exporting import exported
from graphnet.interchange.caffe.writers.layers import EXPORTS
from graphnet.layers import LAYER_TYPES
from graphnet.net.spec import read_net


def written(**keys):
    """A layer on images, as Caffe has it, without name, bottoms and tops."""
    net = read_net(
        [
            {"name": "in", "type": "Input", "batch_size": 2, "shapes": {"x": [4, 6, 6]},
             "tops": ["x"]},
            {"name": "l", "bottoms": ["x"], "tops": ["y"], **keys},
        ]
    )  # fmt: skip
    plain = exported(net, "test")[1].part.message.plain()
    return {key: value for key, value in plain.items() if key not in ("name", "bottom", "top")}


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ({"type": "Tanh"}, {"type": "TanH"}),
        ({"type": "Power", "scale": 2},
         {"type": "Power", "power_param": {"power": 1.0, "scale": 2.0, "shift": 0.0}}),
        ({"type": "Pooling", "kernel": 2, "stride": 2},
         {"type": "Pooling", "pooling_param": {"kernel_size": 2, "stride": 2}}),
        ({"type": "Pooling", "kernel": 3, "stride": 2, "round_mode": "floor"},
         {"type": "Pooling",
          "pooling_param": {"kernel_size": 3, "stride": 2, "round_mode": "FLOOR"}}),
        ({"type": "Pooling", "pooling": "Mean", "kernel": 2, "stride": 2},
         {"type": "Pooling", "pooling_param": {"pool": "AVE", "kernel_size": 2, "stride": 2}}),
        ({"type": "Reshape", "shape": [144]},
         {"type": "Reshape", "reshape_param": {"shape": {"dim": [0, 144]}}}),
        ({"type": "Identity"}, {"type": "Split"}),
        ({"type": "StopGradient"}, {"type": "Split", "propagate_down": [False]}),
        ({"type": "Argmax", "top_k": 2, "values": True},
         {"type": "ArgMax", "argmax_param": {"axis": 1, "top_k": 2, "out_max_val": True}}),
        ({"type": "Permute", "axes": [2, 3, 1]},
         {"type": "Permute", "permute_param": {"order": [0, 2, 3, 1]}}),
        ({"type": "Upsample", "scale": [2, 3]},
         {"type": "Upsample", "upsample_param": {"scale_h": 2, "scale_w": 3}}),
        ({"type": "Upsample", "size": 12},
         {"type": "Upsample", "upsample_param": {"scale": 2}}),
        ({"type": "PoolingMask", "kernel": 3, "stride": 2},
         {"type": "Pooling", "pooling_param": {"kernel_size": 3, "stride": 2}}),
        ({"type": "StochasticPooling", "kernel": 3, "stride": 2},
         {"type": "Pooling",
          "pooling_param": {"pool": "STOCHASTIC", "kernel_size": 3, "stride": 2}}),
        ({"type": "StochasticPooling", "global": True},
         {"type": "Pooling",
          "pooling_param": {"pool": "STOCHASTIC", "global_pooling": True}}),
        ({"type": "Unpool", "size": 9, "bottoms": ["x", "x"]},
         {"type": "Upsample", "upsample_param": {"upsample_h": 9, "upsample_w": 9}}),
        ({"type": "Interp", "scale": 2},
         {"type": "Interp", "interp_param": {"height": 12, "width": 12}}),
        ({"type": "Im2col", "kernel": 3, "pad": [1, 0]},
         {"type": "Im2col", "convolution_param": {"kernel_size": [3], "pad": [1, 0]}}),
        ({"type": "JoinSamples"},
         {"type": "Reshape", "reshape_param": {"shape": {"dim": [1, 2, 4, 6, 6]}}}),
        ({"type": "PartSamples"},
         {"type": "Reshape", "reshape_param": {"shape": {"dim": [8, 6, 6]}}}),
        ({"type": "Parameter", "shape": [3, 2], "bottoms": []},
         {"type": "Parameter", "parameter_param": {"shape": {"dim": [3, 2]}},
          "param": [{"lr_mult": 1.0, "decay_mult": 0.0}]}),
        ({"type": "Scale", "bottoms": ["x", "x"]}, {"type": "Scale", "scale_param": {"axis": 0}}),
        ({"type": "SumLoss", "tops": [], "loss_weight": -3},
         {"type": "Reduction", "loss_weight": [-1.5]}),
    ],
)  # fmt: skip
def test_layers(keys, wanted):
    """By Caffe's names."""
    assert written(**keys) == wanted


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"type": "Pad", "pad": 1}, "Caffe has no layer like it"),
        ({"type": "Pooling", "pooling": "Mean", "kernel": 3, "stride": 2}, "divisor: kernel"),
        ({"type": "StochasticPooling", "kernel": 3, "pad": 1}, "Caffe pads maxima and means alone"),
        ({"type": "LRN", "mode": "WithinChannel", "shift": 2}, "Caffe's is 1 within channels"),
        ({"type": "Interp", "scale": 2, "align_corners": False}, "leaves the corners"),
        ({"type": "Upsample", "size": 9}, "Caffe's Upsample has whole factors"),
        ({"type": "PixelShuffle", "scale": 2}, "Caffe has no layer like it"),
        ({"type": "Normalize", "scale": False}, "scale: false"),
        ({"type": "Dropout", "auto_scale": False}, "auto_scale: false"),
        (
            {
                "type": "SigmoidCrossEntropyLoss",
                "bottoms": ["x", "x"],
                "tops": [],
                "positive_weight": 2,
            },
            "a positive_weight",
        ),
    ],
)
def test_what_is_refused(keys, said):
    """With the reason."""
    with pytest.raises(GraphnetError, match=said):
        written(**keys)


def test_the_table_names_layers_that_are_there():
    """And no others."""
    assert EXPORTS.keys() <= LAYER_TYPES.keys()
