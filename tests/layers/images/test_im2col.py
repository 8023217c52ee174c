"""Im2col through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.im2col import Im2col


def spec(**keys):
    return Im2col(name="windows", bottoms=("x",), tops=("y",), **keys)


def windows(layer):
    """Element by element."""
    (height, width), (down, right) = layer.kernel, layer.stride
    (above, left), (apart, across) = layer.pad, layer.dilation

    def reference(bottoms, _):
        x = np.pad(bottoms[0], ((0, 0), (0, 0), (above, above), (left, left)))
        n, channels, rows, columns = x.shape
        high = (rows - apart * (height - 1) - 1) // down + 1
        wide = (columns - across * (width - 1) - 1) // right + 1
        y = np.empty((n, channels * height * width, high, wide))
        for c, i, j, h, w in np.ndindex(channels, height, width, high, wide):
            k = (c * height + i) * width + j
            y[:, k, h, w] = x[:, c, h * down + i * apart, w * right + j * across]
        return [y]

    return reference


SPECS = [
    (spec(kernel=2), (2, 3, 4, 5)),
    (spec(kernel=3, pad=1), (2, 2, 3, 4)),
    (spec(kernel=(2, 3), stride=(1, 2), pad=(2, 0)), (2, 2, 3, 5)),
    (spec(kernel=2, stride=3), (1, 2, 5, 6)),
    (spec(kernel=3, dilation=2, pad=2), (2, 1, 4, 3)),
    (spec(kernel=1, stride=2, pad=3), (2, 1, 2, 2)),
    (spec(kernel=1), (2, 2, 1, 1)),
]


@pytest.mark.parametrize(
    "case", [LayerCase(s, [shape], windows(s), label=str(i)) for i, (s, shape) in enumerate(SPECS)],
    ids=str,
)  # fmt: skip
def test_layer(case):
    """What lies under each element of the kernel, at every place."""
    check_layer(case)


def test_a_product_with_it_is_a_convolution():
    """Filters laid out as rows, multiplied with the channels of each place."""
    rng = np.random.default_rng(4)
    x, filters = rng.standard_normal((2, 3, 5, 5)), rng.standard_normal((4, 3, 3, 3))
    (laid,) = windows(spec(kernel=3))([x], {})
    found = np.einsum("fk,nkhw->nfhw", filters.reshape(4, -1), laid)
    wanted = np.zeros((2, 4, 3, 3))
    for h, w in np.ndindex(3, 3):
        wanted[:, :, h, w] = np.einsum("nchw,fchw->nf", x[:, :, h : h + 3, w : w + 3], filters)
    np.testing.assert_allclose(found, wanted)


def test_mistakes():
    """It takes images that the kernel fits in."""
    with pytest.raises(ShapeError, match="a kernel of 4×4 does not fit a bottom of shape 2×1×3×9"):
        spec(kernel=4).top_shapes([(2, 1, 3, 9)])
    with pytest.raises(ShapeError, match="no batch of images"):
        spec(kernel=1).top_shapes([(2, 3)])
    with pytest.raises(SpecError, match="kernel"):
        Im2col(name="w", bottoms=("x",), tops=("y",))
