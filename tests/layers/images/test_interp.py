"""Interp through the layer harness."""

from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.layer_case import LayerCase, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.interp import Interp, weights


def spec(**properties):
    return Interp(name="large", bottoms=("x",), tops=("y",), **properties)


def place(j, n, m, align_corners):
    """Where a pixel lies among those of the bottom."""
    if align_corners:
        return j * (n - 1) / (m - 1) if m > 1 else 0.0
    return min(max((j + 0.5) * n / m - 0.5, 0.0), n - 1.0)


def interpolated(layer):
    """Pixel by pixel."""

    def reference(bottoms, _):
        (x,) = bottoms
        (shape,) = layer.top_shapes([x.shape])
        y = np.empty(shape)
        for p, q in np.ndindex(shape[2:]):
            down = place(p, x.shape[2], shape[2], layer.align_corners)
            right = place(q, x.shape[3], shape[3], layer.align_corners)
            top, left = floor(down), floor(right)
            below, beside = min(top + 1, x.shape[2] - 1), min(left + 1, x.shape[3] - 1)
            a, b = down - top, right - left
            y[:, :, p, q] = (1 - a) * ((1 - b) * x[:, :, top, left] + b * x[:, :, top, beside])
            y[:, :, p, q] += a * ((1 - b) * x[:, :, below, left] + b * x[:, :, below, beside])
        return [y]

    return reference


SPECS = [
    (spec(size=[5, 7]), (2, 3, 3, 4)),
    (spec(size=[5, 7], align_corners=False), (2, 3, 3, 4)),
    (spec(size=[2, 3]), (2, 1, 5, 4)),
    (spec(size=[2, 3], align_corners=False), (2, 1, 5, 4)),
    (spec(scale=2), (1, 2, 3, 2)),
    (spec(scale=[1, 3], align_corners=False), (2, 2, 2, 3)),
    (spec(scale=0.5, align_corners=False), (2, 1, 5, 4)),
    (spec(scale=[1.5, 2.4]), (2, 1, 3, 3)),
    (spec(size=[4, 1]), (2, 2, 1, 3)),
    (spec(size=1), (1, 1, 1, 1)),
]
CASES = [LayerCase(s, [shape], interpolated(s)) for s, shape in SPECS]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Each pixel is a mean of the four around it."""
    check_layer(case)


@given(st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_weights(n, m, align_corners):
    """Each row is a mean of at most two neighbours; the same size is the same image."""
    made = weights(n, m, align_corners)
    np.testing.assert_allclose(made.sum(axis=1), 1, atol=1e-12)
    assert (made >= 0).all()
    assert ((made > 0).sum(axis=1) <= 2).all()
    if n == m:
        np.testing.assert_allclose(made, np.eye(n), atol=1e-12)


def test_mistakes():
    """A size or a scale, and images."""
    with pytest.raises(SpecError, match=r"found neither 'size' nor 'scale'\n  expected one"):
        spec()
    with pytest.raises(SpecError, match="found 'size' and 'scale'"):
        spec(size=2, scale=2)
    with pytest.raises(ShapeError, match=r"scale \[0.2, 0.2\] leaves nothing of 2×3×4×9"):
        spec(scale=0.2).top_shapes([(2, 3, 4, 9)])
    for scale in (0, "2", [1, 2, 3], True):
        with pytest.raises(SpecError, match="scale"):
            spec(scale=scale)
    with pytest.raises(ShapeError, match="is no batch of images"):
        spec(size=2).top_shapes([(2, 3, 4)])
