"""RandomNormal: a source of noise."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from graphnet.blob import Shape
from graphnet.declare.fields import PositiveInt
from graphnet.layers.base import Shapes
from graphnet.layers.data.data_layer import DataSpec
from graphnet.layers.data.endless import EndlessLayer
from graphnet.random.keys import stream_key


class RandomNormal(DataSpec):
    """Fill each top with independent draws from N(0, 1), new ones in each forward.

    The draws depend on the seed, the layer's name, the iteration and the sample's place in the
    global batch, on nothing else.

    Tops:
        each: ``(batch_sizes[i], *shape)``.
    Args:
        shape: The shape of a sample, without the batch axis.
        batch_sizes: The batch size of each top.
    Example:
        - {name: eps, type: RandomNormal, shape: [50], batch_sizes: [100], tops: [eps]}
    Source:
        Mocha ``RandomNormalLayer``.
    """

    type: Literal["RandomNormal"] = "RandomNormal"
    shape: tuple[PositiveInt, ...]
    batch_sizes: tuple[PositiveInt, ...]

    @model_validator(mode="after")
    def _check_sizes(self) -> RandomNormal:
        if len(self.batch_sizes) != len(self.tops):
            raise ValueError(
                f"{len(self.tops)} tops need as many batch_sizes, found {len(self.batch_sizes)}"
            )
        return self

    def with_batch_size(self, n: int) -> RandomNormal:
        if len(set(self.batch_sizes)) > 1:
            return super().with_batch_size(n)
        return self.model_copy(update={"batch_sizes": (n,) * len(self.batch_sizes)})

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return [(size, *self.shape) for size in self.batch_sizes]


class RandomNormalLayer(EndlessLayer[RandomNormal]):
    """Runs :class:`RandomNormal`; it has no end, and so no epochs."""

    def setup(self) -> None:
        self.keys = [
            stream_key(self.context.seed, f"{self.name}/{i}") for i in range(len(self.tops))
        ]

    def forward(self) -> None:
        context = self.context
        for key, top in zip(self.keys, self.tops, strict=True):
            self.backend.fill_normal(key, context.iteration, context.first_sample, top.data)
