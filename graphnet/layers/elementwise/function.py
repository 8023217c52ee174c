"""What AbsVal, Clip, Swish and Threshold share.

Their gradient cannot be computed from the top's value, as a neuron's can, so they need the bottom
until backward and do not run in its memory.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from graphnet.blob import Array, Shape
from graphnet.layers.base import Layer, LayerSpec, Shapes


class ElementwiseFunction(LayerSpec):
    """What all of them share: each top has the shape of its bottom."""

    each_bottom: ClassVar[bool] = True

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return [bottoms[0]]

    @abstractmethod
    def apply(self, xp: Any, x: Array, y: Array) -> None:
        """Write the function of ``x`` to ``y``."""

    def differentiate(self, xp: Any, x: Array, dy: Array, dx: Array, *scratch: Array) -> None:
        """Write ``dy`` × the derivative at ``x`` to ``dx``; ``scratch`` is as declared."""
        raise NotImplementedError


class ElementwiseFunctionLayer(Layer[ElementwiseFunction]):
    """Runs any of them."""

    def setup(self) -> None:
        (x,), (y,), bind = self.bottoms, self.tops, self.backend.elementwise
        self.bind_passes(forward=bind(self.spec.apply, x.data, y.data))
        if x.diff is not None:
            scratch = self.scratch.values()
            self.bind_passes(
                backward=bind(self.spec.differentiate, x.data, y.diff, x.diff, *scratch)
            )
