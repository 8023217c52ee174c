"""TiedInnerProduct: the decoder that uses its encoder's weight."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import ClassVar, Literal

from graphnet.backend.base import Backend, InnerProductArrays
from graphnet.blob import Shape, feature_size, shape_text
from graphnet.declare.fields import PositiveInt
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.learned import Learned
from graphnet.layers.neurons.any_neuron import AnyNeuron
from graphnet.params.param import ParamDecl


class TiedInnerProduct(LayerSpec):
    """Fully connected, with the transposed weight of another layer: ``rows(bottom) @ weight``.

    The weight is only read: it learns in the InnerProduct that owns it, from that layer's own
    gradient. Several bottoms and as many tops are computed with the same params.

    Bottoms:
        each: ``(N, …)``, as many elements a sample as the other layer's ``output_dim``.
    Tops:
        each: ``(N, output_dim)``.
    Params:
        bias: ``(output_dim,)``, unless ``bias: false``.
    Args:
        output_dim: Width of the top: the number of inputs of the other layer.
        tied_param_key: The other layer's ``param_key``, or its name if it has none.
        bias: Whether a bias is added. Default true.
        param_key: Layers with the same key share their bias. Default: the layer's name.
        neuron: The neuron that is applied to the top, in place.
    Example:
        - {name: encode, type: InnerProduct, output_dim: 50, neuron: Sigmoid, bottoms: [data],
           tops: [code]}
        - {name: decode, type: TiedInnerProduct, tied_param_key: encode, output_dim: 784,
           bottoms: [code], tops: [reconstruction]}
    Source:
        Mocha ``TiedInnerProductLayer`` (which finds ``output_dim`` in the other layer).
    """

    each_bottom: ClassVar[bool] = True
    makes: ClassVar[Literal["scores"]] = "scores"
    learned: ClassVar[Mapping[str, Learned]] = {"bias": Learned(lr=2.0)}

    type: Literal["TiedInnerProduct"] = "TiedInnerProduct"
    output_dim: PositiveInt
    tied_param_key: str
    bias: bool = True
    param_key: str | None = None
    neuron: AnyNeuron | None = None

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return [(bottoms[0][0], self.output_dim)]

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        if not self.bias:
            return {}
        decl = self.decl("bias", (self.output_dim,))
        return {"bias": decl}

    def borrowed_params(self) -> dict[str, tuple[str, str]]:
        return {"weight": (self.tied_param_key, "weight")}

    def backward_reads(self) -> Reads:
        return Reads()

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,), (y,) = bottoms, self.top_shapes(bottoms)
        weight = (self.output_dim, feature_size(x))
        return dict(backend.inner_product_scratch(x, weight, y, backward=backward))

    def macs(self, bottoms: Shapes) -> int:
        return prod(bottoms[0]) * self.output_dim

    def connections(self, bottoms: Shapes) -> int:
        return (feature_size(bottoms[0]) + self.bias) * self.output_dim


class TiedInnerProductLayer(Layer[TiedInnerProduct]):
    """Runs :class:`TiedInnerProduct`."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        weight, bias = self.params["weight"], self.params.get("bias")
        turned = (feature_size(x.shape), self.spec.output_dim)
        if weight.shape != turned:
            raise ShapeError(
                f"the weight of '{self.spec.tied_param_key}' is {shape_text(weight.shape)}: "
                f"transposed, it makes {weight.shape[1]} of {weight.shape[0]} elements"
                f"\n  found a bottom with {turned[0]} elements a sample and output_dim {turned[1]}"
            )
        op = self.backend.inner_product(
            InnerProductArrays(
                x.data,
                weight.data.T,
                bias.data if bias else None,
                y.data,
                x.diff,
                None,
                bias.diff if bias else None,
                y.diff,
            ),
            self.scratch,
        )
        self.bind_passes(forward=op.forward, backward=op.backward)
