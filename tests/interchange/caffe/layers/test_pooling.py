"""Pooling and SPP."""

import pytest
from support.caffe_nets import INPUTS, layers_of, one, refused, translated

POOL = 'type: "Pooling" bottom: "x" top: "y" pooling_param { %s }'


def test_pooling():
    """A mean divides by the padded part; global pooling; rounding down."""
    assert one(POOL % "kernel_size: 3 stride: 2")["pooling"] == "Max"
    assert one(POOL % "pool: AVE kernel_size: 3 pad: 1")["divisor"] == "padded"
    assert one(POOL % "pool: AVE global_pooling: true")["global"] is True
    assert one(POOL % "kernel_size: 3 stride: 2 round_mode: FLOOR")["round_mode"] == "floor"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("pool: STOCHASTIC kernel_size: 2 pad: 1", "pads a stochastic pooling, which Caffe"),
        ("pool: STOCHASTIC kernel_size: 1 stride: 9", "of which nothing can be drawn"),
        ("kernel_size: 2 stride: 0", "'stride' is 0, expected at least 1"),
        ("kernel_size: 2 global_pooling: true", "has both 'global_pooling' and 'kernel_size'"),
        ("kernel_h: 3 kernel_w: 1 stride_h: 2 stride_w: 4", "and others over the edge, or a mask"),
        ("kernel_size: 2 pad: 2", "pad 2×2 must be less than kernel"),
    ],
)
def test_poolings_that_are_refused(keys, said):
    """With the key's place where there is one."""
    refused(POOL % keys, said)
    second = (POOL % "pool: AVE kernel_size: 2").replace('top: "y"', 'top: "y" top: "m"')
    refused(second, "which only MAX has")
    refused(second.replace("AVE", "STOCHASTIC"), "which only MAX has")


def test_stochastic_pooling():
    """A layer of its own; of the whole plane, too."""
    assert one(POOL % "pool: STOCHASTIC kernel_size: 3 stride: 2 round_mode: FLOOR") == {
        "type": "StochasticPooling", "kernel": [3, 3], "stride": [2, 2], "pad": [0, 0],
        "round_mode": "floor",
    }  # fmt: skip
    assert one(POOL % "pool: STOCHASTIC global_pooling: true")["global"] is True


def test_the_places_of_maxima():
    """A layer of their own; and numbers back to them."""
    pool = (POOL % "kernel_size: 2 stride: 2 round_mode: FLOOR").replace('"y"', '"y" top: "m"')
    text = f'{INPUTS} layer {{ name: "l" {pool} }} layer {{ name: "up" type: "Upsample" %s }}'
    for keys, size in [
        ("", [6, 6]),
        ("scale: 3 pad_out_h: true", [8, 9]),
        ("upsample_h: 7 upsample_w: 6", [7, 6]),
    ]:
        up = f'bottom: "y" bottom: "m" top: "u" upsample_param {{ {keys} }}'
        found = translated(text % up)
        assert not found.problems
        first, second = found.layers[-2].made.layers
        assert (second["type"], second["tops"]) == ("PoolingMask", ["m"])
        assert {k: second[k] for k in ("kernel", "stride", "pad", "round_mode")} == {
            k: first[k] for k in ("kernel", "stride", "pad", "round_mode")
        }
        (unpool,) = found.layers[-1].made.layers
        assert (unpool["type"], unpool["size"]) == ("Unpool", size)


def test_spp():
    """Of one level its top keeps four axes."""
    spp = 'type: "SPP" bottom: "x" top: "y" spp_param { pyramid_height: %d }'
    assert [layer["type"] for layer in layers_of(spp % 1)] == ["SPP", "Reshape"]
    assert one(spp % 2)["pyramid_height"] == 2
    stochastic = (spp % 2).replace("height: 2", "height: 2 pool: STOCHASTIC")
    refused(stochastic, "is stochastic, and graphnet's SPP gives maxima or means")
    refused(spp % 4, "level 3 cuts 6 pixels into 8 parts, which Caffe refuses")


def test_windows_outside():
    """Rows and columns of what Caffe has there: the lowest number, or 0."""
    windows, pad = layers_of(POOL % "kernel_size: 1 stride: 4")
    assert windows["round_mode"] == "floor"
    assert pad["pad"] == [0, 1, 0, 1]
    assert pad["value"] < -3.4e38
    mean = layers_of(POOL % "pool: AVE kernel_h: 2 kernel_w: 1 stride_h: 2 stride_w: 4")
    assert mean[1]["pad"] == [0, 0, 0, 1]
    assert "value" not in mean[1]
