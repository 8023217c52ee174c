"""StopGradient: a blob that nothing is learned through."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.blob import Shape
from graphnet.layers.base import Binding, LayerSpec, Reads, Shapes
from graphnet.layers.shape.view import ViewLayer


class StopGradient(LayerSpec):
    """The bottom under another name, in the same memory; no gradient goes back through it.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape, a view.
    Example:
        - {name: fixed, type: StopGradient, bottoms: [target], tops: [fixed_target]}
    Source:
        Caffe's ``propagate_down: false``.
    """

    each_bottom: ClassVar[bool] = True
    views: ClassVar[bool] = True

    type: Literal["StopGradient"] = "StopGradient"

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return [bottoms[0]]

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return ()

    def backward_reads(self) -> Reads:
        return Reads()

    def build(self, binding: Binding) -> ViewLayer:
        return ViewLayer(self, binding)
