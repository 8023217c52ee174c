"""Layers that work element by element, and those with a number for each channel."""

import numpy as np
import pytest
from support.caffe_nets import INPUTS, all_of, layers_of, one, refused, translated

from graphnet.interchange.caffe.files.blobs import StoredBlob


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('type: "ReLU"', {"type": "ReLU"}),
        ('type: "ReLU" relu_param { negative_slope: 0.1 }', {"type": "LReLU", "slope": 0.1}),
        ('type: "TanH"', {"type": "Tanh"}),
        ('type: "ELU" elu_param { alpha: 2 }', {"type": "ELU", "alpha": 2.0}),
        ('type: "Swish" swish_param { beta: 2 }', {"type": "Swish", "beta": 2.0}),
        ('type: "Clip" clip_param { min: -1 max: 1 }', {"type": "Clip", "min": -1.0, "max": 1.0}),
        ('type: "Threshold"', {"type": "Threshold", "threshold": 0.0}),
        ('type: "Power" power_param { scale: 2 }',
         {"type": "Power", "power": 1.0, "scale": 2.0, "shift": 0.0}),
        ('type: "Exp"', {"type": "Exp", "scale": 1.0, "shift": 0.0}),
        ('type: "Log" log_param { base: 2 }',
         {"type": "Log", "base": 2.0, "scale": 1.0, "shift": 0.0}),
        ('type: "Dropout" dropout_param { dropout_ratio: 0.3 }', {"type": "Dropout", "ratio": 0.3}),
        ('type: "AbsVal"', {"type": "AbsVal"}),
    ],
)  # fmt: skip
def test_neurons(body, wanted):
    """Each by its own name."""
    assert one(f'{body} bottom: "x" top: "y"') == wanted


def test_slopes_beyond_1():
    """A PReLU that does not learn."""
    found = one('type: "ReLU" relu_param { negative_slope: 1.5 } bottom: "x" top: "y"')
    assert found["type"] == "PReLU"
    assert found["frozen"] is True
    assert found["slope_init"] == {"type": "Constant", "value": 1.5}


def test_prelu():
    """Its filler is 0.25."""
    assert one('type: "PReLU" bottom: "x" top: "y"')["slope_init"]["value"] == 0.25


def test_eltwise():
    """Sum with coefficients, product, maximum."""
    eltwise = 'type: "Eltwise" bottom: "x" bottom: "z" top: "y" eltwise_param { %s }'
    assert one(eltwise % "") == {"type": "ElementWise", "operation": "Add"}
    assert one(eltwise % "coeff: [1, -1]")["coef"] == [1.0, -1.0]
    assert one(eltwise % "operation: 0")["operation"] == "Multiply"
    assert one(eltwise % "operation: MAX")["operation"] == "Max"
    refused(eltwise % "coeff: 1", "has 1 coefficients for 2 bottoms")
    refused(eltwise % "operation: MAX coeff: [1, 1]", "which only SUM takes")


def test_batch_norm():
    """Without an affine part, with Caffe's fraction."""
    bn = 'type: "BatchNorm" bottom: "x" top: "y" %s'
    assert one(bn % "") == {
        "type": "BatchNorm", "affine": False, "epsilon": 1e-5, "moving_average_fraction": 0.999,
    }  # fmt: skip
    assert one(bn % "batch_norm_param { use_global_stats: false }")["use_global_stats"] is False
    refused(bn % "param { lr_mult: 1 }", "its statistics are no params that learn")


def test_scale_and_bias():
    """Learned; or a second bottom, which begins with the batch axis."""
    assert one('type: "Scale" bottom: "x" top: "y" scale_param { bias_term: true }').items() >= {
        "axis": 1, "num_axes": 1, "bias": True, "scale_init": {"type": "Constant", "value": 1.0},
    }.items()  # fmt: skip
    assert one('type: "Bias" bottom: "x" top: "y" bias_param { axis: -1 }')["axis"] == 3
    two = 'type: "Scale" bottom: "x" bottom: "s" top: "y" scale_param { axis: %s }'
    assert one(two % "0") == {"type": "Scale"}
    channels = translated(
        INPUTS
        + 'layer { name: "f" type: "Parameter" top: "f" parameter_param { shape { dim: 4 } } }'
        'layer { name: "l" type: "Scale" bottom: "x" bottom: "f" top: "y"'
        " scale_param { bias_term: true } }"
    )
    factors, shifts = channels.layers[-1].made.layers
    assert (factors["type"], factors["axis"], factors["bottoms"]) == ("Scale", 1, ["x", "f"])
    assert (shifts["type"], shifts["axis"], shifts["num_axes"]) == ("Bias", 1, 1)
    assert [f.blobs for f in channels.layers[-1].made.filled] == [(0,)]
    bias = 'type: "Scale" bottom: "x" bottom: "z" top: "y" scale_param { axis: 0 bias_term: true }'
    refused(bias, "of the shape of all the batch")
    joined = all_of('type: "Scale" bottom: "x" top: "y" scale_param { axis: 0 num_axes: 2 }')
    assert [layer["type"] for layer in joined] == ["JoinSamples", "Scale", "PartSamples"]
    assert joined[1]["axis"] == 1
    refused('type: "Bias" bottom: "x" top: "y" bias_param { axis: 3 num_axes: 2 }', "go beyond")


def test_mvn():
    """Its top always has four axes."""
    assert [d["type"] for d in layers_of('type: "MVN" bottom: "s" top: "y"')] == ["Reshape", "MVN"]
    assert one('type: "MVN" bottom: "x" top: "y" mvn_param { eps: 1 }')["epsilon"] == 1.0


def test_normalize():
    """One number for all channels is an array of one; the sum runs over a whole sample."""
    body = 'type: "Normalize" bottom: "x" top: "y" %s'
    found = one(body % "norm_param { across_spatial: false channel_shared: false }")
    assert found.items() >= {"across_places": False, "channel_shared": False}.items()
    stored = [StoredBlob((), False, lambda: np.array(20.0))]
    entry = translated(f'{INPUTS} layer {{ name: "l" {body % ""} }}', stored={"l": stored})
    made = entry.layers[-1].made
    assert made.layers[0]["across_places"] is True
    assert made.filled[0].convert([stored[0].read()]).tolist() == [20.0]
