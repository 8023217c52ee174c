"""Constraints: what is enforced on a param after an update."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from graphnet.backend.base import Backend
from graphnet.blob import Array
from graphnet.declare.fields import ByName, Model, PositiveFloat, PositiveInt
from graphnet.declare.user_types import OrUserClass


class Constraint(Model):
    """A rule that the solver applies after updates."""

    chosen_by_type: ClassVar[bool] = True

    @abstractmethod
    def apply(self, backend: Backend, data: Array, iteration: int) -> None:
        """Bring ``data``, of the param's shape on a ``backend``, back, if due in this iteration."""


class NoCons(Constraint):
    """No constraint.

    Source:
        Mocha ``NoCons``.
    """

    type: Literal["NoCons"] = "NoCons"

    def apply(self, backend: Backend, data: Array, iteration: int) -> None:
        """Nothing."""


class L2Cons(Constraint):
    """Each unit's weight vector keeps an L2 norm of at most ``threshold``.

    A unit is what one index of a param's first axis holds, such as one output's weights or one
    whole filter (of a Deconvolution, all that one channel of its bottom adds); an entire bias
    vector is one unit. Checked when the iteration is a multiple of ``every_n_iter`` (default 1).
    (Mocha ``L2Cons``; Srivastava et al. 2014, section 5.1.)
    """

    type: Literal["L2Cons"] = "L2Cons"
    threshold: PositiveFloat
    every_n_iter: PositiveInt = 1

    def apply(self, backend: Backend, data: Array, iteration: int) -> None:
        if iteration % self.every_n_iter:
            return
        xp = backend.xp
        units = data.reshape(1, -1) if data.ndim == 1 else data.reshape(data.shape[0], -1)
        norms = xp.empty(len(units), units.dtype)
        backend.channel_products(units[None], units[None], norms)
        xp.sqrt(norms, out=norms)
        scale = self.threshold / xp.maximum(norms, self.threshold)
        xp.multiply(units, scale[:, None], out=units)


AnyConstraint: TypeAlias = Annotated[
    NoCons | L2Cons, Field(discriminator="type"), OrUserClass(Constraint), ByName
]
