"""Layers that arrange, reduce and look up."""

import numpy as np
import pytest
from support.caffe_nets import INPUTS, all_of, layers_of, one, refused, translated


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('type: "Concat" bottom: "z" concat_param { axis: -1 }', {"type": "Concat", "axis": 3}),
        ('type: "Concat" bottom: "z" concat_param { concat_dim: 2 }',
         {"type": "Concat", "axis": 2}),
        ('type: "Concat"', {"type": "Identity"}),
        ('type: "Slice" top: "w" slice_param { slice_point: 1 }',
         {"type": "Slice", "axis": 1, "slice_points": [1]}),
        ('type: "Slice"', {"type": "Identity"}),
        ('type: "Flatten" flatten_param { axis: 2 }',
         {"type": "Flatten", "axis": 2, "end_axis": 3}),
        ('type: "Tile" tile_param { axis: 2 tiles: 3 }', {"type": "Tile", "axis": 2, "tiles": 3}),
        ('type: "Reduction" reduction_param { operation: SUMSQ axis: 1 }',
         {"type": "Reduction", "operation": "SquareSum", "axis": 1, "coef": 1.0}),
        ('type: "ArgMax" argmax_param { axis: 1 }', {"type": "Argmax", "axis": 1}),
        ('type: "ArgMax" argmax_param { axis: 1 top_k: 2 out_max_val: true }',
         {"type": "Argmax", "axis": 1, "top_k": 2, "values": True}),
        ('type: "Permute" permute_param { order: [0, 2, 3, 1] }',
         {"type": "Permute", "axes": [2, 3, 1]}),
        ('type: "Permute" permute_param { order: [0, 3] }',
         {"type": "Permute", "axes": [3, 1, 2]}),
        ('type: "Reshape" reshape_param { shape { dim: [0, -1, 6] } }',
         {"type": "Reshape", "shape": [24, 6]}),
        ('type: "Reshape" reshape_param { axis: 2 num_axes: 0 shape { dim: 1 } }',
         {"type": "Reshape", "shape": [4, 1, 6, 6]}),
        ('type: "Reshape" reshape_param { axis: 1 shape { dim: [0, 36] } }',
         {"type": "Reshape", "shape": [4, 36]}),
    ],
)  # fmt: skip
def test_layers(body, wanted):
    """Axes counted from the front, old names of properties, shapes worked out."""
    assert one(f'bottom: "x" {body} top: "y"') == wanted


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('type: "Concat" concat_param { axis: 1 concat_dim: 1 }', "both 'axis' and the old"),
        ('type: "Slice" slice_param { slice_point: 1 }', "has 1 slice points and 1 tops"),
        ('type: "Tile"', "'tiles' is missing"),
        ('type: "ArgMax" argmax_param { top_k: 0 }', "'top_k' is 0"),
        ('type: "ArgMax" argmax_param { axis: 1 top_k: 5 }', "top_k 5 is more than the 4 places"),
        ('type: "Permute" permute_param { order: [0, 1, 1] }', "order [0, 1, 1] does not fit"),
        ('type: "ShuffleChannel" shuffle_channel_param { group: 3 }', "cut into 3 groups"),
        ('type: "Reshape" reshape_param { shape { dim: [2, 5] } }', "not as many elements"),
        ('type: "BatchReindex" bottom: "z"', "expected one number for each sample"),
        ('type: "Parameter" parameter_param { shape { dim: 0 } }', "has 1 bottoms, expected 0"),
        ('type: "Reshape" reshape_param { shape { dim: [-2, -1] } }', "not as many elements"),
        ('type: "Embed" embed_param { num_output: 2 }', "'input_dim' is missing"),
    ],
)
def test_what_is_refused(body, said):
    """With the reason."""
    refused(f'bottom: "x" {body} top: "y"', said)


def test_argmax_over_a_sample():
    """Flattened first; the top has the axes that Caffe's has."""
    layers = layers_of('type: "ArgMax" bottom: "s" top: "y"')
    assert [layer["type"] for layer in layers] == ["Flatten", "Argmax", "Reshape"]
    assert layers[-1]["shape"] == [1, 1]


def test_the_largest_of_a_sample_with_their_values():
    """Indices above values, as Caffe has them."""
    layers = layers_of(
        'type: "ArgMax" bottom: "x" top: "y" argmax_param { top_k: 3 out_max_val: 1 }'
    )
    assert [layer["type"] for layer in layers] == [
        *("Flatten", "Argmax", "Argmax", "Concat", "Reshape"),
    ]
    assert layers[-1]["shape"] == [2, 3, 1]


