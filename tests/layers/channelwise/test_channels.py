"""Blocks of channels."""

from types import SimpleNamespace

import numpy as np
import pytest

from graphnet.errors import ShapeError
from graphnet.layers.channelwise.channels import (
    MOST_STEPS,
    all_but_channels,
    beside,
    channel_blocks,
    check_channels,
    check_extent,
)
from graphnet.net.load_net import load_net


@pytest.mark.parametrize("shape", [(4, 7, 5, 5), (100, 7), (1, 1), (3, 64, 2)])
@pytest.mark.parametrize("size", [1, 250, 2**16])
def test_blocks(shape, size):
    """They cover every channel once, in order, and are no larger than one channel must be."""
    per_channel = int(np.prod(shape)) // shape[1]
    backend = SimpleNamespace(parts_at_once=lambda n, each: min(n, max(1, size // each)))
    blocks = channel_blocks(shape, backend)
    channels = list(range(shape[1]))
    assert [c for block in blocks for c in channels[block]] == channels
    assert all((b.stop - b.start) * per_channel <= max(size, per_channel) for b in blocks)


def test_beside():
    """Values of channels broadcast along axis 1."""
    x = np.zeros((2, 3, 4, 5))
    assert (x + beside(np.arange(3.0), 4))[1, :, 2, 3].tolist() == [0, 1, 2]
    assert (x[..., 0, 0] + beside(np.arange(3.0), 2))[1].tolist() == [0, 1, 2]


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2), (4, 3, 2, 5)])
def test_sums(shape):
    """Sums run over every axis but that of the channels."""
    x = np.random.default_rng(0).standard_normal(shape)
    expected = [np.square(x[:, c]).sum() for c in range(3)]
    np.testing.assert_allclose(np.square(x).sum(all_but_channels(len(shape))), expected)


def test_check_channels():
    """A blob of one axis has no channels."""
    check_channels((4, 3))
    with pytest.raises(ShapeError, match=r"shape 4 has no channels\n  expected \(N, C, …\)"):
        check_channels((4,))


def test_check_extent():
    """Rows and elements of windows are gone through one by one: there is an end to it."""
    check_extent((2, 3, MOST_STEPS, 4), MOST_STEPS, 1)
    with pytest.raises(ShapeError, match="would be gone through in 65,537 steps"):
        check_extent((2, 3, MOST_STEPS + 1, 4), 3, MOST_STEPS + 1)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ({"type": "Pooling", "global": True}, [1, 100_000, 2]),
        ({"type": "Pooling", "kernel": [1, 70_000]}, [1, 2, 70_001]),
        ({"type": "Pooling", "kernel": 1}, [1, 70_000, 2]),
        ({"type": "SPP", "pyramid_height": 1}, [1, 2, 100_000]),
        ({"type": "Convolution", "n_filter": 1, "kernel": 1}, [1, 70_000, 2]),
        ({"type": "Convolution", "n_filter": 1, "kernel": [1, 70_000]}, [1, 1, 70_000]),
        ({"type": "Convolution1D", "n_filter": 1, "kernel": 70_000}, [1, 70_000]),
        ({"type": "Convolution3D", "n_filter": 1, "kernel": 1}, [1, 1, 70_000, 2]),
        ({"type": "Deconvolution", "n_filter": 1, "stride": [40_000, 1]}, [1, 3, 2]),
        ({"type": "Deconvolution", "n_filter": 1, "kernel": 1000}, [1, 3, 3]),
        ({"type": "Convolution", "n_filter": 1, "kernel": [1, 600]}, [1, 600, 600]),
        ({"type": "Im2col", "kernel": 300}, [1, 300, 300]),
    ],
    ids=lambda value: value.get("type") if isinstance(value, dict) else None,
)
def test_layers_of_too_many_parts(layer, shape):
    """Binding them would take longer, and more memory, than anything they could do."""
    feed = {"name": "in", "type": "Input", "batch_size": 1, "shapes": {"x": shape}, "tops": ["x"]}
    layers = [feed, {"name": "l", "bottoms": ["x"], "tops": ["y"], **layer}]
    with pytest.raises(ShapeError, match="expected at most 65,536: let a long axis be the width"):
        load_net({"name": "n", "layers": layers}, "test")
