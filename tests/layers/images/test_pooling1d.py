"""Pooling1D through the layer harness."""

import pytest
from support.layer_case import LayerCase, check_layer
from support.naive_windows import pool_any

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.pooling1d import Pooling1D


def spec(**properties):
    return Pooling1D(name="pool", bottoms=("x",), tops=("y",), **properties)


WINDOWS = [
    ({"kernel": 2, "stride": 2}, (2, 3, 6)),
    ({"kernel": 2, "stride": 2}, (2, 2, 5)),  # the last window hangs over
    ({"kernel": 3, "stride": 2, "pad": 1}, (2, 1, 6)),
    ({"kernel": 3, "stride": 2, "pad": 2}, (2, 2, 5)),  # a last window is dropped
    ({"kernel": 3, "stride": 2, "round_mode": "floor"}, (2, 2, 6)),
    ({"global": True}, (3, 2, 7)),
]
CASES = [
    LayerCase(layer, [shape], pool_any(layer))
    for keys, shape in WINDOWS
    for layer in (
        spec(**keys),
        *(spec(pooling="Mean", divisor=d, **keys) for d in ("kernel", "padded", "valid")),
    )
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Each output is the maximum or the mean of its window."""
    check_layer(case)


def test_errors():
    """As Pooling's, in a sequence's words."""
    with pytest.raises(SpecError, match="pad 2 must be less than kernel 2"):
        spec(kernel=2, pad=2)
    with pytest.raises(SpecError, match="'kernel' is missing"):
        spec()
    with pytest.raises(ShapeError, match=r"no batch of sequences\n  expected \(N, C, L\)"):
        spec(kernel=2).top_shapes([(2, 3, 4, 4)])
    with pytest.raises(ShapeError, match=r"outside .* kernel 5, stride 1, pad 0 on length 4"):
        spec(kernel=5, round_mode="floor").top_shapes([(2, 3, 4)])
