"""Convolutions and what stands beside them."""

import pytest
from support.caffe_nets import INPUTS, all_of, one, refused, translated

CONV = 'type: "Convolution" bottom: "x" top: "y" convolution_param { num_output: 4 %s }'


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ("kernel_size: 3", {"kernel": [3, 3], "stride": [1, 1], "pad": [0, 0]}),
        ("kernel_size: [3, 2] pad: 1", {"kernel": [3, 2], "pad": [1, 1]}),
        ("kernel_h: 2 kernel_w: 3 stride_h: 2 stride_w: 1 pad_w: 1",
         {"kernel": [2, 3], "stride": [2, 1], "pad": [0, 1]}),
        ("kernel_size: 3 dilation: 2 group: 2 bias_term: false",
         {"dilation": [2, 2], "n_group": 2, "bias": False}),
    ],
)  # fmt: skip
def test_convolution(keys, wanted):
    """A property once, for each axis, or by height and width."""
    assert one(CONV % keys).items() >= wanted.items()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("", "'kernel_size' is missing\n  expected it, or 'kernel_h' and 'kernel_w'"),
        ("kernel_size: 3 kernel_h: 2", "has both 'kernel_size' and 'kernel_h'"),
        ("kernel_h: 2", "has only one of 'kernel_h' and 'kernel_w'"),
        ("kernel_size: [1, 2, 3]", "has 'kernel_size' 3 times"),
        ("kernel_size: 3 group: 3", "4 channels and num_output 4 cannot be cut into 3 groups"),
        ("kernel_size: 9", "the filters do not fit"),
    ],
)
def test_convolutions_that_are_refused(keys, said):
    """By Caffe, or for want of an equal."""
    refused(CONV % keys, said)
    over_nothing = (CONV % "group: 2").replace('"x"', '"s"')
    refused(over_nothing, "has groups, but no axis that filters are slid over")


def test_convolutions_over_other_axes():
    """A product with channels that have no place, and channels behind axis 1."""
    found = one((CONV % "").replace('"x"', '"s"'))
    assert (found["type"], found["output_dim"]) == ("InnerProduct", 4)
    layers = all_of(CONV % "kernel_size: 3 axis: 2")
    assert [layer["type"] for layer in layers] == ["PartSamples", "Convolution1D", "JoinSamples"]
    assert (layers[1]["kernel"], layers[2]["size"]) == (3, 4)
    joined = all_of(CONV % "kernel_size: 3 axis: 0")
    assert [layer["type"] for layer in joined] == ["JoinSamples", "Convolution3D", "PartSamples"]


def test_im2col():
    """The windows of a convolution."""
    im2col = 'type: "Im2col" bottom: "x" top: "y" convolution_param { %s }'
    found = one(im2col % "kernel_size: 3 pad_h: 1 pad_w: 0 stride: 2")
    assert found == {"type": "Im2col", "kernel": [3, 3], "stride": [2, 2], "pad": [1, 0],
                     "dilation": [1, 1]}  # fmt: skip
    refused(im2col % "kernel_size: 3 axis: 2", "its channels on axis 1")


def test_deconvolution():
    """The filler of a bilinear one, and no learning."""
    found = one(
        'type: "Deconvolution" bottom: "x" top: "y" param { lr_mult: 0 } convolution_param {'
        " num_output: 4 group: 4 kernel_size: 4 stride: 2 pad: 1 bias_term: false"
        ' weight_filler { type: "bilinear" } }'
    )
    assert found["filter_init"] == {"type": "Bilinear"}
    assert found["frozen"] is True


def test_lrn():
    """Alpha and the mean over the window; k counts across channels alone."""
    lrn = 'type: "LRN" bottom: "x" top: "y" lrn_param { %s }'
    assert one(lrn % "k: 2 alpha: 0.5") == {
        "type": "LRN", "kernel": 5, "scale": 0.5, "power": 0.75, "shift": 2.0,
    }  # fmt: skip
    assert one(lrn % "norm_region: WITHIN_CHANNEL k: 3 local_size: 3")["shift"] == 1.0
    refused(lrn % "local_size: 4", "local_size 4 is even")


