"""Layers with params, for Caffe; whole nets are written and read back with exporting."""

from graphnet.interchange.caffe.exporting import exported
from graphnet.net.spec import read_net


def parts(**keys):
    """A layer on images, as Caffe has it, with the shapes of its blobs."""
    return of_shape([4, 6, 6], **keys)


def of_shape(shape, **keys):
    """The same of samples of that shape."""
    net = read_net(
        [
            {"name": "in", "type": "Input", "batch_size": 2, "shapes": {"x": shape},
             "tops": ["x"]},
            {"name": "l", "bottoms": ["x"], "tops": ["y"], **keys},
        ]
    )  # fmt: skip
    return [(each.part.message.plain(), each.shapes) for each in exported(net, "test")[1:]]


def test_batch_norm_is_two_layers():
    """The statistics with a count of 1; scale and bias behind them, in place."""
    (bn, sums), (scale, affine) = parts(type="BatchNorm")
    assert (bn["type"], sums) == ("BatchNorm", [(4,), (4,), (1,)])
    assert (scale["type"], scale["bottom"], scale["top"]) == ("Scale", ["y"], ["y"])
    assert affine == [(4,), (4,)]
    assert len(parts(type="BatchNorm", affine=False)) == 1


def test_rates_and_decay():
    """What does not learn has rate 0; what is not regularized, decay 0."""
    ((ip, shapes),) = parts(type="InnerProduct", output_dim=3, frozen=True)
    assert [p["lr_mult"] for p in ip["param"]] == [0, 0]
    ((ip, shapes),) = parts(type="InnerProduct", output_dim=3)
    assert ip["param"] == [
        {"lr_mult": 1.0, "decay_mult": 1.0}, {"lr_mult": 2.0, "decay_mult": 0.0},
    ]  # fmt: skip
    assert shapes == [(3, 144), (3,)]


def test_normalize():
    """One number for all channels has no axis in Caffe."""
    ((norm, shapes),) = parts(type="Normalize", channel_shared=True, epsilon=0.25)
    assert norm["norm_param"] == {
        "across_spatial": False, "channel_shared": True, "eps": 0.25,
        "scale_filler": {"type": "constant", "value": 1.0},
    }  # fmt: skip
    assert shapes == [(1,)]


def test_filters_over_one_axis_and_three():
    """One number, or one for each axis."""
    ((conv, shapes),) = of_shape([4, 6], type="Convolution1D", n_filter=3, kernel=2, bias=False)
    assert (conv["type"], conv["convolution_param"]["kernel_size"]) == ("Convolution", [2])
    assert shapes == [(3, 4, 2)]
    keys = {"n_filter": 3, "kernel": [2, 1, 1], "pad": [1, 0, 0]}
    ((conv, shapes),) = of_shape([4, 2, 2, 2], type="Convolution3D", **keys)
    assert conv["convolution_param"]["pad"] == [1, 0, 0]
    assert shapes == [(3, 4, 2, 1, 1), (3,)]
