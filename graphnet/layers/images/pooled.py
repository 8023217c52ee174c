"""What layers that pool share in YAML: the windows that they look at."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from graphnet.backend.base import Divisor, PoolingKind
from graphnet.backend.window import Window
from graphnet.blob import Shape, shape_text
from graphnet.declare.fields import NonNegativePair, PositivePair
from graphnet.errors import ShapeError
from graphnet.layers.base import LayerSpec, Reads, Shapes
from graphnet.layers.channelwise.channels import check_extent, check_images
from graphnet.layers.neurons.any_neuron import AnyNeuron


class AnyPooledWindows(LayerSpec):
    """Windows slid over any axes of each channel; each layer documents its properties."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    #: The axes behind the channels.
    sides: ClassVar[tuple[str, ...]]

    #: Declared by each layer: numbers for its sides.
    kernel: Any = None
    stride: Any = 1
    pad: Any = 0
    global_: bool = Field(default=False, alias="global")
    round_mode: Literal["ceil", "floor"] = "ceil"

    @model_validator(mode="after")
    def _check_window(self) -> Self:
        given = [
            key for key in ("kernel", "stride", "pad", "round_mode") if key in self.model_fields_set
        ]
        if self.global_ and given:
            raise ValueError(f"'{given[0]}' has no meaning with global: true")
        if not self.global_ and self.kernel is None:
            raise ValueError("'kernel' is missing\n  expected it, or global: true")
        if self.kernel is None:
            return self
        kernel, _, pad = self.geometry(())
        if any(p >= k for p, k in zip(pad, kernel, strict=True)):
            raise ValueError(
                f"pad {shape_text(pad)} must be less than kernel {shape_text(kernel)}, "
                "or a window would lie in the padding alone"
            )
        return self

    @abstractmethod
    def check_bottom(self, x: Shape) -> None:
        """See that a bottom has the axes that are pooled.

        Raises:
            ShapeError: Otherwise.
        """

    def geometry(self, x: Shape) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Kernel, stride and pad along each side, on a bottom of this shape."""
        n = len(self.sides)
        if self.kernel is None:
            return tuple(x[2:]), (1,) * n, (0,) * n
        kernel, stride, pad = (
            (value,) if isinstance(value, int) else tuple(value)
            for value in (self.kernel, self.stride, self.pad)
        )
        return kernel, stride, pad

    def pooled_sides(self, x: Shape) -> tuple[int, ...]:
        """How many windows there are along each side of a bottom.

        Raises:
            ShapeError: If it has other axes, or a window would lie outside of it.
        """
        self.check_bottom(x)
        kernel, stride, pad = self.geometry(x)
        found = []
        for side, n, k, s, p in zip(self.sides, x[2:], kernel, stride, pad, strict=True):
            span = n + 2 * p - k
            out = (span // s if self.round_mode == "floor" else -(-span // s)) + 1
            if self.round_mode == "ceil" and any(pad) and (out - 1) * s >= n + p:
                out -= 1  # it would start in the padding behind
            if out < 1 or (out - 1) * s - p >= n:
                raise ShapeError(
                    f"a window would lie outside a bottom of shape {shape_text(x)}: kernel "
                    f"{shape_text(kernel)}, stride {shape_text(stride)}, pad "
                    f"{shape_text(pad)} on {side} {n}"
                    "\n  expected a stride no larger than the kernel, and a kernel that fits"
                )
            found.append(out)
        check_extent(x, *kernel, *found[:-1])
        return tuple(found)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        sides = self.pooled_sides(x)  # which sees that there are so many
        return [(x[0], x[1], *sides)]


class PoolingOverSides(AnyPooledWindows):
    """What all layers that give the maxima or means of their windows have in common."""

    each_bottom: ClassVar[bool] = True

    pooling: PoolingKind = "Max"
    divisor: Divisor = "kernel"
    neuron: AnyNeuron | None = None

    @property
    def pools_maxima(self) -> bool:
        return self.pooling == "Max"

    def backward_reads(self) -> Reads:
        return Reads()


class PooledWindows(AnyPooledWindows):
    """Windows over images."""

    sides: ClassVar[tuple[str, ...]] = ("height", "width")

    kernel: PositivePair | None = None
    stride: PositivePair = (1, 1)
    pad: NonNegativePair = (0, 0)

    def check_bottom(self, x: Shape) -> None:
        check_images(x)

    def window(self, bottom: Shape) -> Window:
        """Their geometry on a bottom of this shape."""
        return Window(*(_pair(of_sides) for of_sides in self.geometry(bottom)))


def _pair(values: Sequence[int]) -> tuple[int, int]:
    height, width = values
    return height, width


def taps(
    size: int, n_windows: int, kernel: int, stride: int, pad: int
) -> Iterator[tuple[slice, slice]]:
    """For each tap of the windows along one axis: what it meets, and of which windows."""
    for tap in range(kernel):
        offset = tap - pad
        first = max(0, -(offset // stride))
        last = min(n_windows, (size - 1 - offset) // stride + 1)
        if first < last:
            start = first * stride + offset
            stop = start + (last - first - 1) * stride + 1
            yield slice(start, stop, stride), slice(first, last)
