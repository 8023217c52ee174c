"""What writes a layer for Caffe sees, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeAlias

import numpy as np

from graphnet.blob import Shape
from graphnet.errors import SpecError
from graphnet.interchange.caffe.files.message import Message
from graphnet.net.graph import LayerVertex
from graphnet.params.initializers import MSRA, Bilinear, Constant, Gaussian, Uniform, Xavier
from graphnet.params.regularizers import L1Regu, L2Regu


@dataclass
class Part:
    """One layer of Caffe's.

    Attributes:
        message: It.
        params: The params and states of graphnet that are its blobs, in its order.
        constants: Blobs behind those that graphnet does not have.
        is_scalar: Whether its blobs are single numbers, which have no axis in Caffe.
    """

    message: Message
    params: list[str] = field(default_factory=list)
    constants: list[np.ndarray] = field(default_factory=list)
    is_scalar: bool = False


@dataclass(frozen=True)
class Writer:
    """One layer of graphnet's, as it is to be written.

    Attributes:
        vertex: In the graph.
        name: For Caffe.
    """

    vertex: LayerVertex
    name: str

    @property
    def spec(self) -> Any:
        """What was declared; of which type the table says."""
        return self.vertex.spec

    @property
    def keys(self) -> dict[str, Any]:
        """The values of all its keys."""
        return dict(self.vertex.spec)

    @property
    def bottom(self) -> Shape:
        """The shape of its first bottom."""
        return self.vertex.bottom_shapes[0]

    def refuse(self, why: str) -> NoReturn:
        """Say that Caffe has no equal."""
        raise SpecError(why)

    def layer(self, kind: str, part: str = "", **keys: Any) -> Message:
        """A layer of Caffe's with the bottoms and tops of this one."""
        made = Message.of("LayerParameter", name=self.name, type=kind)
        for what, blobs in (("bottom", self.vertex.bottoms), ("top", self.vertex.tops)):
            if blobs:
                made.put(what, [blob.name for blob in blobs])
        given = {name: value for name, value in keys.items() if value is not None}
        if part and given:
            inner = made.part(part)
            for name, value in given.items():
                inner.put(name, value)
        return made

    def one(self, kind: str, part: str = "", **keys: Any) -> list[Part]:
        """One layer without params."""
        return [Part(self.layer(kind, part, **keys))]

    def learned(self, message: Message, names: Sequence[str]) -> Part:
        """A layer with params: their rates and decay are written down."""
        decls = self.vertex.spec.param_decls(self.vertex.bottom_shapes)
        for name in names:
            regu = decls[name].regu
            lr = 0.0 if self.spec.frozen else decls[name].lr
            decay = regu.coef if isinstance(regu, L1Regu | L2Regu) else 0.0
            message.add("param", Message.of("ParamSpec", lr_mult=lr, decay_mult=decay))
        return Part(message, list(names))

    def filler(self, name: str) -> Message | None:
        """The filler that an initializer is; None where Caffe has none, or it is its default."""
        init = self.spec.init_of(name)
        values: dict[str, Any]
        match init:
            case Constant():
                values = {"type": "constant", "value": init.value}
            case Gaussian():
                values = {"type": "gaussian", "mean": init.mean, "std": init.std}
            case Uniform():
                values = {"type": "uniform", "min": init.low, "max": init.high}
            case Xavier() | MSRA() | Bilinear():
                values = {"type": type(init).__name__.lower()}
            case _:
                return None
        return Message.of("FillerParameter", **values)


#: Writes a layer of one type.
ToCaffe: TypeAlias = Callable[[Writer], list[Part]]
