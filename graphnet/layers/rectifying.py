"""Rectifying: layers that apply the ReLU behind them themselves, while a block is in the cache."""

from __future__ import annotations

from functools import partial
from typing import Any, Self

from pydantic import PrivateAttr

from graphnet.backend.base import ScratchDecl
from graphnet.backend.calls import Call
from graphnet.backend.rectifier import rectifier
from graphnet.blob import Array, Shape
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls


class Rectifying(LayerSpec):
    """A spec whose layer can apply the ReLU that alone reads its top; the net decides whether."""

    _bound: float | None = PrivateAttr(default=None)

    @property
    def bound(self) -> float | None:
        """The bound of the ReLU that it applies itself; None: there is none."""
        return self._bound

    @property
    def can_rectify(self) -> bool:
        """Whether a layer with these properties can do so."""
        return True

    def rectifier_scratch(self, top: Shape, *, backward: bool) -> ScratchDecls:
        """The scratch that :func:`bind_passing` needs for a top of that shape."""
        wanted = backward and self.bound is not None
        return {"passed": ScratchDecl(top, blob=True)} if wanted else {}

    def reads_of_rectifier(self, reads: Reads) -> Reads:
        """What backward reads, given what it ``reads`` without a ReLU."""
        return reads if self.bound is None else Reads(reads.bottoms, (0,))

    def rectified(self, bound: float) -> Self | None:
        if not self.can_rectify:
            return None
        made = self.model_copy()
        # behind a ReLU that it applies already, only a higher bound cuts off more
        highest = bound if self.bound is None else max(bound, self.bound)
        made._bound = highest  # noqa: SLF001  # of the same class
        return made


def bind_passing(layer: Layer[Any]) -> tuple[Array | None, list[Call]]:
    """The diff of what the ReLU of a ``layer`` reads, and the calls that write it before backward.

    Without a ReLU it is the diff of the top, and there are no calls.
    """
    (y,), bound = layer.tops, layer.spec.bound
    if bound is None or y.diff is None:
        return y.diff, []
    _, differentiate = rectifier(bound, layer.backend.operand(bound, layer.dtype))
    passed, function = layer.scratch["passed"], partial(pass_on, differentiate)
    return passed, [layer.backend.elementwise(function, y.data, y.diff, passed)]


def pass_on(differentiate: Any, xp: Any, y: Array, dy: Array, dx: Array, *others: Array) -> None:
    """Write what a ReLU lets through of dy to dx, and to each of the others."""
    differentiate(xp, y, dx)
    xp.multiply(dx, dy, out=dx)
    for other in others:
        xp.copyto(other, dx)
