"""Normalize through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.channelwise.normalize import Normalize


def spec(**properties):
    return Normalize(name="norm", bottoms=("x",), tops=("y",), **properties)


def normalized(layer):
    """Vector by vector."""

    def reference(bottoms, params):
        (x,) = bottoms
        y = np.empty_like(x)
        for n in range(len(x)):
            if layer.across_places:
                y[n] = x[n] / np.sqrt((x[n] ** 2).sum() + layer.epsilon)
                continue
            for place in np.ndindex(x.shape[2:]):
                vector = x[(n, slice(None), *place)]
                length = np.sqrt(sum(v * v for v in vector) + layer.epsilon)
                y[(n, slice(None), *place)] = vector / length
        if layer.scale:
            scale = np.broadcast_to(params["scale"], (x.shape[1],))
            y = np.moveaxis(np.moveaxis(y, 1, -1) * scale, -1, 1)
        return [y]

    return reference


SPECS = [
    (spec(), [(2, 3, 2, 3), (3, 4), (2, 2, 4)]),
    (spec(channel_shared=True), [(2, 3, 2, 2), (3, 4)]),
    (spec(across_places=True), [(2, 3, 2, 2), (3, 4)]),
    (spec(across_places=True, channel_shared=True), [(2, 3, 2, 2)]),
    (spec(scale=False), [(2, 3, 2, 2), (3, 4)]),
    (spec(scale=False, across_places=True), [(3, 2, 2, 2)]),
    (spec(epsilon=0.7), [(2, 3, 2, 2)]),
    (spec(epsilon=0.5), [(1, 1, 1, 1)]),
]
CASES = [LayerCase(s, [shape], normalized(s)) for s, shapes in SPECS for shape in shapes]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Vectors of length 1, times the learned scale."""
    check_layer(case)


def test_nothing_but_zeros():
    """Gives zeros, and a finite gradient."""
    layer = spec()
    results = Rig(LayerCase(layer, [np.zeros((2, 3, 2, 2))], normalized(layer))).run()
    assert not results["top 0"].any()
    assert np.isfinite(results["diff of bottom 0"]).all()


def test_mistakes():
    """There must be channels; a vector of zeros may not be divided by 0."""
    with pytest.raises(ShapeError, match=r"has no channels\n  expected \(N, C, …\)"):
        spec().top_shapes([(4,)])
    with pytest.raises(SpecError, match="epsilon"):
        spec(epsilon=0)
