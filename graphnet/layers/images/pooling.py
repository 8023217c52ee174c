"""Pooling: the maximum or the mean of sliding windows."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from graphnet.backend.base import Backend, Divisor, PoolingKind
from graphnet.backend.window import Window
from graphnet.blob import Shape, shape_text
from graphnet.declare.fields import NonNegativePair, PositivePair
from graphnet.errors import ShapeError
from graphnet.layers.base import Binding, Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import check_images
from graphnet.layers.neurons.any_neuron import AnyNeuron


class Pooling(LayerSpec):
    """The maximum or the mean of windows slid over each channel.

    Along each side the top has ``ceil((n + 2·pad − kernel) / stride) + 1`` places: the last
    window may hang over the edge. Where there is padding, a last window that would start in it
    is dropped. With ``round_mode: floor`` the division is rounded down: all windows lie within
    the padded image, and what they do not reach counts for nothing. Of equal maxima the first in
    row-major order takes the gradient; a NaN in a window makes its maximum NaN.

    Bottoms:
        each: ``(N, C, H, W)``.
    Tops:
        each: ``(N, C, H', W')``.
    Args:
        pooling: ``Max`` (default) or ``Mean``.
        kernel: ``[height, width]`` of the windows.
        stride: The step from one window to the next, ``[height, width]``. Default 1.
        pad: Rows added ``[above and below, left and right]``; less than the kernel. Default 0.
        global: One window over the whole plane, instead of kernel, stride and pad.
        divisor: What a mean divides by: all of the ``kernel`` (default), the part of the window
            within the ``padded`` image, or the ``valid`` part, within the image itself.
        round_mode: ``ceil`` (default) or ``floor``: how many windows there are where they do not
            fit exactly.
        neuron: The neuron that is applied to the top, in place.
    Example:
        - {name: pool1, type: Pooling, kernel: [2, 2], stride: [2, 2], bottoms: [conv1],
           tops: [pool1]}
        - {name: mean, type: Pooling, pooling: Mean, global: true, bottoms: [pool1], tops: [mean]}
    Source:
        Mocha ``PoolingLayer`` (divisor ``kernel``), Caffe ``Pooling`` (divisor ``padded``). Both
        let a window lie wholly outside the image; here that is an error. PyTorch rounds down
        unless ``ceil_mode`` is set.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)
    each_bottom: ClassVar[bool] = True

    type: Literal["Pooling"] = "Pooling"
    pooling: PoolingKind = "Max"
    kernel: PositivePair | None = None
    stride: PositivePair = (1, 1)
    pad: NonNegativePair = (0, 0)
    global_: bool = Field(default=False, alias="global")
    divisor: Divisor = "kernel"
    round_mode: Literal["ceil", "floor"] = "ceil"
    neuron: AnyNeuron | None = None

    @model_validator(mode="after")
    def _check_window(self) -> Pooling:
        given = [
            key for key in ("kernel", "stride", "pad", "round_mode") if key in self.model_fields_set
        ]
        if self.global_ and given:
            raise ValueError(f"'{given[0]}' has no meaning with global: true")
        if not self.global_ and self.kernel is None:
            raise ValueError("'kernel' is missing\n  expected it, or global: true")
        if self.kernel and any(p >= k for p, k in zip(self.pad, self.kernel, strict=True)):
            raise ValueError(
                f"pad {shape_text(self.pad)} must be less than kernel {shape_text(self.kernel)}, "
                "or a window would lie in the padding alone"
            )
        return self

    def window(self, bottom: Shape) -> Window:
        """Its geometry on a bottom of this shape."""
        if self.kernel is None:
            return Window((bottom[2], bottom[3]))
        return Window(self.kernel, self.stride, self.pad)

    @property
    def pools_maxima(self) -> bool:
        return self.pooling == "Max"

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        check_images(x)
        window = self.window(x)
        rounded = window.floor_size if self.round_mode == "floor" else window.ceil_size
        size = rounded((x[2], x[3]))
        for side, n, out, stride, pad in zip(
            ("height", "width"), x[2:], size, window.stride, window.pad, strict=True
        ):
            if out < 1 or (out - 1) * stride - pad >= n:
                raise ShapeError(
                    f"a window would lie outside a bottom of shape {shape_text(x)}: kernel "
                    f"{shape_text(window.kernel)}, stride {shape_text(window.stride)}, pad "
                    f"{shape_text(window.pad)} on {side} {n}"
                    "\n  expected a stride no larger than the kernel, and a kernel that fits"
                )
        return [(x[0], x[1], *size)]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,), (y,) = bottoms, self.top_shapes(bottoms)
        return dict(backend.pool2d_scratch(self.pooling, self.window(x), x, y, backward=backward))

    def backward_reads(self) -> Reads:
        return Reads()

    def build(self, binding: Binding) -> PoolingLayer:
        return PoolingLayer(self, binding)


class PoolingLayer(Layer[Pooling]):
    """Runs :class:`Pooling`."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        op = self.backend.pool2d(
            self.spec.pooling,
            self.spec.window(x.shape),
            self.spec.divisor,
            x.data,
            y.data,
            x.diff,
            y.diff,
            self.scratch,
        )
        self.bind_passes(forward=op.forward, backward=op.backward)
