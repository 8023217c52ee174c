"""Parameter: a blob that is learned, and made of nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from graphnet.blob import Shape
from graphnet.declare.fields import PositiveInt
from graphnet.layers.base import Arity, Layer, LayerSpec, Reads, Shapes, exactly
from graphnet.layers.learned import Learned
from graphnet.params.param import ParamDecl


class Parameter(LayerSpec):
    """Its top is its param: numbers that are learned, as a blob for other layers to read.

    The blob is the same for every batch. Its first axis is whatever the shape says, and not one of
    samples: losses of it alone count all of it.

    Tops:
        0: ``shape``.
    Params:
        value: ``shape``; 0 at the start.
    Args:
        shape: All sizes, the first axis included.
        param_key: Layers with the same key share their params. Default: the layer's name.
    Example:
        - {name: gains, type: Parameter, shape: [4], tops: [gains]}
        - {name: weighted, type: Scale, axis: 1, bottoms: [conv1, gains], tops: [weighted]}
    Source:
        Caffe ``Parameter``.
    """

    n_bottoms: ClassVar[Arity] = exactly(0)
    learned: ClassVar[Mapping[str, Learned]] = {"value": Learned()}

    type: Literal["Parameter"] = "Parameter"
    shape: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    param_key: str | None = None

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return [self.shape]

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        return {"value": self.decl("value", self.shape)}

    def backward_reads(self) -> Reads:
        return Reads()


class ParameterLayer(Layer[Parameter]):
    """Runs :class:`Parameter`."""

    def forward(self) -> None:
        self.xp.copyto(self.tops[0].data, self.params["value"].data)

    def backward(self) -> None:
        diff = self.params["value"].diff
        if diff is not None:
            self.xp.copyto(diff, self.tops[0].diff)
