"""Embed: a learned vector for each index, such as that of a word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import in_turn
from graphnet.blob import Shape
from graphnet.declare.fields import PositiveInt
from graphnet.errors import BatchError
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.learned import Learned
from graphnet.layers.losses.labels import (
    IndexRange,
    counted_from_0,
    memory,
    number_text,
    place_text,
)
from graphnet.layers.neurons.any_neuron import AnyNeuron
from graphnet.params.initializers import Xavier
from graphnet.params.param import ParamDecl
from graphnet.params.regularizers import L2Regu


class Embed(LayerSpec):
    """Look up a row of the weight for each index: ``top = weight[bottom] + bias``.

    It is an InnerProduct with one-hot vectors, without ever making them.

    Bottoms:
        each: ``(N, …)``, whole numbers from 0 to ``input_dim`` − 1. No gradient flows to it.
    Tops:
        each: ``(N, …, output_dim)``.
    Params:
        weight: ``(input_dim, output_dim)``.
        bias: ``(output_dim,)``, unless ``bias: false``.
    Args:
        input_dim: How many indices there are.
        output_dim: Length of a vector.
        bias: Whether a bias is added. Default true.
        param_key: Layers with the same key share their params. Default: the layer's name.
        neuron: The neuron that is applied to the top, in place.
    Example:
        - {name: embed, type: Embed, input_dim: 96, output_dim: 32, bottoms: [text], tops: [words]}
    Source:
        Caffe ``Embed``.
    """

    each_bottom: ClassVar[bool] = True
    learned: ClassVar[Mapping[str, Learned]] = {
        "weight": Learned(Xavier(), L2Regu()),
        "bias": Learned(lr=2.0),
    }

    type: Literal["Embed"] = "Embed"
    input_dim: PositiveInt
    output_dim: PositiveInt
    bias: bool = True
    param_key: str | None = None
    neuron: AnyNeuron | None = None

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return [(*bottoms[0], self.output_dim)]

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        shape = (self.input_dim, self.output_dim)
        decls = {"weight": self.decl("weight", shape)}
        if self.bias:
            decls["bias"] = self.decl("bias", shape[1:])
        return decls

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,) = bottoms
        return {
            "place": ScratchDecl((*x, self.output_dim), "int64", lifetime="pass", blob=True),
            "first": ScratchDecl(x, "int64", blob=True),
            "whole": ScratchDecl(x, blob=True),
            "fits": ScratchDecl(x, "bool", blob=True),
        }

    def n_indices(self, bottoms: Shapes) -> int:
        return self.input_dim

    def backward_reads(self) -> Reads:
        return Reads()

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return ()


class EmbedLayer(Layer[Embed]):
    """Runs :class:`Embed`."""

    def setup(self) -> None:
        (top,), weight = self.tops, self.params["weight"]
        #: for each element of the top, where its number lies in the weight
        self.place = self.scratch["place"]
        self.flat_place, self.flat_top = memory(self.place), memory(top.data)
        self.flat_diff: Any = None if top.diff is None else memory(top.diff)
        self.flat_weight = memory(weight.data)
        self.flat_dweight: Any = None if weight.diff is None else memory(weight.diff)
        self.columns = self.xp.arange(self.spec.output_dim)
        self.bias = self.params.get("bias")
        self.add_bias: Any = None
        if self.bias is not None and self.bias.diff is not None and top.diff is not None:
            positions = range(len(top.shape) - 1)
            self.add_bias = self.backend.axes_sum(top.diff, positions, self.bias.diff)
        self.expectation = self.backend.expectation(
            self.scratch["fits"], self.bottoms[0].data, self.refuse
        )
        self.expectations.append(self.expectation)
        indices = IndexRange(self.backend, self.spec.input_dim, self.dtype)
        fit = indices.fit(self.bottoms[0].data, self.scratch["whole"], self.scratch["fits"])
        self.read = in_turn([*fit, self.expectation.look])

    def forward(self) -> None:
        xp, whole, first = self.xp, self.scratch["whole"], self.scratch["first"]
        self.read()
        xp.copyto(first, whole, casting="unsafe")
        xp.multiply(first, self.spec.output_dim, out=first)
        xp.add(first[..., None], self.columns, out=self.place)
        self.backend.gather(self.flat_weight, self.flat_place, self.flat_top)
        if self.bias is not None:
            top = self.tops[0].data
            xp.add(top, self.bias.data, out=top)

    def backward(self) -> None:
        if self.flat_dweight is not None:
            self.backend.add_rows(
                self.flat_dweight, self.flat_place, self.flat_diff, self.spec.output_dim
            )
        if self.add_bias is not None:
            self.add_bias()

    def refuse(self, at: tuple[int, ...], value: float, ago: int) -> None:
        """Report a number that is no index."""
        raise BatchError(
            f"{number_text(value)} in {place_text(at)} of the batch is no index"
            f"\n  {counted_from_0('indices', self.spec.input_dim)}",
            0,
            at,
            value,
            ago,
        )
