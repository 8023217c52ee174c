"""SampleWeights: how much each sample counts, by a further bottom of a loss or statistic.

A weight multiplies what its sample, or its part of a sample, costs. Where it is 0 nothing is
counted, whatever stands there: weights of 0 and 1 are a mask, as sequences of several lengths need.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import prod
from typing import Any

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call
from graphnet.backend.measures import Expectation, Number
from graphnet.blob import Array, Blob, Shape, shape_text
from graphnet.errors import BatchError, ShapeError
from graphnet.layers.base import LayerSpec, ScratchDecls, Shapes
from graphnet.layers.losses.labels import number_text, place_text
from graphnet.layers.shape.axis import split_sample


class Weighed(LayerSpec):
    """A loss or statistic whose last bottom may be weights."""

    @property
    def n_plain(self) -> int:
        """How many bottoms it has without them."""
        return 2

    def weights_among(self, n_bottoms: int) -> int | None:
        return self.n_plain if n_bottoms > self.n_plain else None

    def weights_of(self, bottoms: Shapes) -> Shape | None:
        """The shape of the weights; None where there are none."""
        return bottoms[self.n_plain] if len(bottoms) > self.n_plain else None

    def check_weights(self, bottoms: Shapes, counted: Shape) -> None:
        """See that the weights fit what is counted.

        Args:
            bottoms: Of the layer.
            counted: ``(N, …)``, the shape of what is counted one by one.

        Raises:
            ShapeError: If they have not the sizes of its first axes.
        """
        weights = self.weights_of(bottoms)
        if weights is None or weights == counted[: len(weights)]:
            return
        fitting = [shape_text(counted[:n]) for n in range(1, len(counted) + 1)]
        raise ShapeError(
            f"weights of shape {shape_text(weights)} do not fit\n  expected {' or '.join(fitting)}:"
            " one for each sample, or for each place on its first axes"
        )

    def weight_scratch(self, bottoms: Shapes) -> ScratchDecls:
        """The scratch of :class:`SampleWeights`."""
        shape = self.weights_of(bottoms)
        if shape is None:
            return {}
        return {
            "weight": ScratchDecl(shape, lifetime="pass", blob=True),
            "weightless": ScratchDecl(shape, "bool", "pass", blob=True),
            "regular": ScratchDecl(shape, "bool", blob=True),
            "rowless": ScratchDecl(shape[:1], "bool", blob=True),
        }


class SampleWeights:
    """Reads the weights of a batch and weighs with them.

    Attributes:
        values: The weights; 0 in rows that only fill up the batch.
        nothing: Where they are 0.
        expectation: That they are finite and not negative; the layer lists it.

    Args:
        backend: The layer's.
        blob: The bottom.
        number: Its number.
        counted: The shape of what is counted one by one.
        scratch: As declared by :meth:`Weighed.weight_scratch`.
    """

    def __init__(
        self,
        backend: Backend,
        blob: Blob,
        number: int,
        counted: Shape,
        scratch: Mapping[str, Array],
    ) -> None:
        self.xp, self.backend, self.bottom = backend.xp, backend, number
        self.source = blob.data
        self.values, self.nothing, self.regular, self.rowless = (
            scratch[name] for name in ("weight", "weightless", "regular", "rowless")
        )
        self.axes = tuple(range(1, self.source.ndim))
        #: how many of what is counted share a weight
        self.shared = prod(counted) // max(1, self.source.size)
        self.expectation: Expectation = backend.expectation(self.regular, self.source, self.refuse)

    def read(self, n_valid: int) -> None:
        """Take over the weights of a batch; a BatchError names one that is none."""
        xp = self.xp
        xp.isfinite(self.source, out=self.regular)
        xp.greater_equal(self.source, 0, out=self.nothing)
        xp.logical_and(self.regular, self.nothing, out=self.regular)
        self.expectation.look()
        xp.copyto(self.values, self.source)
        if n_valid < len(self.values):
            self.values[n_valid:] = 0
        xp.equal(self.values, 0, out=self.nothing)

    def n_counted(self) -> Number:
        """How many of what is counted one by one have a weight."""
        return self.backend.number(self.xp.count_nonzero(self.values)) * self.shared

    def n_rows(self) -> Number:
        """How many samples have a weight anywhere."""
        if not self.axes:
            return self.backend.number(self.xp.count_nonzero(self.values))
        self.nothing.all(axis=self.axes, out=self.rowless)
        without = self.backend.number(self.xp.count_nonzero(self.rowless))
        return len(self.values) - without

    def over(self, array: Array, sample: Shape, axis: int | None = None) -> Call:
        """A call that weighs a blob's elements; those without weight become 0, whatever they are.

        Args:
            array: A blob.
            sample: A sample's shape, in which the weights' axes come first.
            axis: Of ``(N, *sample)``; the weights have none there.
        """
        view = split_sample(array, sample)
        weights = self.beside(self.values, view.ndim, axis)
        clear = self.clearing(array, sample, axis)

        def weigh() -> None:
            self.xp.multiply(view, weights, out=view)
            clear()

        return weigh

    def clearing(self, array: Array, sample: Shape, axis: int | None = None) -> Call:
        """A call that writes 0 to the elements without weight; arguments as for :meth:`over`."""
        view = split_sample(array, sample)
        nothing = self.beside(self.nothing, view.ndim, axis)
        return partial(self.xp.copyto, view, 0, where=nothing)

    @staticmethod
    def beside(values: Array, n_axes: int, axis: int | None = None) -> Array:
        """A view of weights, or of what is where they are, that broadcasts against a blob."""
        index: list[Any] = [slice(None)] * values.ndim
        if axis is not None and axis < values.ndim + 1 and values.ndim < n_axes:
            index.insert(axis, None)
        return values[(*index, *(None,) * (n_axes - len(index)))]

    def refuse(self, at: tuple[int, ...], value: float, ago: int) -> None:
        """Report a weight that is none."""
        raise BatchError(
            f"the weight {number_text(value)} in {place_text(at)} of the batch is out of range"
            "\n  expected a finite number of at least 0",
            self.bottom,
            at,
            value,
            ago,
        )


def weights_of(layer: Any, counted: Shape) -> SampleWeights | None:
    """The weights of a layer whose spec is :class:`Weighed`, if there are any; for ``setup``."""
    number = layer.spec.n_plain
    if len(layer.bottoms) <= number:
        return None
    weights = SampleWeights(layer.backend, layer.bottoms[number], number, counted, layer.scratch)
    layer.expectations.append(weights.expectation)
    return weights


def left_out(weights: SampleWeights | None, n_axes: int, axis: int) -> Array | None:
    """Where nothing is counted, beside scores of ``n_axes`` with the classes along ``axis``."""
    return None if weights is None else weights.beside(weights.nothing, n_axes, axis)


def rows_counted(weights: SampleWeights | None, n_valid: int) -> Number:
    """How many samples count."""
    return n_valid if weights is None else weights.n_rows()
