"""SlopedNeuron: what is shared by neurons whose derivative is no function of their value.

Forward computes value and derivative together, since most of the work is the same, and keeps the
derivative: backward is one product, and neither bottom nor top has to outlive forward.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import cache, partial
from typing import Any, ClassVar, TypeAlias

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array
from graphnet.layers.base import Layer, Reads, ScratchDecls, Shapes
from graphnet.layers.neurons.base import NeuronSpec

#: A number, in the form that the backend's ufuncs take in the least time.
Number: TypeAlias = Callable[[float], Any]


class SlopedNeuron(NeuronSpec):
    """What such neurons share: the derivative is kept from forward to backward."""

    #: How many scratch arrays ``compute`` gets.
    n_parts: ClassVar[int] = 1

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        decls = {"parts": backend.elementwise_scratch(bottoms[0], self.n_parts)}
        if backward:
            decls["slope"] = ScratchDecl(bottoms[0], lifetime="pass", blob=True)
        return decls

    def backward_reads(self) -> Reads:
        return Reads()

    @abstractmethod
    def compute(
        self, xp: Any, number: Number, slope: Array | None, x: Array, y: Array, *parts: Array
    ) -> None:
        """Write the function of ``x`` to ``y``, and its derivative to ``slope``.

        Args:
            xp: The array module.
            number: Gives a number as ufuncs take it in the least time, in which they hold the
                interpreter's lock.
            slope: None where no derivative is wanted.
            x: The bottom.
            y: May be the memory of ``x``: the derivative is computed before it is written.
            parts: Scratch, as many as ``n_parts``.
        """


class SlopedNeuronLayer(Layer[SlopedNeuron]):
    """Runs any of them."""

    def setup(self) -> None:
        (x,), (y,), bind = self.bottoms, self.tops, self.backend.elementwise
        parts, slope = self.scratch["parts"], self.scratch.get("slope")
        number = cache(partial(self.backend.operand, dtype=self.dtype))
        if slope is None or x.diff is None:
            alone = partial(_without_slope, self.spec.compute, number)
            self.bind_passes(forward=bind(alone, x.data, y.data, scratch=parts))
            return
        both = partial(_with_slope, self.spec.compute, number)
        self.bind_passes(
            forward=bind(both, slope, x.data, y.data, scratch=parts),
            backward=bind(_chain, slope, y.diff, x.diff),
        )


def _without_slope(compute: Any, number: Number, xp: Any, *arrays: Array) -> None:
    compute(xp, number, None, *arrays)


def _with_slope(compute: Any, number: Number, xp: Any, *arrays: Array) -> None:
    compute(xp, number, *arrays)


def _chain(xp: Any, slope: Array, dy: Array, dx: Array) -> None:
    xp.multiply(slope, dy, out=dx)
