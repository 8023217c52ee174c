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


class ScratchCube(Cube):
    """The same by products, with an array to work in."""

    needs_scratch: ClassVar[bool] = True
    type: Literal["ScratchCube"] = "ScratchCube"

    def apply(self, xp, x, y, *scratch):
        """Cube."""
        xp.multiply(x, x, out=scratch[0])
        xp.multiply(x, scratch[0], out=y)

    def differentiate(self, xp, y, slope, *scratch):
        """Three times the square of the root."""
        xp.cbrt(y, out=scratch[0])
        xp.multiply(scratch[0], 3.0, out=slope)
        xp.multiply(scratch[0], slope, out=slope)


@pytest.mark.parametrize("neuron", [Cube, ScratchCube])
@pytest.mark.parametrize("shape", [(5,), (4, 3), (2, 3, 4, 2)])
def test_layer(neuron, shape):
    """Two formulas make a layer that runs apart from its bottom, or in its memory."""
    x = np.random.default_rng(1).uniform(0.5, 1.5, shape)
    spec = neuron(name="n", bottoms=("x",))
    check_layer(LayerCase(spec, [x], lambda bottoms, _: [bottoms[0] ** 3]))