def test_crop():
    """Slices along each axis that is cut; what is left over is silenced."""
    text = INPUTS + (
        'layer { name: "p" type: "Pooling" bottom: "z" top: "small"'
        " pooling_param { kernel_size: 4 } }"
        'layer { name: "l" type: "Crop" bottom: "x" bottom: "small" top: "y"'
        " crop_param { offset: [1, 3] } }"
    )
    layers = translated(text).layers[-1].made.layers
    assert [(d["type"], d.get("axis"), d.get("slice_points")) for d in layers] == [
        ("Slice", 2, [1, 4]), ("Silence", None, None), ("Slice", 3, [3]), ("Silence", None, None),
    ]  # fmt: skip
    assert layers[2]["tops"] == ["y.before", "y"]
    refused('type: "Crop" bottom: "x" bottom: "z" top: "y" crop_param { offset: 1 }', "go beyond")


def test_depthwise():
    """As many groups as channels."""
    body = 'type: "DepthwiseConvolution" bottom: "x" top: "y" convolution_param { %s }'
    found = one(body % "num_output: 8 kernel_size: 3 bias_term: false")
    assert (found["type"], found["n_group"]) == ("Convolution", 4)
    refused(body % "num_output: 8 kernel_size: 3 group: 2", "its bottom has 4 channels")


def test_other_axes():
    """Sequences and volumes; of a deconvolution, sequences as images of one row."""
    keys = (
        '"l" type: "%s" bottom: "v" top: "y" convolution_param { num_output: 4 kernel_size: 2 %s }'
    )
    text = 'layer {{ name: "in5" type: "Input" top: "v" input_param {{ shape {{ dim: {} }} }} }}'
    for shape, kind, more, wanted in [
        ([2, 3, 8], "Convolution", "pad: 1", {"type": "Convolution1D", "kernel": 2, "pad": 1}),
        ([2, 3, 4, 4, 4], "Convolution", "stride: [2, 1, 1]",
         {"type": "Convolution3D", "kernel": [2, 2, 2], "stride": [2, 1, 1]}),
        ([2, 3, 8], "Deconvolution", "", {"kernel": [1, 2], "pad": [0, 0]}),
    ]:  # fmt: skip
        found = translated(f"{text.format(shape)} layer {{ name: {keys % (kind, more)} }}")
        assert not found.problems
        made = found.layers[-1].made.layers
        assert made[len(made) // 2].items() >= wanted.items()
    for shape, kind, more, said in [
        ([2, 3, 4, 4, 4, 4], "Convolution", "", "(N, C, H, W), (N, C, L), or (N, C, D, H, W)"),
        ([2, 3, 4, 4, 4], "Deconvolution", "", "(N, C, H, W), (N, C, L)"),
        ([2, 3, 8], "Convolution", "pad_h: 1", "for images alone"),
        ([2, 3, 8], "Deconvolution", '} param { name: "w" ', "shares params"),
    ]:
        (problem,) = translated(
            f"{text.format(shape)} layer {{ name: {keys % (kind, more)} }}"
        ).problems
        assert said in problem.message


def test_upsample():
    """By one factor or two."""
    body = 'type: "Upsample" bottom: "x" top: "y" upsample_param { %s }'
    assert one(body % "scale: 3")["scale"] == [3, 3]
    assert one(body % "scale_h: 2 scale_w: 1")["scale"] == [2, 1]
    refused(body % "scale: 0", "'scale' is 0")
    refused(body % "scale: 2 upsample_h: 9", "'upsample_h'")


@pytest.mark.parametrize(
    ("keys", "size"),
    [
        ("height: 4 width: 9", [4, 9]),
        ("zoom_factor: 3", [16, 16]),
        ("shrink_factor: 2", [3, 3]),
        ("shrink_factor: 5 zoom_factor: 4", [5, 5]),
    ],
)
def test_interp(keys, size):
    """A size, or whole factors of the bottom's 6 pixels."""
    body = 'type: "Interp" bottom: "x" top: "y" interp_param { %s }'
    assert one(body % keys)["size"] == size
    refused(body % f"{keys} pad_beg: -1", "'pad_beg: -1'")
    refused(body % "height: 3", "has neither")
    refused(body % "zoom_factor: 0", "'zoom_factor' is 0")
