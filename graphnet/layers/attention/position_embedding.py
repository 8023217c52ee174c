"""PositionEmbedding: tells the positions of a sequence apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from graphnet.blob import Shape, shape_text
from graphnet.declare.fields import PositiveFloat, PositiveInt
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, LayerSpec, Reads, Shapes
from graphnet.layers.learned import Learned
from graphnet.params.initializers import Gaussian
from graphnet.params.param import ParamDecl
from graphnet.params.regularizers import L2Regu

_SEQUENCE = 3  # axes


class PositionEmbedding(LayerSpec):
    """Add a vector of its own to each position: ``top[n, t] = bottom[n, t] + vector[t]``.

    The vectors are learned, or are waves of growing length (``vectors: sinusoidal``), so that the
    vector some positions away is a rotation of it::

        vector[t, 2i]     = sin(t / base^(2i/D))
        vector[t, 2i + 1] = cos(t / base^(2i/D))

    Bottoms:
        0: ``(N, T, D)``.
    Tops:
        0: the same shape; in place where left out.
    Params:
        weight: ``(n_positions, D)``, if they are learned.
    Args:
        vectors: ``learned`` or ``sinusoidal``. Default learned.
        n_positions: How many vectors are learned; sequences may be shorter. Default: T.
        base: The lengths of the waves grow from 2π to 2π · base. Default 10000.
        param_key: Layers with the same key share their params. Default: the layer's name.
    Example:
        - {name: place, type: PositionEmbedding, bottoms: [words], tops: [h0]}
        - {name: waves, type: PositionEmbedding, vectors: sinusoidal, bottoms: [words], tops: [h]}
    Source:
        Vaswani et al. 2017.
    """

    in_place: ClassVar[bool] = True
    overwrites: ClassVar[bool] = True
    learned: ClassVar[Mapping[str, Learned]] = {"weight": Learned(Gaussian(std=0.02), L2Regu())}

    type: Literal["PositionEmbedding"] = "PositionEmbedding"
    vectors: Literal["learned", "sinusoidal"] = "learned"
    n_positions: PositiveInt | None = None
    base: PositiveFloat = 10000.0
    param_key: str | None = None

    @model_validator(mode="after")
    def _check(self) -> PositionEmbedding:
        given, is_learned = self.model_fields_set, self.vectors == "learned"
        if is_learned and "base" in given:
            raise ValueError("base has no effect where the vectors are learned")
        if not is_learned and "n_positions" in given:
            raise ValueError("n_positions has no effect: sinusoidal vectors are as many as needed")
        return self

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        x = bottoms[0]
        if len(x) != _SEQUENCE or 0 in x[1:]:
            raise ShapeError(
                f"a bottom of shape {shape_text(x)} is no sequence of features\n"
                "  expected (N, T, D) with at least one position"
            )
        if self.n_positions is not None and x[1] > self.n_positions:
            raise ShapeError(
                f"n_positions: {self.n_positions}, but the sequence has {x[1]} positions"
            )
        return [x]

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        if self.vectors != "learned":
            return {}
        _, steps, width = bottoms[0]
        return {"weight": self.decl("weight", (self.n_positions or steps, width))}

    def backward_reads(self) -> Reads:
        return Reads()


class PositionEmbeddingLayer(Layer[PositionEmbedding]):
    """Runs :class:`PositionEmbedding`."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        steps = x.shape[1]
        self.rest: Any = None
        self.add_up: Any = None
        if self.spec.vectors == "learned":
            weight = self.params["weight"]
            self.table = weight.data[:steps]
            if weight.diff is not None and y.diff is not None:
                self.rest = weight.diff[steps:]
                self.add_up = self.backend.axes_sum(y.diff, (0,), weight.diff[:steps])
        else:
            waves = sinusoids(steps, x.shape[2], self.spec.base)
            self.table = self.backend.constant(waves, self.dtype)
        self.copies = x.diff is not None and not self.xp.may_share_memory(x.diff, y.diff)

    def forward(self) -> None:
        self.xp.add(self.bottoms[0].data, self.table, out=self.tops[0].data)

    def backward(self) -> None:
        if self.add_up is not None:
            self.add_up()
            self.rest.fill(0)
        if self.copies:
            self.xp.copyto(self.bottoms[0].diff, self.tops[0].diff)


def sinusoids(n_positions: int, width: int, base: float) -> np.ndarray:
    """``(n_positions, width)``: sines and cosines in turn, of wave lengths from 2π to 2π · base."""
    features = np.arange(width)
    angles = np.arange(n_positions)[:, None] * base ** (-(features - features % 2) / width)
    return np.where(features % 2, np.cos(angles), np.sin(angles))
