"""Split: one blob for several readers; inserted by the net where a blob fans out."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from graphnet.blob import Array, Shape
from graphnet.layers.base import Arity, Layer, LayerSpec, Reads, Shapes, at_least


class Split(LayerSpec):
    """Give one blob to several readers: every top is a view of the bottom.

    Backward adds the tops' gradients up. The net inserts it by itself wherever a blob has
    several readers that send gradients; writing it is never needed, but allowed.

    Bottoms:
        0: ``(N, …)``.
    Tops:
        each: the same shape; the same memory.
    Example:
        - {name: split1, type: Split, bottoms: [x], tops: [a, b]}
    Source:
        Mocha ``SplitLayer`` (whose tops after the first are copies), Caffe ``Split``.
    """

    n_tops: ClassVar[Arity] = at_least(1)
    views: ClassVar[bool] = True

    type: Literal["Split"] = "Split"

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return [bottoms[0]] * max(1, len(self.tops))

    def backward_reads(self) -> Reads:
        return Reads()


class SplitLayer(Layer[Split]):
    """Runs :class:`Split`."""

    def setup(self) -> None:
        (x,) = self.bottoms
        # a reader may send nothing, and a single top's diff may be the bottom's
        sent = [top.diff for top in self.tops if top.diff is not None]
        if x.diff is not None and sent and not self.xp.may_share_memory(x.diff, sent[0]):
            self.bind_passes(backward=self.backend.elementwise(_add_up, x.diff, *sent))

    def forward(self) -> None:
        """Nothing: the tops are the bottom."""


def _add_up(xp: Any, total: Array, first: Array, *others: Array) -> None:
    """For a block of elements."""
    if not others:
        xp.copyto(total, first)
        return
    xp.add(first, others[0], out=total)
    for other in others[1:]:
        xp.add(total, other, out=total)
