"""SPP through the layer harness."""

from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.spp import SPP


def spec(pyramid_height, **properties):
    return SPP(name="spp", bottoms=("x",), tops=("y",), pyramid_height=pyramid_height, **properties)


def spans(n, bins, clipped_to):
    """Where the windows begin and end along a side of n pixels."""
    kernel = ceil(n / bins)
    pad = (kernel * bins - n + 1) // 2
    low, high = {"kernel": (-n, 3 * n), "padded": (-pad, n + pad), "valid": (0, n)}[clipped_to]
    return [(max(i * kernel - pad, low), min((i + 1) * kernel - pad, high)) for i in range(bins)]


def spp(layer):
    """Window by window."""

    def reference(bottoms, _):
        (x,), features = bottoms, []
        for level in range(layer.pyramid_height):
            sides = [
                list(
                    zip(spans(n, 2**level, "valid"), spans(n, 2**level, layer.divisor), strict=True)
                )
                for n in x.shape[2:]
            ]
            values = np.empty((*x.shape[:2], 2**level, 2**level))
            for i, (rows, all_rows) in enumerate(sides[0]):
                for j, (columns, all_columns) in enumerate(sides[1]):
                    window = x[:, :, slice(*rows), slice(*columns)]
                    area = (all_rows[1] - all_rows[0]) * (all_columns[1] - all_columns[0])
                    values[:, :, i, j] = (
                        window.max((2, 3)) if layer.pooling == "Max" else window.sum((2, 3)) / area
                    )
            features.append(values.reshape(len(x), -1))
        return [np.concatenate(features, 1)]

    return reference


SPECS = [
    (spec(1), (2, 3, 3, 2)),
    (spec(2), (2, 2, 4, 4)),
    (spec(2), (2, 1, 3, 5)),
    (spec(3), (2, 1, 6, 7)),
    (spec(3, pooling="Mean"), (2, 1, 6, 7)),
    (spec(2, pooling="Mean"), (2, 2, 3, 5)),
    (spec(2, pooling="Mean", divisor="valid"), (2, 2, 3, 5)),
    (spec(2, pooling="Mean", divisor="kernel"), (2, 2, 3, 5)),
]
CASES = [LayerCase(s, [shape], spp(s)) for s, shape in SPECS]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c}-{c.spec.pooling}-{c.spec.divisor}")
def test_layer(case):
    """Each level's windows after those of the level before."""
    check_layer(case)


@given(
    st.integers(1, 4),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from(["Max", "Mean"]),
)
@settings(deadline=None, max_examples=60)
def test_any_size(height, size, pooling):
    """A size is either refused or pooled into 1 + 4 + … windows, each with a pixel in it."""
    layer = spec(height, pooling=pooling)
    shape = (2, 1, *size)
    empty = any(a >= b for n in size for a, b in spans(n, 2 ** (height - 1), "valid"))
    try:
        layer.top_shapes([shape])
    except ShapeError:
        return
    assert not empty
    case = LayerCase(layer, [shape], spp(layer))
    np.testing.assert_allclose(Rig(case).forward()["top 0"], case.expected(case.values())[0])


@pytest.mark.parametrize(
    ("size", "height"), [(1, 1), (2, 2), (3, 2), (4, 3), (6, 3), (8, 4), (13, 3)]
)
def test_highest_pyramid(size, height):
    """These sizes allow just these heights."""
    spec(height).top_shapes([(1, 1, size, 40)])
    with pytest.raises(ShapeError, match=f"pyramid_height of {height} at most"):
        spec(height + 1).top_shapes([(1, 1, size, 40)])


def test_mistakes():
    """It takes images, and at least one level."""
    with pytest.raises(ShapeError, match="shape 4×3 is no batch of images"):
        spec(1).top_shapes([(4, 3)])
    with pytest.raises(ShapeError, match=r"4 windows along each side .* 1×1×5×9: one would lie"):
        spec(3).top_shapes([(1, 1, 5, 9)])
    with pytest.raises(SpecError, match="pyramid_height"):
        spec(0)
