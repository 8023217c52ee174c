"""UpdateGroup: params that are updated alike, and all that happens to a block of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphnet.backend.measures import Number
from graphnet.blob import Array
from graphnet.params.regularizers import NoRegu, Regularizer
from graphnet.solver.methods.base import Method, Rates


class UpdateGroup:
    """Neighbouring params that are updated alike.

    Args:
        method: The update rule.
        regularizer: The regularizer of the params.
        coef: The solver's ``regu_coef``.
        local_lr: The rate of the params relative to the solver's.
        rates: The numbers of the running update.
    """

    def __init__(
        self,
        method: Method,
        regularizer: Regularizer,
        coef: float,
        local_lr: float,
        rates: Rates,
    ) -> None:
        self.method, self.regularizer, self.coef = method, regularizer, coef
        self.local_lr, self.rates = local_lr, rates
        self.gradient_scale: Number = 1.0
        self.is_scaled = False
        is_regularized = coef > 0 and not isinstance(regularizer, NoRegu)
        if is_regularized and method.decays_itself:
            rates.add_decay = self._add_decay
            is_regularized = False
        self.is_regularized = is_regularized
        self.call: Callable[[], None]

    def block(self, xp: Any, w: Array, g: Array, *history: Array) -> None:
        """Update one block of the params: all steps from the gradient to the moved param."""
        if self.is_scaled:
            xp.multiply(g, self.gradient_scale, out=g)
        if self.is_regularized and self.method.decoupled:
            self._shrink(xp, w)
        elif self.is_regularized:
            scratch = self.rates.scratch.like(xp, g)
            self.regularizer.add_gradient(xp, w, g, scratch, self.coef)
        self.method.step(xp, self.rates, w, g, *history)

    def _add_decay(self, xp: Any, w: Array, target: Array) -> None:
        """``target ← target + gradient of the regularizer``."""
        scratch = self.rates.scratch.like(xp, w, slot=3)
        self.regularizer.add_gradient(xp, w, target, scratch, self.coef)

    def _shrink(self, xp: Any, w: Array) -> None:
        """``W ← W − r · gradient of the regularizer``."""
        scratch = self.rates.scratch
        gradient = scratch.like(xp, w)
        gradient.fill(0)
        self.regularizer.add_gradient(xp, w, gradient, scratch.like(xp, w, slot=1), self.coef)
        xp.multiply(gradient, self.rates.lr, out=gradient)
        xp.subtract(w, gradient, out=w)
