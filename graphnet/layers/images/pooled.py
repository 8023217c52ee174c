"""What layers that pool share in YAML: the windows that they look at."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from graphnet.backend.window import Window
from graphnet.blob import Shape, shape_text
from graphnet.declare.fields import NonNegativePair, PositivePair
from graphnet.errors import ShapeError
from graphnet.layers.base import LayerSpec
from graphnet.layers.channelwise.channels import check_extent, check_images


class PooledWindows(LayerSpec):
    """Windows slid over each channel; each layer documents its properties."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    kernel: PositivePair | None = None
    stride: PositivePair = (1, 1)
    pad: NonNegativePair = (0, 0)
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
        if self.kernel and any(p >= k for p, k in zip(self.pad, self.kernel, strict=True)):
            raise ValueError(
                f"pad {shape_text(self.pad)} must be less than kernel {shape_text(self.kernel)}, "
                "or a window would lie in the padding alone"
            )
        return self

    def window(self, bottom: Shape) -> Window:
        """Their geometry on a bottom of this shape."""
        if self.kernel is None:
            return Window((bottom[2], bottom[3]))
        return Window(self.kernel, self.stride, self.pad)

    def pooled_size(self, x: Shape) -> tuple[int, int]:
        """How many windows there are along height and width of a bottom.

        Raises:
            ShapeError: If it is none of images, or a window would lie outside of them.
        """
        check_images(x)
        window = self.window(x)
        rounded = window.floor_size if self.round_mode == "floor" else window.ceil_size
        size = rounded((x[2], x[3]))
        check_extent(x, *window.kernel, size[0])
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
        return size
