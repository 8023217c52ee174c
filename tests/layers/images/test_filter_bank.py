"""What Convolution and Deconvolution share: their filters, groups and bottoms."""

import pytest

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.convolution import Convolution
from graphnet.layers.images.deconvolution import Deconvolution

EITHER = pytest.mark.parametrize("layer", [Convolution, Deconvolution])


def spec(layer, n_filter=2, **properties):
    return layer(name="bank", n_filter=n_filter, bottoms=("x",), tops=("y",), **properties)


@EITHER
def test_frozen_reads_nothing(layer):
    """Without a filter gradient, backward needs no bottom."""
    assert spec(layer).backward_reads().bottoms == (0,)
    assert spec(layer, frozen=True).backward_reads().bottoms == ()


@EITHER
@pytest.mark.parametrize(
    ("n_group", "bottom", "message"),
    [
        (1, (4, 3), r"shape 4×3 is no batch of images\n  expected \(N, C, H, W\)"),
        (2, (4, 3, 5, 5), r"3 channels .* 4×3×5×5 cannot be split .* 2 equal"),
    ],
)
def test_bottom_that_does_not_fit(layer, n_group, bottom, message):
    """A bottom of the wrong shape is refused, naming it and what would fit."""
    with pytest.raises(ShapeError, match=message):
        spec(layer, n_group=n_group).top_shapes([bottom])


@EITHER
def test_groups_divide_the_filters(layer):
    """``n_filter`` must be a multiple of ``n_group``."""
    with pytest.raises(SpecError, match=r"n_filter \(3\) must be divisible by n_group \(2\)"):
        spec(layer, 3, n_group=2)


@EITHER
@pytest.mark.parametrize("key", ["n_filter", "kernel", "stride", "dilation", "n_group"])
def test_properties_are_positive(layer, key):
    """Sizes below 1 are refused."""
    with pytest.raises(SpecError, match="more than 0"):
        spec(layer, **{key: 0})
