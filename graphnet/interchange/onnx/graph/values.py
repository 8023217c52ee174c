"""Values of an ONNX graph as blobs of graphnet: where each of their axes lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from graphnet.blob import Shape
from graphnet.errors import SpecError

#: For each axis in ONNX the axis of the blob; None for one of size 1 that the blob has not.
Axes = tuple[int | None, ...]


@dataclass(frozen=True)
class Value:
    """What a value is in graphnet.

    Attributes:
        blob: Its blob.
        shape: The blob's, the batch axis first.
        axes: Where the axes are that ONNX counts.
        kind: ``float``; ``whole`` for numbers of another type in ONNX, such as labels; ``cut`` for
            what a Cast has made whole, which graphnet's blob need not be.
        source: The name of the value that made it.
    """

    blob: str
    shape: Shape
    axes: Axes
    kind: Literal["float", "whole", "cut"] = "float"
    source: str = ""

    @classmethod
    def plain(cls, blob: str, shape: Shape, source: str = "") -> Value:
        """A blob whose axes are as in ONNX."""
        return cls(blob, shape, tuple(range(len(shape))), source=source or blob)

    @property
    def logical(self) -> Shape:
        """The shape in ONNX."""
        return tuple(1 if axis is None else self.shape[axis] for axis in self.axes)

    @property
    def is_plain(self) -> bool:
        """Whether its axes are the blob's."""
        return self.axes == tuple(range(len(self.shape)))

    def transposed(self, order: Sequence[int]) -> Value:
        """Its axes in another order."""
        if sorted(order) != list(range(len(self.axes))):
            raise SpecError(f"puts {len(self.axes)} axes into the order {list(order)}")
        return replace(self, axes=tuple(self.axes[i] for i in order))

    def squeezed(self, axes: Sequence[int]) -> Value | None:
        """Without axes of size 1 that the blob has not; None if it has one of them."""
        if any(self.axes[axis] is not None for axis in axes):
            return None
        return replace(self, axes=tuple(a for i, a in enumerate(self.axes) if i not in axes))

    def unsqueezed(self, axes: Sequence[int]) -> Value:
        """With further axes of size 1, at their places in the new shape."""
        made: list[int | None] = list(self.axes)
        for axis in sorted(axes):
            made.insert(axis, None)
        return replace(self, axes=tuple(made))
