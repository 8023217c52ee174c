"""Loss scaling: a pass multiplies all diffs by a factor, and then divides those of params by it.

Where the operands of products are rounded to 16 bits, small diffs would be rounded to zero. So what
the losses send back is multiplied by ``loss_scale`` of the net's context, and when the pass is done
the diffs of the params are divided by it. The diffs of blobs stay multiplied. A scale that is a
power of two changes no digit.

Source:
    Micikevicius et al. 2018, arXiv 1710.03740, section 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from graphnet.backend.base import Backend
from graphnet.backend.calls import Call, in_turn
from graphnet.blob import Array
from graphnet.layers.base import Kind, Layer, PassContext
from graphnet.net.graph import LayerVertex
from graphnet.sealed import Sealed


class LossScaling(Sealed):
    """The calls that scale the diffs of a net.

    Attributes:
        behind: By the place of a loss, what is called after its backward.
        undo: What is called when all diffs of params are complete.

    Args:
        vertices: The layers in the graph, in order.
        layers: The running ones.
        param_diffs: Those of the params that backward writes.
        context: Has the scale.
        backend: Where there is nothing to be done if it rounds no operands.
    """

    def __init__(
        self,
        vertices: Sequence[LayerVertex],
        layers: Sequence[Layer[Any]],
        param_diffs: Sequence[Array],
        context: PassContext,
        backend: Backend,
    ) -> None:
        self._context, self._backend = context, backend
        self.behind: Mapping[int, Call] = MappingProxyType({})
        self.undo: tuple[Call, ...] = ()
        if backend.precision == "float32":
            return
        self.behind = MappingProxyType(
            {
                i: self._scaled(_sent(layer), self._multiply)
                for i, (vertex, layer) in enumerate(zip(vertices, layers, strict=True))
                if vertex.kind is Kind.LOSS and vertex.runs_backward
            }
        )
        self.undo = (self._scaled(param_diffs, self._divide),)

    def _scaled(self, diffs: Sequence[Array], function: Any) -> Call:
        """A call that scales these diffs, each once."""
        each = {id(diff): diff for diff in diffs}.values()
        calls = [self._backend.elementwise(function, diff) for diff in each]
        return partial(self._unless_one, in_turn(calls))

    def _unless_one(self, call: Call) -> None:
        if self._context.loss_scale != 1:
            call()

    def _multiply(self, xp: Any, diff: Array) -> None:
        xp.multiply(diff, self._context.loss_scale, out=diff)

    def _divide(self, xp: Any, diff: Array) -> None:
        xp.divide(diff, self._context.loss_scale, out=diff)


def _sent(layer: Layer[Any]) -> list[Array]:
    """The diffs that a loss writes."""
    diffs = [blob.diff for blob in layer.bottoms] + [param.diff for param in layer.params.values()]
    return [diff for diff in diffs if diff is not None]
