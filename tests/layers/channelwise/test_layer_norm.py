"""LayerNorm through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.layers.channelwise.layer_norm import LayerNorm


def spec(**properties):
    return LayerNorm(name="ln", bottoms=("x",), tops=("y",), **properties)


def layer_norm(axis=-1, eps=1e-5):
    """Position by position, with its own mean and variance."""

    def reference(bottoms, params):
        (x,) = bottoms
        first = axis % x.ndim
        y = np.empty_like(x)
        for place in np.ndindex(x.shape[:first]):
            part = x[place]
            y[place] = (part - part.mean()) / np.sqrt(part.var() + eps)
        return [y * params.get("scale", 1) + params.get("bias", 0)]

    return reference


CASES = [
    *(LayerCase(spec(), [s], layer_norm()) for s in [(4, 3), (3, 4, 5), (2, 3, 2, 3), (1, 2)]),
    LayerCase(spec(axis=1), [(3, 2, 4)], layer_norm(1), label="whole samples"),
    LayerCase(spec(axis=-2), [(2, 3, 2, 4)], layer_norm(-2), label="two axes"),
    LayerCase(spec(axis=2), [(2, 3, 4)], layer_norm(2), label="axis 2"),
    LayerCase(spec(affine=False), [(3, 2, 4)], layer_norm(), label="plain"),
    LayerCase(spec(epsilon=0.5), [(3, 2, 4)], layer_norm(eps=0.5), label="epsilon"),
    LayerCase(spec(), [(3, 4)], layer_norm(), phase="test", label="test phase"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Mean 0 and variance 1 over the last axes, then a scale and a bias for each element."""
    check_layer(case)


def test_shape_of_its_params():
    """The sizes of the axes that are normalised together."""
    assert spec(axis=2).param_decls([(8, 5, 3, 4)])["scale"].shape == (3, 4)
    assert spec().param_decls([(8, 5, 4)])["bias"].shape == (4,)
