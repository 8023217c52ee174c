"""What layers with filters share in YAML: how many there are, and their geometry on images."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from math import prod
from typing import ClassVar, Self

from pydantic import model_validator

from graphnet.backend.window import Window
from graphnet.blob import Shape, shape_text
from graphnet.declare.fields import NonNegativePair, PositiveInt, PositivePair
from graphnet.errors import ShapeError
from graphnet.layers.base import LayerSpec, Reads, Shapes
from graphnet.layers.channelwise.channels import check_extent, check_images
from graphnet.layers.learned import Learned
from graphnet.layers.neurons.any_neuron import AnyNeuron
from graphnet.params.initializers import Xavier
from graphnet.params.param import ParamDecl
from graphnet.params.regularizers import L2Regu


class AnyFilterBank(LayerSpec):
    """What the YAML says of filters over any axes; each layer documents its properties."""

    each_bottom: ClassVar[bool] = True
    learned: ClassVar[Mapping[str, Learned]] = {
        "filter": Learned(Xavier(), L2Regu()),
        "bias": Learned(lr=2.0),
    }

    n_filter: PositiveInt
    n_group: PositiveInt = 1
    bias: bool = True
    param_key: str | None = None
    neuron: AnyNeuron | None = None

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

    def check_groups(self, x: Shape) -> None:
        """See that a bottom's channels fall into the groups.

        Raises:
            ShapeError: Otherwise.
        """
        if x[1] % self.n_group:
            raise ShapeError(
                f"the {x[1]} channels of a bottom of shape {shape_text(x)} cannot be split into "
                f"n_group: {self.n_group} equal groups"
            )

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        decls = {"filter": self.decl("filter", self.filter_shape(bottoms[0]))}
        if self.bias:
            decls["bias"] = self.decl("bias", (self.n_filter,))
        return decls

    def backward_reads(self) -> Reads:
        return Reads(bottoms=() if self.frozen else (0,))

    def macs(self, bottoms: Shapes) -> int:
        return prod(self.top_shapes(bottoms)[0]) * prod(self.filter_shape(bottoms[0])[1:])

    def connections(self, bottoms: Shapes) -> int:
        places = prod(self.top_shapes(bottoms)[0][1:])
        return places * (prod(self.filter_shape(bottoms[0])[1:]) + self.bias)


class FilterBank(AnyFilterBank):
    """The same of filters over images."""

    kernel: PositivePair = (1, 1)
    stride: PositivePair = (1, 1)
    pad: NonNegativePair = (0, 0)
    dilation: PositivePair = (1, 1)

    @property
    def window(self) -> Window:
        """Its geometry; of a Deconvolution, that of the convolution it runs backwards."""
        return Window(self.kernel, self.stride, self.pad, self.dilation)

    def check_bottom(self, x: Shape) -> None:
        """See that a bottom holds images whose channels fall into the groups.

        Raises:
            ShapeError: Otherwise.
        """
        check_images(x)
        self.check_groups(x)
        check_extent(x, x[2], *self.kernel, x[2] * self.kernel[1] // 4)
