"""InnerProduct: the fully connected layer."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import ClassVar, Literal

from graphnet.backend.base import Backend, InnerProductArrays
from graphnet.blob import Shape
from graphnet.declare.fields import PositiveInt
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.learned import Learned
from graphnet.layers.neurons.any_neuron import AnyNeuron
from graphnet.layers.shape.axis import FeatureAxis, axis_of
from graphnet.params.initializers import Xavier
from graphnet.params.param import ParamDecl
from graphnet.params.regularizers import L2Regu


class InnerProduct(LayerSpec):
    """Fully connected: ``top = rows(bottom) @ weight.T + bias``.

    With ``axis: 2`` or more, the axes before it are positions, such as the time steps of a
    sequence, each computed alike from the axes behind.

    Several bottoms and as many tops are computed with the same params; their gradients add up.

    Bottoms:
        each: ``(N, …)``; ``axis`` and the axes behind it are flattened to ``D``.
    Tops:
        each: the axes before ``axis``, then ``output_dim``; by default ``(N, output_dim)``.
    Params:
        weight: ``(output_dim, D)``.
        bias: ``(output_dim,)``, unless ``bias: false``.
    Args:
        output_dim: Width of the top.
        axis: The first axis that is flattened, in ``(N, C, H, W)``. Default 1.
        bias: Whether a bias is added. Default true.
        param_key: Layers with the same key share their params. Default: the layer's name.
        neuron: The neuron that is applied to the top, in place.
    Example:
        - {name: ip1, type: InnerProduct, output_dim: 500, neuron: ReLU, bottoms: [x], tops: [ip1]}
        - {name: words, type: InnerProduct, output_dim: 64, axis: 2, bottoms: [h], tops: [words]}
    Source:
        Mocha ``InnerProductLayer``; ``axis`` from Caffe ``InnerProduct``.
    """

    each_bottom: ClassVar[bool] = True
    makes: ClassVar[Literal["scores"]] = "scores"
    learned: ClassVar[Mapping[str, Learned]] = {
        "weight": Learned(Xavier(), L2Regu()),
        "bias": Learned(lr=2.0),
    }

    type: Literal["InnerProduct"] = "InnerProduct"
    output_dim: PositiveInt
    axis: FeatureAxis = 1
    bias: bool = True
    param_key: str | None = None
    neuron: AnyNeuron | None = None

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        positions, _ = self.split(bottoms[0])
        return [(*positions, self.output_dim)]

    def split(self, bottom: Shape) -> tuple[Shape, Shape]:
        """The axes before ``axis`` and those from it on.

        Raises:
            ShapeError: If there is no such axis.
        """
        # a bottom of the batch axis alone has one number a sample
        axis = 1 if self.axis == 1 else axis_of(bottom, self.axis)
        return bottom[:axis], bottom[axis:]

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        _, flattened = self.split(bottoms[0])
        shape = (self.output_dim, prod(flattened))
        decls = {"weight": self.decl("weight", shape)}
        if self.bias:
            decls["bias"] = self.decl("bias", shape[:1])
        return decls

    @property
    def takes_rows(self) -> bool:
        return self.axis == 1

    def backward_reads(self) -> Reads:
        return Reads(bottoms=() if self.frozen else (0,))

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,), (y,) = bottoms, self.top_shapes(bottoms)
        weight = (self.output_dim, prod(self.split(x)[1]))
        return dict(backend.inner_product_scratch(x, weight, y, backward=backward))

    def macs(self, bottoms: Shapes) -> int:
        return prod(bottoms[0]) * self.output_dim

    def connections(self, bottoms: Shapes) -> int:
        positions, flattened = self.split(bottoms[0])
        return prod(positions[1:]) * (prod(flattened) + self.bias) * self.output_dim


class InnerProductLayer(Layer[InnerProduct]):
    """Runs :class:`InnerProduct`."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        weight, bias = self.params["weight"], self.params.get("bias")
        op = self.backend.inner_product(
            InnerProductArrays(
                x.data,
                weight.data,
                bias.data if bias else None,
                y.data,
                x.diff,
                weight.diff,
                bias.diff if bias else None,
                y.diff,
            ),
            self.scratch,
        )
        self.bind_passes(forward=op.forward, backward=op.backward)
