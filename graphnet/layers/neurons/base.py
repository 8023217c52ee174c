"""NeuronSpec: what every neuron is made from.

A neuron is an element-wise function whose derivative can be computed from its value alone (Mocha's
rule), so that it can run in the bottom's memory.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, TypeAlias

import numpy as np

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes

#: ``apply`` and ``differentiate`` of a neuron.
Functions: TypeAlias = tuple[Callable[..., None], Callable[..., None]]


class NeuronSpec(LayerSpec):
    """What all neurons share: one bottom and one top of the same shape, in place by default."""

    each_bottom: ClassVar[bool] = True
    in_place: ClassVar[bool] = True
    overwrites: ClassVar[bool] = True
    #: ``apply`` and ``differentiate`` get a scratch array of the same shape besides.
    needs_scratch: ClassVar[bool] = False

    name: str = ""  # a neuron written as a property takes its layer's name

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return [bottoms[0]]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        decls = {"slope": ScratchDecl(bottoms[0], blob=True)} if backward else {}
        if self.needs_scratch:
            decls["extra"] = ScratchDecl(bottoms[0], blob=True)
        return decls

    def backward_reads(self) -> Reads:
        return Reads(tops=(0,))

    def functions(self, backend: Backend, dtype: np.dtype) -> Functions:
        """What runs as ``apply`` and ``differentiate`` on a backend."""
        return self.apply, self.differentiate

    def apply(self, xp: Any, x: Array, y: Array) -> None:
        """Write the function of ``x`` to ``y``; they may be the same memory."""
        raise NotImplementedError

    def differentiate(self, xp: Any, y: Array, slope: Array) -> None:
        """Write the derivative, given the value ``y``, to ``slope``; ``y`` stays as it is."""
        raise NotImplementedError


class NeuronLayer(Layer[NeuronSpec]):
    """Runs any neuron."""

    def setup(self) -> None:
        (x,), (y,), bind = self.bottoms, self.tops, self.backend.elementwise
        apply, differentiate = self.spec.functions(self.backend, self.dtype)
        scratch = [self.scratch["extra"]] if self.spec.needs_scratch else []
        self.bind_passes(forward=bind(apply, x.data, y.data, *scratch))
        if x.diff is not None:
            # the derivative is written where the bottom's diff will be, unless dy lies there
            in_place = self.xp.may_share_memory(x.diff, y.diff)
            slope = self.scratch["slope"] if in_place else x.diff
            chain = partial(_chain, differentiate)
            self.bind_passes(backward=bind(chain, y.data, y.diff, x.diff, slope, *scratch))


def _chain(
    differentiate: Callable[..., None], xp: Any, y: Array, dy: Array, dx: Array, *slope: Array
) -> None:
    """The chain rule for a block of elements; a scratch array follows the slope's."""
    differentiate(xp, y, *slope)
    xp.multiply(dy, slope[0], out=dx)
