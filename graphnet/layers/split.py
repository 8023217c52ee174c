"""Split: one blob for several readers; inserted by the net where a blob fans out."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.blob import Shape
from graphnet.layers.base import Arity, Binding, Layer, LayerSpec, Reads, Shapes, at_least


class Split(LayerSpec):
    """Give one blob to several readers: every top is a view of the bottom.

    Backward adds the tops' gradients up. The net inserts it by itself wherever a blob has
    several readers that send gradients; writing it is never needed, but allowed.

    Bottoms:
        0: ``(N, …)``.
    Tops:
        each: the same shape; the same memory.
    Args:
        name: As of every layer; it has no properties of its own.
    Example:
        - {name: split1, type: Split, bottoms: [x], tops: [a, b]}
    Source:
        Mocha ``SplitLayer``, Caffe ``Split``.
    """

    n_tops: ClassVar[Arity] = at_least(1)
    views: ClassVar[bool] = True

    type: Literal["Split"] = "Split"

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return [bottoms[0]] * max(1, len(self.tops))

    def backward_reads(self) -> Reads:
        return Reads()

    def build(self, binding: Binding) -> SplitLayer:
        return SplitLayer(self, binding)


class SplitLayer(Layer[Split]):
    """Runs :class:`Split`."""

    def setup(self) -> None:
        self.sums = []
        dx = self.bottoms[0].diff
        arriving = [top.diff for top in self.tops if top.diff is not None]
        if dx is None or len(self.tops) == 1:  # a single top's diff is a view of the bottom's
            return
        add, copy = self.backend.elementwise, arriving[0]
        if len(arriving) == 1:
            self.sums.append(add(lambda xp, a, out: xp.copyto(out, a), copy, dx))
        else:
            self.sums.append(add(lambda xp, a, b, out: xp.add(a, b, out=out), *arriving[:2], dx))
            self.sums += [
                add(lambda xp, a, out: xp.add(out, a, out=out), diff, dx) for diff in arriving[2:]
            ]

    def forward(self) -> None:
        """Nothing: the tops are the bottom."""

    def backward(self) -> None:
        for add in self.sums:
            add()
