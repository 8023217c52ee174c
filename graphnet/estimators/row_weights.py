"""RowWeights: how sample weights come into a net, whatever its loss."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.blob import Shape
from graphnet.layers.base import Arity, Layer, LayerSpec, Reads, Shapes, exactly


class RowWeights(LayerSpec):
    """Hands on its first bottom, and multiplies the gradient of each row by that row's weight.

    Before a loss that is a mean over rows this weighs the rows, whatever the loss is. The number
    that the loss reports stays that of equal weights.

    Bottoms:
        0: ``(N, …)``.
        1: weights ``(N, 1)``, which take no gradient.
    Tops:
        0: the first bottom's shape.
    """

    type: Literal["RowWeights"] = "RowWeights"
    n_bottoms: ClassVar[Arity] = exactly(2)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        """The first bottom's."""
        return [bottoms[0]]

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        """The first bottom alone."""
        return (0,)

    def backward_reads(self) -> Reads:
        """The weights."""
        return Reads(bottoms=(1,))


class RowWeightsLayer(Layer[RowWeights]):
    """Runs :class:`RowWeights`."""

    def setup(self) -> None:
        """See the weights with as many axes as the rows."""
        x, weights = self.bottoms
        self.weights = weights.data.reshape(-1)[(slice(None), *(None,) * (len(x.shape) - 1))]

    def forward(self) -> None:
        """Copy."""
        self.xp.copyto(self.tops[0].data, self.bottoms[0].data)

    def backward(self) -> None:
        """Weigh the rows."""
        dx = self.bottoms[0].diff
        if dx is not None:
            self.xp.multiply(self.tops[0].diff, self.weights, out=dx)
