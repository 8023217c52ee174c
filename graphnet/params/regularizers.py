"""Regularizers: what is added to a param's gradient to keep it small.

The effective coefficient is the regularizer's own times the solver's ``regu_coef``. The
penalty itself is never part of the reported objective (Mocha's rule).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field

from graphnet.blob import Array
from graphnet.declare.fields import ByName, Model, NonNegativeFloat
from graphnet.declare.user_types import OrUserClass


class Regularizer(Model):
    """A penalty on a param."""

    chosen_by_type: ClassVar[bool] = True

    @abstractmethod
    def add_gradient(self, xp: Any, data: Array, diff: Array, scratch: Array, coef: float) -> None:
        """Add the gradient of ``coef`` × penalty of ``data`` to ``diff``; all have one shape.

        ``xp`` is the array module, ``scratch`` working memory.
        """


class NoRegu(Regularizer):
    """No penalty.

    Source:
        Mocha ``NoRegu``.
    """

    type: Literal["NoRegu"] = "NoRegu"

    def add_gradient(self, xp: Any, data: Array, diff: Array, scratch: Array, coef: float) -> None:
        """Nothing."""


class L2Regu(Regularizer):
    """coef · Σ w², gradient 2 · coef · w: twice Caffe's weight decay. Default coef 1."""

    type: Literal["L2Regu"] = "L2Regu"
    coef: NonNegativeFloat = 1.0

    def add_gradient(self, xp: Any, data: Array, diff: Array, scratch: Array, coef: float) -> None:
        xp.multiply(data, 2 * self.coef * coef, out=scratch)
        xp.add(diff, scratch, out=diff)


class L1Regu(Regularizer):
    """coef · Σ |w|, gradient coef · sign(w), 0 at 0. Default coef 1.

    Source:
        Mocha ``L1Regu``; Caffe ``regularization_type: "L1"``.
    """

    type: Literal["L1Regu"] = "L1Regu"
    coef: NonNegativeFloat = 1.0

    def add_gradient(self, xp: Any, data: Array, diff: Array, scratch: Array, coef: float) -> None:
        xp.sign(data, out=scratch)
        xp.multiply(scratch, self.coef * coef, out=scratch)
        xp.add(diff, scratch, out=diff)


AnyRegularizer: TypeAlias = Annotated[
    NoRegu | L2Regu | L1Regu, Field(discriminator="type"), OrUserClass(Regularizer), ByName
]
