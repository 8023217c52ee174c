"""TakeSamples: samples of the batch, picked by their numbers."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import in_turn
from graphnet.blob import Shape, shape_text
from graphnet.errors import BatchError, ShapeError
from graphnet.layers.base import (
    Arity,
    Layer,
    LayerSpec,
    Reads,
    ScratchDecls,
    Shapes,
    exactly,
)
from graphnet.layers.losses.labels import IndexRange, counted_from_0, memory, number_text
from graphnet.layers.pass_context import refuse_part


class TakeSamples(LayerSpec):
    """Sample i of the top is that sample of bottom 0 whose number is in place i of bottom 1.

    Samples may be taken several times, or not at all: the gradient of each is the sum of those of
    its places. A net with it cannot be cut into shards, predicts all rows as one batch, and refuses
    a last batch that is not full.

    Bottoms:
        0: ``(N, …)``.
        1: ``(M,)``, whole numbers from 0 to N − 1. No gradient flows to it.
    Tops:
        0: ``(M, …)``.
    Example:
        - {name: hard, type: TakeSamples, bottoms: [ip, worst], tops: [ip_of_worst]}
    Source:
        Caffe ``BatchReindex``.
    """

    n_bottoms: ClassVar[Arity] = exactly(2)

    type: Literal["TakeSamples"] = "TakeSamples"

    @property
    def mixes_samples(self) -> bool:
        return True

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        x, numbers = bottoms
        if len(numbers) != 1:
            raise ShapeError(
                f"bottom 1 has the shape {shape_text(numbers)}\n  expected one axis: the number of"
                " a sample for each sample of the top"
            )
        return [(numbers[0], *x[1:])]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        x, numbers = bottoms
        top = (numbers[0], *x[1:])
        return {
            "table": ScratchDecl((x[0], prod(x[1:]))),
            "place": ScratchDecl(top, "int64", "pass" if backward else "call", blob=True),
            "first": ScratchDecl(numbers, "int64", blob=True),
            "whole": ScratchDecl(numbers, blob=True),
            "fits": ScratchDecl(numbers, "bool", blob=True),
        }

    def n_indices(self, bottoms: Shapes) -> int:
        return bottoms[0][0]

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return (0,)

    def backward_reads(self) -> Reads:
        return Reads()


class TakeSamplesLayer(Layer[TakeSamples]):
    """Runs :class:`TakeSamples`, on a copy in which each sample lies in one piece."""

    def setup(self) -> None:
        (x, numbers), (y,), xp = self.bottoms, self.tops, self.xp
        self.width = prod(x.shape[1:])
        table, self.place = self.scratch["table"], self.scratch["place"]
        self.seen, self.flat_table = table.reshape(x.shape), table.reshape(-1)
        self.flat_place, self.flat_top = memory(self.place), memory(y.data)
        self.flat_diff: Any = None if y.diff is None else memory(y.diff)
        self.elements = xp.arange(self.width).reshape(1, *x.shape[1:])
        axes = (len(numbers.data), *(1,) * (len(x.shape) - 1))
        self.first = self.scratch["first"].reshape(axes)
        whole, fits = self.scratch["whole"], self.scratch["fits"]
        expectation = self.backend.expectation(fits, numbers.data, self.refuse)
        self.expectations.append(expectation)
        fit = IndexRange(self.backend, x.shape[0], self.dtype).fit(numbers.data, whole, fits)
        self.read = in_turn([*fit, expectation.look])

    def forward(self) -> None:
        refuse_part(self.context)
        xp = self.xp
        self.read()
        xp.copyto(self.scratch["first"], self.scratch["whole"], casting="unsafe")
        xp.multiply(self.scratch["first"], self.width, out=self.scratch["first"])
        xp.add(self.first, self.elements, out=self.place)
        xp.copyto(self.seen, self.bottoms[0].data)
        self.backend.gather(self.flat_table, self.flat_place, self.flat_top)

    def backward(self) -> None:
        dx = self.bottoms[0].diff
        if dx is not None:
            self.backend.add_rows(self.flat_table, self.flat_place, self.flat_diff, self.width)
            self.xp.copyto(dx, self.seen)

    def refuse(self, at: tuple[int, ...], value: float, ago: int) -> None:
        """Report a number that is no sample's."""
        n = self.bottoms[0].shape[0]
        raise BatchError(
            f"bottom 1 holds {number_text(value)} in place {at[0]}, which is no sample of {n}"
            f"\n  {counted_from_0('samples', n)}",
            1,
            at,
            value,
            ago,
        )
