"""Index2Onehot: class labels as vectors with a single one."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.backend.base import Backend
from graphnet.blob import Shape, shape_text
from graphnet.declare.fields import PositiveInt
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.losses.labels import ClassLabels, label_scratch, memory
from graphnet.layers.shape.axis import FeatureAxis, axis_of, with_size


class Index2Onehot(LayerSpec):
    """1 at the class each label names, 0 elsewhere. No gradient goes through it.

    A label that is no class is an error when it is met.

    Bottoms:
        each: labels ``(N,)``, or ``(N, 1, …)`` with size 1 along ``axis``: whole numbers from 0
            to ``n_class`` − 1.
    Tops:
        each: the same shape with size ``n_class`` along ``axis``; ``(N, n_class)`` for ``(N,)``.
    Args:
        n_class: How many classes there are.
        axis: The axis of the classes, in ``(N, C, H, W)``. Default 1.
    Example:
        - {name: onehot, type: Index2Onehot, n_class: 10, bottoms: [label], tops: [onehot]}
    Source:
        Mocha ``Index2OnehotLayer`` (which does not check the labels).
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["Index2Onehot"] = "Index2Onehot"
    n_class: PositiveInt
    axis: FeatureAxis = 1

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (label,) = bottoms
        positions = (*label, 1) if len(label) == 1 else label
        axis = axis_of(positions, self.axis)
        if positions[axis] != 1:
            raise ShapeError(
                f"labels of shape {shape_text(label)} have size {positions[axis]} along axis {axis}"
                "\n  expected 1: the classes will lie along it"
            )
        return [with_size(positions, axis, self.n_class)]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        return label_scratch(self.top_shapes(bottoms)[0], self.axis)

    def n_indices(self, bottoms: Shapes) -> int:
        return self.n_class

    def backward_reads(self) -> Reads:
        return Reads()

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return ()


class Index2OnehotLayer(Layer[Index2Onehot]):
    """Runs :class:`Index2Onehot`."""

    def setup(self) -> None:
        (label,), (y,) = self.bottoms, self.tops
        self.labels = ClassLabels(
            self.backend, y.data, label.data, self.spec.axis, None, self.scratch, bottom=0
        )
        self.expectations.append(self.labels.expectation)
        self.flat, self.index = memory(y.data), memory(self.labels.index)

    def forward(self) -> None:
        self.labels.read()
        self.flat.fill(0)
        self.flat[self.index] = 1
