"""PositionEmbedding through the layer harness."""

from math import cos, sin

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.attention.position_embedding import PositionEmbedding, sinusoids
from graphnet.net.spec import read_net


def spec(**properties):
    return PositionEmbedding(name="p", bottoms=("x",), tops=("y",), **properties)


def learned(bottoms, params):
    (x,) = bottoms
    return [x + params["weight"][: x.shape[1]]]


def waves(bottoms, _):
    (x,) = bottoms
    width = x.shape[2]
    vectors = [
        [(cos if i % 2 else sin)(t / 100 ** ((i - i % 2) / width)) for i in range(width)]
        for t in range(x.shape[1])
    ]
    return [x + np.array(vectors)]


CASES = [
    LayerCase(spec(), [(3, 4, 5)], learned),
    LayerCase(spec(n_positions=6), [(2, 4, 3)], learned, label="shorter sequences"),
    LayerCase(spec(), [(2, 1, 1)], learned, label="smallest"),
    LayerCase(spec(vectors="sinusoidal", base=100.0), [(2, 3, 4)], waves, label="waves"),
    LayerCase(spec(vectors="sinusoidal", base=100.0), [(2, 3, 5)], waves, label="odd"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """A vector for each position, whatever the sample."""
    check_layer(case)


def test_positions_that_no_sequence_has():
    """Their vectors do not learn."""
    made = Rig(LayerCase(spec(n_positions=6), [(2, 4, 3)], learned)).run()
    assert made["diff of param weight"].shape == (6, 3)
    assert (made["diff of param weight"][4:] == 0).all()


def test_waves():
    """The first is the shortest; neighbours are a quarter of a wave apart."""
    found = sinusoids(8, 6, 10000.0)
    np.testing.assert_allclose(found[:, 0], np.sin(np.arange(8)))
    np.testing.assert_allclose(found[:, 1], np.cos(np.arange(8)))
    np.testing.assert_allclose(found[:, 4], np.sin(np.arange(8) / 10000 ** (4 / 6)))


@pytest.mark.parametrize(
    ("properties", "shape", "message"),
    [
        ({}, (2, 3), "is no sequence of features"),
        ({"n_positions": 2}, (2, 3, 4), "n_positions: 2, but the sequence has 3 positions"),
    ],
)
def test_shapes_that_do_not_fit(properties, shape, message):
    """Say what was expected."""
    with pytest.raises(ShapeError, match=message):
        spec(**properties).top_shapes([shape])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("base: 3", "base has no effect where the vectors are learned"),
        ("vectors: sinusoidal, n_positions: 3", "n_positions has no effect"),
        ("vectors: waves", "key 'vectors'"),
    ],
)
def test_keys_that_are_wrong(keys, message):
    """At their place."""
    with pytest.raises(SpecError, match=message):
        read_net(f"- {{name: p, type: PositionEmbedding, bottoms: [x], tops: [y], {keys}}}\n")
