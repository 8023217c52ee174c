"""The update: from the gradients in the flat buffers to moved params.

In this order: the mean over accumulated batches, the clip by global norm (of the params that have
a rate), the regularizers, the method, the constraints. Neighbouring params with the same local rate
and, where it counts, the same regularizer form one group. A group is worked through block by block,
each block once: everything between the gradient and the moved param happens while the block is in
cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from math import prod
from types import MappingProxyType
from typing import Any

from graphnet.backend.measures import Number
from graphnet.blob import Array
from graphnet.params.constraints import NoCons
from graphnet.params.param import Param, ParamStore
from graphnet.params.regularizers import NoRegu, Regularizer
from graphnet.sealed import Sealed
from graphnet.solver.average import EMA, ParamAverage
from graphnet.solver.methods.base import BlockScratch, Method, Rates


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
        self.is_regularized = coef > 0 and not isinstance(regularizer, NoRegu)
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

    def _shrink(self, xp: Any, w: Array) -> None:
        """``W ← W − r · gradient of the regularizer``."""
        scratch = self.rates.scratch
        gradient = scratch.like(xp, w)
        gradient.fill(0)
        self.regularizer.add_gradient(xp, w, gradient, scratch.like(xp, w, slot=1), self.coef)
        xp.multiply(gradient, self.rates.lr, out=gradient)
        xp.subtract(w, gradient, out=w)


class Updater(Sealed):
    """Moves the trainable params of a store; allocates nothing after the first update.

    Attributes:
        history: The method's memory by name, flat like ``store.diff``; with ``ema`` among it.
        average: The moving average of the params, or None.

    Args:
        store: The params and their diffs.
        method: The update rule.
        regu_coef: Multiplies every regularizer.
        clip_gradients: The largest global norm a gradient keeps, or None.
        iter_size: How many batches one update takes the mean of.
        ema: The decay of a moving average of the params; None: there is none.
    """

    def __init__(
        self,
        store: ParamStore,
        method: Method,
        regu_coef: float = 0.0,
        clip_gradients: float | None = None,
        iter_size: int = 1,
        ema: float | None = None,
    ) -> None:
        self.store, self.method, self.backend = store, method, store.backend
        self.clip_gradients, self.iter_size = clip_gradients, iter_size
        n = store.diff.size
        history = {name: self.backend.zeros((n,), store.dtype) for name in method.history}
        self.average = None if ema is None else ParamAverage(store, ema)
        if self.average is not None:
            history[EMA] = self.average.values
        self.history: Mapping[str, Array] = MappingProxyType(history)
        self._still: list[Array] = []  # the diffs of params with a rate of 0
        self._groups = self._bind(regu_coef)
        self._constrained = [p for p in store.trainable() if not isinstance(p.decl.cons, NoCons)]
        self._sum = self.backend.zeros((n,), store.dtype) if iter_size > 1 else None
        if self._sum is not None:
            sums = (self._sum, store.diff)
            self._keep = self.backend.elementwise(_assign, *sums)
            self._gather = self.backend.elementwise(_add, *sums)
            self._spread = self.backend.elementwise(_add, *reversed(sums))

    def _bind(self, regu_coef: float) -> list[UpdateGroup]:
        groups, start, scratch = [], 0, BlockScratch()
        alike = _same_rate_and_regularizer if regu_coef > 0 else _same_rate
        for (lr, regularizer), members in groupby(self.store.trainable(), alike):
            span = slice(start, start + sum(prod(p.decl.shape) for p in members))
            start = span.stop
            rates = Rates(scratch, self.backend, self.store.dtype)
            group = UpdateGroup(self.method, regularizer, regu_coef, lr, rates)
            history = [self.history[name][span] for name in self.method.history]
            group.call = self.backend.elementwise(
                group.block, self.store.data[span], self.store.diff[span], *history
            )
            groups.append(group)
            if lr == 0:
                self._still.append(self.store.diff[span])
        return groups

    def named_history(self) -> Iterator[tuple[str, Array]]:
        """The history param by param: a name like ``velocity/ip1/weight``, and a view in its shape.

        Files go by these names, so that the order of the params in the flat buffers is free.
        """
        spans = self.store.spans()
        for history, array in self.history.items():
            for key, name, param in self.store.items():
                if id(param) in spans:
                    yield (
                        f"{history}/{key}/{name}",
                        array[spans[id(param)]].reshape(param.decl.shape),
                    )

    def accumulate(self, k: int) -> None:
        """Add the gradient of batch ``k`` of ``iter_size``; to be called after each backward."""
        if self._sum is None:
            return
        if k == 0:
            self._keep()
        elif k < self.iter_size - 1:
            self._gather()
        else:
            self._spread()

    def update(self, t: int, lr: float, momentum: float) -> None:
        """Do update number ``t``; ``store.diff`` then holds the gradient the method used."""
        scale = self._gradient_scale()
        is_scaled = not (isinstance(scale, float) and scale == 1)
        for group in self._groups:
            group.rates.set(t, float(lr * group.local_lr), float(momentum))
            group.gradient_scale, group.is_scaled = scale, is_scaled
            group.call()
        for param in self._constrained:
            param.decl.cons.apply(self.backend, param.data, t)
        if self.average is not None:
            self.average.update(t)

    def _gradient_scale(self) -> Number:
        """The factor on the gradient: for the mean over batches, and for the clip."""
        scale = 1.0 / self.iter_size
        if self.clip_gradients is None:
            return scale
        for diff in self._still:  # what does not move takes no part of the norm
            diff.fill(0)
        norm = self.backend.square_sum(self.store.diff) ** 0.5 * scale
        return self.backend.clip_factor(norm, self.clip_gradients) * scale


def _same_rate_and_regularizer(param: Param) -> tuple[float, Regularizer]:
    return param.decl.lr, param.decl.regu


def _same_rate(param: Param) -> tuple[float, Regularizer]:
    return param.decl.lr, NoRegu()


def _assign(xp: Any, target: Array, source: Array) -> None:
    xp.copyto(target, source)


def _add(xp: Any, target: Array, other: Array) -> None:
    xp.add(target, other, out=target)
