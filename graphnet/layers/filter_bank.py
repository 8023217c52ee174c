"""What Convolution and Deconvolution share in YAML: a bank of filters and its geometry."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Self

from pydantic import model_validator

from graphnet.backend.base import Window
from graphnet.blob import Shape, shape_text
from graphnet.constraints import AnyConstraint, NoCons
from graphnet.errors import ShapeError
from graphnet.fields import NonNegativeFloat, NonNegativePair, PositiveInt, PositivePair
from graphnet.initializers import AnyInitializer, Constant, Xavier
from graphnet.layers.base import LayerSpec, Reads, Shapes
from graphnet.layers.neurons import AnyNeuron
from graphnet.param import ParamDecl
from graphnet.regularizers import AnyRegularizer, L2Regu, NoRegu


class FilterBank(LayerSpec):
    """What the YAML says of either layer; each documents its properties."""

    each_bottom: ClassVar[bool] = True

    n_filter: PositiveInt
    kernel: PositivePair = (1, 1)
    stride: PositivePair = (1, 1)
    pad: NonNegativePair = (0, 0)
    dilation: PositivePair = (1, 1)
    n_group: PositiveInt = 1
    bias: bool = True
    param_key: str | None = None
    neuron: AnyNeuron | None = None
    filter_init: AnyInitializer = Xavier()
    bias_init: AnyInitializer = Constant()
    filter_regu: AnyRegularizer = L2Regu()
    bias_regu: AnyRegularizer = NoRegu()
    filter_cons: AnyConstraint = NoCons()
    bias_cons: AnyConstraint = NoCons()
    filter_lr: NonNegativeFloat = 1.0
    bias_lr: NonNegativeFloat = 2.0

    @model_validator(mode="after")
    def _check_groups(self) -> Self:
        if self.n_filter % self.n_group:
            raise ValueError(
                f"n_filter ({self.n_filter}) must be divisible by n_group ({self.n_group})"
            )
        return self

    @abstractmethod
    def filter_shape(self, bottom: Shape) -> Shape:
        """The shape of the param ``filter``."""

    @property
    def window(self) -> Window:
        """Its geometry; of a Deconvolution, that of the convolution it runs backwards."""
        return Window(self.kernel, self.stride, self.pad, self.dilation)

    def check_bottom(self, x: Shape) -> None:
        """See that a bottom holds images whose channels fall into the groups.

        Raises:
            ShapeError: Otherwise.
        """
        if len(x) != 4:  # noqa: PLR2004 (N, C, H, W)
            raise ShapeError(
                f"a bottom of shape {shape_text(x)} is no batch of images\n  expected (N, C, H, W)"
            )
        if x[1] % self.n_group:
            raise ShapeError(
                f"the {x[1]} channels of a bottom of shape {shape_text(x)} cannot be split into "
                f"n_group: {self.n_group} equal groups"
            )

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        decls = {
            "filter": ParamDecl(
                self.filter_shape(bottoms[0]),
                self.filter_init,
                self.filter_regu,
                self.filter_cons,
                self.filter_lr,
            )
        }
        if self.bias:
            decls["bias"] = ParamDecl(
                (self.n_filter,), self.bias_init, self.bias_regu, self.bias_cons, self.bias_lr
            )
        return decls

    def backward_reads(self) -> Reads:
        return Reads(bottoms=() if self.frozen else (0,))
