"""PoolingMask through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.pooling import Pooling
from graphnet.layers.images.pooling_mask import PoolingMask


def spec(**properties):
    return PoolingMask(name="mask", bottoms=("x",), tops=("y",), **properties)


def places(layer):
    """Window by window."""

    def reference(bottoms, _):
        (x,) = bottoms
        (shape,) = layer.top_shapes([x.shape])
        window = layer.window(x.shape)
        y = np.empty(shape)
        for n, c, p, q in np.ndindex(shape):
            best, found = None, None
            for i in range(window.kernel[0]):
                for j in range(window.kernel[1]):
                    row = p * window.stride[0] - window.pad[0] + i
                    column = q * window.stride[1] - window.pad[1] + j
                    if not (0 <= row < x.shape[2] and 0 <= column < x.shape[3]):
                        continue
                    if best is None or x[n, c, row, column] > best:
                        best, found = x[n, c, row, column], row * x.shape[3] + column
            y[n, c, p, q] = found
        return [y]

    return reference


SPECS = [
    (spec(kernel=2, stride=2), (2, 3, 4, 6)),
    (spec(kernel=2, stride=2), (2, 2, 5, 3)),
    (spec(kernel=3, stride=2, pad=1), (2, 1, 5, 4)),
    (spec(kernel=[3, 2], stride=[1, 2], round_mode="floor"), (3, 1, 5, 5)),
    (spec(**{"global": True}), (2, 2, 3, 2)),
    (spec(kernel=1), (1, 1, 1, 1)),
    (spec(kernel=2), (np.zeros((1, 1, 3, 3)))),
    (spec(kernel=2), (np.full((1, 1, 2, 3), -np.inf))),
]
CASES = [LayerCase(s, [x], places(s), label=f"{i}") for i, (s, x) in enumerate(SPECS)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The first maximum of each window, where it lies in its channel."""
    check_layer(case)


def test_they_are_the_maxima_of_a_pooling():
    """Looked up there, the bottom is what it gives."""
    keys = {"kernel": 3, "stride": 2, "pad": 1}
    x = np.random.default_rng(2).normal(size=(2, 3, 7, 6))
    mask = Rig(LayerCase(spec(**keys), [x], None)).forward()["top 0"].astype(int)
    pool = Pooling(name="pool", bottoms=("x",), tops=("y",), **keys)
    wanted = Rig(LayerCase(pool, [x], None)).forward()["top 0"]
    flat = x.reshape(2, 3, 42)
    np.testing.assert_array_equal(
        np.take_along_axis(flat, mask.reshape(2, 3, -1), 2).reshape(wanted.shape), wanted
    )


def test_mistakes():
    """Those of a pooling."""
    with pytest.raises(SpecError, match="'kernel' is missing"):
        spec()
    with pytest.raises(ShapeError, match="a window would lie outside"):
        spec(kernel=1, stride=3).top_shapes([(1, 1, 5, 5)])
    assert spec(kernel=1).differentiable(1) == ()
