"""AdaptivePooling through the layer harness."""

from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.layer_case import LayerCase, check_layer

import graphnet as gn
from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.adaptive_pooling import AdaptivePooling


def spec(size, **properties):
    return AdaptivePooling(name="pool", bottoms=("x",), tops=("y",), size=size, **properties)


def pooled(layer):
    """Window by window."""

    def reference(bottoms, _):
        (x,) = bottoms
        y = np.empty((*x.shape[:2], *layer.size))
        for place in np.ndindex(layer.size):
            (a, b), (c, d) = (
                (floor(i * n / m), ceil((i + 1) * n / m))
                for i, n, m in zip(place, x.shape[2:], layer.size, strict=True)
            )
            window = x[:, :, a:b, c:d]
            reduced = window.max((2, 3)) if layer.pooling == "Max" else window.mean((2, 3))
            y[:, :, place[0], place[1]] = reduced
        return [y]

    return reference


SHAPES = [
    ([2, 3], (2, 2, 4, 6)),  # even
    ([3, 3], (2, 2, 7, 5)),  # windows that share pixels, some longer than others
    ([3, 2], (2, 1, 7, 4)),  # one side of each kind
    ([2, 4], (2, 1, 4, 7)),
    ([1, 1], (1, 3, 3, 2)),  # the whole plane
    ([4, 5], (2, 2, 3, 3)),  # more windows than pixels
    ([3, 3], (3, 2, 3, 3)),  # a window for each
]
CASES = [
    LayerCase(layer, [shape], pooled(layer), label=f"{size}")
    for size, shape in SHAPES
    for layer in (spec(size), spec(size, pooling="Mean"))
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """PyTorch's windows."""
    check_layer(case)


@given(st.integers(1, 60), st.integers(1, 60))
def test_windows(n, m):
    """All pixels are in one, and no two differ by more than one pixel."""
    down, across = spec([m, 1]).windows((1, 1, n, 1))
    assert across == [slice(0, 1)]
    assert [(w.start, w.stop) for w in down] == [
        (floor(i * n / m), ceil((i + 1) * n / m - 1e-9)) for i in range(m)
    ]
    assert {i for w in down for i in range(w.start, w.stop)} == set(range(n))
    lengths = {w.stop - w.start for w in down}
    assert max(lengths) - min(lengths) <= 1
    assert (n % m == 0) == (max(lengths) * m == n)


@pytest.mark.parametrize("pooling", ["Max", "Mean"])
@pytest.mark.parametrize(("size", "keys"), [(1, "global: true"), (3, "kernel: 2, stride: 2")])
def test_it_is_pooling_where_windows_are_even(pooling, size, keys):
    """The same bits."""
    net = gn.load_net(f"""\
layers:
  - {{name: in, type: Input, batch_size: 2, shapes: {{x: [3, 6, 6]}}, tops: [x]}}
  - {{name: a, type: AdaptivePooling, size: {size}, pooling: {pooling}, bottoms: [x], tops: [a]}}
  - {{name: b, type: Pooling, {keys}, pooling: {pooling}, bottoms: [x], tops: [b]}}
""")
    x = np.random.default_rng(1).normal(size=(2, 3, 6, 6)).astype(np.float32)
    found = net.predict({"x": x})
    np.testing.assert_array_equal(found["a"], found["b"])


@pytest.mark.parametrize("pooling", ["Max", "Mean"])
def test_a_value_that_is_no_number_stays_in_its_windows(pooling):
    """None of the others is touched."""
    net = gn.load_net(f"""\
layers:
  - {{name: in, type: Input, batch_size: 1, shapes: {{x: [1, 5, 5]}}, tops: [x]}}
  - {{name: a, type: AdaptivePooling, size: 3, pooling: {pooling}, bottoms: [x], tops: [a]}}
""")
    x = np.ones((1, 1, 5, 5), np.float32)
    x[0, 0, 0, 0] = np.nan
    net.blobs["x"].data[...] = x
    net.forward()
    found = np.isnan(net.blobs["a"].data[0, 0])
    assert found[0, 0]
    assert found.sum() == 1


def test_mistakes():
    """Images, and a size."""
    with pytest.raises(ShapeError, match="is no batch of images"):
        spec(2).top_shapes([(2, 3, 4)])
    with pytest.raises(SpecError, match="size"):
        spec(0)
    with pytest.raises(ShapeError, match="at most 65,536"):
        spec([1, 70_000]).top_shapes([(1, 1, 4, 4)])
