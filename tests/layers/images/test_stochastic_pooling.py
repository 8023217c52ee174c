"""StochasticPooling through the layer harness, and where its randomness comes from."""

import numpy as np
import pytest
from support.layer_case import (
    FIRST_SAMPLE,
    ITERATION,
    SEED,
    LayerCase,
    Rig,
    check_layer,
    numpy_backend,
)
from support.layer_device import DeviceRig

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.images.pooling import Pooling
from graphnet.layers.images.stochastic_pooling import StochasticPooling
from graphnet.random.keys import stream_key


def spec(name="pool", **properties):
    return StochasticPooling(name=name, bottoms=("x",), tops=("y",), **properties)


def windows(layer, x):
    """The places of each window that lie in the image, row by row."""
    (shape,) = layer.top_shapes([x.shape])
    window = layer.window(x.shape)
    for n, c, p, q in np.ndindex(shape):
        corner = (p * window.stride[0] - window.pad[0], q * window.stride[1] - window.pad[1])
        places = [(corner[0] + i, corner[1] + j) for i, j in np.ndindex(tuple(window.kernel))]
        inside = [(i, j) for i, j in places if 0 <= i < x.shape[2] and 0 <= j < x.shape[3]]
        yield (n, c, p, q), [(n, c, *place) for place in inside]


def drawn(layer):
    """One element after another, until the sum is reached."""

    def reference(bottoms, _):
        (x,) = bottoms
        (shape,) = layer.top_shapes([x.shape])
        u = numpy_backend().empty_blob(shape, np.dtype(np.float64))
        key = stream_key(SEED, f"{layer.name}/drawn")
        numpy_backend().fill_uniform(key, ITERATION, FIRST_SAMPLE, u)
        y = np.empty(shape)
        for at, places in windows(layer, x):
            sums = np.cumsum([max(x[place], 0) for place in places])
            reached = np.flatnonzero(sums >= (1 - u[at]) * sums[-1])
            y[at] = x[places[reached[0]]]
        return [y]

    return reference


def mean(layer, x):
    """By the probabilities."""
    (shape,) = layer.top_shapes([x.shape])
    y = np.zeros(shape)
    for at, places in windows(layer, x):
        values = np.array([max(x[place], 0) for place in places])
        if values.sum() > 0:
            y[at] = (values**2).sum() / values.sum()
    return y


SPECS = [
    (spec(kernel=2, stride=2), (2, 3, 4, 6)),
    (spec(kernel=2, stride=2), (2, 2, 5, 3)),
    (spec(kernel=3, stride=2, pad=1), (2, 1, 5, 4)),
    (spec(kernel=3, stride=1), (2, 2, 4, 5)),
    (spec(kernel=[3, 2], stride=[1, 2], round_mode="floor"), (3, 1, 5, 5)),
    (spec(kernel=2, stride=3, round_mode="floor"), (2, 1, 6, 6)),
    (spec(**{"global": True}), (2, 2, 3, 2)),
    (spec(kernel=1, stride=[1, 1]), (2, 2, 3, 4)),
]


CASES = [
    LayerCase(s, [x], drawn(s), label=f"{i}", draws=s.kernel != (1, 1))
    for i, (s, x) in enumerate(SPECS)
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The element whose share of the sum is drawn; it alone takes the gradient."""
    check_layer(case)


@pytest.mark.parametrize(("layer", "shape"), SPECS)
@pytest.mark.parametrize("rig", [Rig, DeviceRig])
def test_in_testing_it_is_the_mean(layer, shape, rig):
    """Of what could be drawn; nothing is random."""
    x = np.maximum(np.random.default_rng(3).normal(size=shape), 0)
    case = LayerCase(layer, [x], None, phase="test")
    found = rig(case, backward=False).forward()["top 0"]
    np.testing.assert_allclose(found, mean(layer, x), rtol=1e-12)


def test_without_anything_positive():
    """The first of the window in training, 0 in testing; so behind a ReLU both are 0."""
    x = -np.arange(1.0, 10).reshape(1, 1, 3, 3)
    layer = spec(kernel=2, stride=2)
    assert Rig(LayerCase(layer, [x], None)).forward()["top 0"].ravel().tolist() == [-1, -3, -7, -9]
    test = Rig(LayerCase(layer, [x], None, phase="test"), backward=False).forward()
    assert not test["top 0"].any()


def test_a_nan_stays_one():
    """And is seen where it arises; so does an infinity."""
    x = np.ones((1, 1, 2, 6))
    x[0, 0, 1, 1], x[0, 0, 0, 3] = np.nan, np.inf
    for phase in ("train", "test"):
        case = LayerCase(spec(kernel=2, stride=2), [x], None, phase=phase)
        with np.errstate(invalid="ignore"):
            top = Rig(case, backward=False).forward()["top 0"].ravel()
        assert np.isnan(top[0])
        assert not np.isfinite(top[1])
        assert top[2] == 1


def test_as_often_as_its_share():
    """Over many windows; zeros are never drawn."""
    x = np.tile([0.0, 1, 3, 6], (1000, 10, 1)).reshape(1000, 10, 2, 2)
    y = Rig(LayerCase(spec(kernel=2), [x], None)).forward()["top 0"]
    shares = [(y == value).mean() for value in (0, 1, 3, 6)]
    assert shares[0] == 0
    np.testing.assert_allclose(shares[1:], [0.1, 0.3, 0.6], atol=0.02)
    test = LayerCase(spec(kernel=2), [x], None, phase="test")
    np.testing.assert_allclose(Rig(test, backward=False).forward()["top 0"], y.mean(), atol=0.1)


def tops(name="pool", rows=slice(None), **context):
    """What is drawn under a changed name or context."""
    x = np.abs(np.random.default_rng(4).normal(size=(6, 4, 6, 6)))[rows]
    rig = Rig(LayerCase(spec(name, kernel=3, stride=3), [x], None))
    for key, value in context.items():
        setattr(rig.context, key, value)
    return rig.forward()["top 0"]


def test_what_is_drawn_depends_on_name_iteration_and_sample():
    """And not on where a sub-batch begins."""
    np.testing.assert_array_equal(tops(), tops())
    assert (tops() != tops("other")).any()
    assert (tops() != tops(iteration=ITERATION + 1)).any()
    part = tops(rows=slice(2, None), first_sample=FIRST_SAMPLE + 2)
    np.testing.assert_array_equal(tops()[2:], part)


def test_windows_are_those_of_a_pooling():
    """Shapes and mistakes alike."""
    keys = {"kernel": 3, "stride": 2, "pad": 1}
    pool = Pooling(name="pool", bottoms=("x",), tops=("y",), **keys)
    assert spec(**keys).top_shapes([(2, 3, 8, 9)]) == pool.top_shapes([(2, 3, 8, 9)])
    with pytest.raises(SpecError, match="'kernel' is missing"):
        spec()
    with pytest.raises(ShapeError, match="a window would lie outside"):
        spec(kernel=1, stride=3).top_shapes([(1, 1, 5, 5)])
