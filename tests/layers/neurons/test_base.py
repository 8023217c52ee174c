"""NeuronSpec: a neuron of one's own, with and without an array to work in."""

from typing import ClassVar, Literal

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.layers.neurons.base import NeuronSpec


class Cube(NeuronSpec):
    """x³, whose derivative is 3 · y^(2/3)."""

    type: Literal["Cube"] = "Cube"

    def apply(self, xp, x, y):
        """Cube."""
        xp.power(x, 3, out=y)

    def differentiate(self, xp, y, slope):
        """Three times the square of the root."""
        xp.cbrt(y, out=slope)
        xp.multiply(slope, slope, out=slope)
        xp.multiply(slope, 3.0, out=slope)


class SpareCube(Cube):
    """The same by products, with an array to work in."""

    needs_spare: ClassVar[bool] = True
    type: Literal["SpareCube"] = "SpareCube"

    def apply(self, xp, x, y, *spare):
        """Cube."""
        xp.multiply(x, x, out=spare[0])
        xp.multiply(x, spare[0], out=y)

    def differentiate(self, xp, y, slope, *spare):
        """Three times the square of the root."""
        xp.cbrt(y, out=spare[0])
        xp.multiply(spare[0], 3.0, out=slope)
        xp.multiply(spare[0], slope, out=slope)


@pytest.mark.parametrize("neuron", [Cube, SpareCube])
@pytest.mark.parametrize("shape", [(5,), (4, 3), (2, 3, 4, 2)])
def test_layer(neuron, shape):
    """Two formulas make a layer that runs apart from its bottom, or in its memory."""
    x = np.random.default_rng(1).uniform(0.5, 1.5, shape)
    spec = neuron(name="n", bottoms=("x",))
    check_layer(LayerCase(spec, [x], lambda bottoms, _: [bottoms[0] ** 3]))
