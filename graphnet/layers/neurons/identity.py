"""Identity: a blob under another name, or no neuron."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.blob import Shape
from graphnet.layers.base import Binding, LayerSpec, Reads, Shapes
from graphnet.layers.shape.view import ViewLayer


class Identity(LayerSpec):
    """Nothing: the top is the bottom under another name, in the same memory.

    As a ``neuron`` it says that there is none.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape, a view.
    Example:
        - {name: rename, type: Identity, bottoms: [data], tops: [ip0]}
    Source:
        Mocha ``IdentityLayer`` and ``Neurons.Identity``.
    """

    each_bottom: ClassVar[bool] = True
    in_place: ClassVar[bool] = True
    views: ClassVar[bool] = True

    type: Literal["Identity"] = "Identity"
    name: str = ""

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return [bottoms[0]]

    def backward_reads(self) -> Reads:
        return Reads()

    def build(self, binding: Binding) -> ViewLayer:
        return ViewLayer(self, binding)