def test_reduction_over_the_batch():
    """As a loss it is the sum over everything."""
    body = 'type: "Reduction" bottom: "%s" top: "y" loss_weight: 3 %s'
    layers = layers_of(body % ("x", "reduction_param { operation: ASUM coeff: 2 }"))
    assert layers[0].items() >= {"operation": "AbsSum", "coef": 2.0}.items()
    assert layers[1].items() >= {"type": "SumLoss", "loss_weight": 6.0}.items()
    mean = layers_of(body % ("label", "reduction_param { operation: MEAN }"))
    assert [layer["type"] for layer in mean] == ["Reshape", "Reduction", "SumLoss"]
    assert mean[-1]["loss_weight"] == 3.0
    assert len(layers_of(body % ("label", "reduction_param { coeff: 2 }"))) == 1


def test_shuffle_channel():
    """Groups change places with what is in them."""
    layers = layers_of(
        'type: "ShuffleChannel" bottom: "x" top: "y" shuffle_channel_param { group: 2 }'
    )
    assert [layer.get("shape", layer.get("axes")) for layer in layers] == [
        *([2, 2, 6, 6], [2, 1, 3, 4], [4, 6, 6]),
    ]


def test_inner_product():
    """Its axis; a transposed weight's filler counts its own inputs."""
    body = 'type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 3 %s }'
    assert one(body % "axis: -1")["axis"] == 3
    found = one(body % 'transpose: true weight_filler { type: "xavier" }')
    assert found["weight_init"] == {
        "type": "Uniform",
        "low": -1.0,
        "high": 1.0,
    }  # 3 inputs, it says


def test_silence():
    """Of the value of a loss there is nothing to be silenced."""
    assert one('type: "Silence" bottom: "x"') == {"type": "Silence"}


@pytest.mark.parametrize(
    ("body", "made"),
    [
        ('type: "Concat" bottom: "z" concat_param { axis: 0 }', ("Concat", {"axis": 1})),
        ('type: "Flatten" flatten_param { axis: 0 end_axis: 1 }',
         ("Flatten", {"axis": 1, "end_axis": 2})),
        ('type: "Permute" permute_param { order: [1, 0] }', ("Permute", {"axes": [2, 1, 3, 4]})),
        ('type: "Reshape" reshape_param { shape { dim: -1 } }', ("Reshape", {"shape": [288]})),
        ('type: "Softmax" softmax_param { axis: -4 }', ("Softmax", {"axis": 1})),
        ('type: "Slice" slice_param { axis: 0 } top: "w"', ("Slice", {"axis": 1})),
        ('type: "Tile" tile_param { axis: 0 tiles: 3 }', ("Tile", {"axis": 1, "tiles": 3})),
        ('type: "InnerProduct" inner_product_param { num_output: 2 axis: 0 }',
         ("InnerProduct", {"axis": 1})),
    ],
)  # fmt: skip
def test_along_the_batch(body, made):
    """The batch is joined to one sample, and parted behind the layer."""
    layers = all_of(f'bottom: "x" {body} top: "y"')
    kinds = [layer["type"] for layer in layers]
    middle = [layer for layer in layers if layer["type"] == made[0]]
    assert len(middle) == 1
    assert middle[0].items() >= made[1].items()
    assert kinds[0] == "JoinSamples"
    assert kinds[-1] == "PartSamples"
    assert {top for layer in layers for top in layer["tops"]} >= {"y"}


def test_one_number_of_all_the_batch():
    """A Reduction of everything: an axis of one."""
    layers = all_of('bottom: "x" type: "Reduction" top: "y"')
    assert [layer["type"] for layer in layers] == ["JoinSamples", "Reduction"]
    assert layers[1]["tops"] == ["y"]


def test_samples_by_their_numbers():
    """Labels of four axes are flat."""
    assert one('type: "BatchReindex" bottom: "x" bottom: "label" top: "y"') == {
        "type": "TakeSamples"
    }
    layers = layers_of('type: "BatchReindex" bottom: "x" bottom: "label4" top: "y"')
    assert [layer["type"] for layer in layers] == ["Reshape", "TakeSamples"]


def test_parameter():
    """Of a shape, or one number; it learns."""
    text = 'layer { name: "l" type: "Parameter" top: "y" param { lr_mult: 2 } %s }'
    shaped = translated(INPUTS + text % "parameter_param { shape { dim: [2, 3] } }").layers[-1]
    assert shaped.made.layers[0].items() >= {"shape": [2, 3], "value_lr": 2.0}.items()
    (filled,) = translated(INPUTS + text % "").layers[-1].made.filled
    assert filled.convert([np.float32(7)]).shape == (1,)
