"""Pooling3D through the layer harness: slices and then depth, as if seen at once."""

from itertools import product

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer
from support.naive_windows import pool_any

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.pooling3d import Pooling3D


def spec(**properties):
    return Pooling3D(name="pool", bottoms=("x",), tops=("y",), **properties)


WINDOWS = [
    ({"kernel": 2, "stride": 2}, (2, 2, 4, 2, 4)),
    ({"kernel": 2, "stride": 2}, (2, 1, 3, 5, 3)),  # the last windows hang over
    ({"kernel": [1, 2, 3], "stride": [1, 2, 1]}, (2, 2, 3, 4, 3)),
    ({"kernel": [3, 2, 2], "stride": [2, 1, 2], "pad": [1, 0, 1]}, (2, 1, 4, 3, 4)),
    ({"kernel": 3, "stride": 3, "pad": [0, 0, 2]}, (1, 1, 4, 3, 4)),  # dropped, by another's pad
    ({"kernel": 2, "stride": 2, "round_mode": "floor"}, (2, 2, 3, 3, 5)),
    ({"global": True}, (2, 3, 2, 3, 4)),
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


def test_ties_and_nan():
    """Of equal maxima the first in row-major order takes the gradient; NaN stays NaN."""
    for place in product(range(2), repeat=3):
        x = np.zeros((1, 1, 2, 2, 2))
        x[0, 0][place] = x[0, 0, 1, 1, 1] = 1
        made = Rig(LayerCase(spec(kernel=2), [x], pool_any(spec(kernel=2)))).run()
        assert np.argwhere(made["diff of bottom 0"][0, 0]).tolist() == [list(place)]
        x[0, 0, 1, 0, 1] = np.nan
        made = Rig(LayerCase(spec(kernel=2), [x], pool_any(spec(kernel=2)))).run()
        assert np.isnan(made["top 0"]).all()


def test_errors():
    """As Pooling's, with the side."""
    with pytest.raises(SpecError, match="pad 1×0×0 must be less than kernel 1×2×2"):
        spec(kernel=[1, 2, 2], pad=[1, 0, 0])
    with pytest.raises(ShapeError, match=r"no batch of volumes\n  expected \(N, C, D, H, W\)"):
        spec(kernel=2).top_shapes([(2, 3, 4, 4)])
    with pytest.raises(ShapeError, match="kernel 1×1×1, stride 4×1×1, pad 0×0×0 on depth 3"):
        spec(kernel=1, stride=[4, 1, 1]).top_shapes([(2, 3, 3, 4, 4)])
