"""The update: from the gradients in the flat buffers to moved params.

In this order: the mean over accumulated batches, the clips by the norms of layers and by the global
norm (of the params that have a rate), the regularizers, the method, the constraints. Neighbouring
params with the same rule, local rate and, where it counts, regularizer form one group. A group is
worked through block by block, each block once: everything between the gradient and the moved param
happens while the block is in cache. A rule that needs a whole param, such as for its norm, is given
it as one block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from types import MappingProxyType
from typing import Any

from graphnet.backend.calls import add_to, assign, in_turn
from graphnet.backend.measures import Number
from graphnet.blob import Array
from graphnet.params.constraints import NoCons
from graphnet.params.param import Param, ParamStore
from graphnet.params.regularizers import NoRegu
from graphnet.sealed import Sealed
from graphnet.solver.average import (
    EMA,
    SWA,
    Averaged,
    ExponentialAverage,
    ParamAverage,
    PlainAverage,
)
from graphnet.solver.clip import LayerClip
from graphnet.solver.gradient_noise import NoiseSums
from graphnet.solver.methods.base import BlockScratch, Method, Rates
from graphnet.solver.param_groups import ParamGroup, treated
from graphnet.solver.trainable_net import SharedNet
from graphnet.solver.update_group import UpdateGroup


class Updater(Sealed):
    """Moves the trainable params of a store; allocates nothing after the first update.

    Attributes:
        history: The method's memory by name, flat like ``store.diff``; with ``ema`` or ``swa``
            among it.
        average: The average of the params, or None.
        noise: Sums of squared lengths of gradients, where an update has several parts, or None.

    Args:
        store: The params and their diffs.
        method: The update rule.
        regu_coef: Multiplies every regularizer.
        clip_gradients: The largest global norm a gradient keeps, or None.
        iter_size: How many batches one update takes the mean of.
        averaged: The decay of a moving average of the params, or which params a plain one is taken
            of; None: there is that of the method, if it keeps one.
        clip_layers: The largest norm the gradient of a layer keeps, or None.
        groups: Params with rates and regularizers in the place of their own.
        in_shards: The net whose batches are cut into shards; None where they are not.
    """

    def __init__(  # noqa: PLR0913  # what a solver says of updates
        self,
        store: ParamStore,
        method: Method,
        regu_coef: float = 0.0,
        clip_gradients: float | None = None,
        iter_size: int = 1,
        averaged: float | Averaged | None = None,
        *,
        clip_layers: float | None = None,
        groups: Sequence[ParamGroup] = (),
        in_shards: SharedNet | None = None,
    ) -> None:
        self.store, self.method, self.backend = store, method, store.backend
        self.clip_gradients, self.iter_size = clip_gradients, iter_size
        n = store.diff.size
        history = {name: self.backend.zeros((n,), store.dtype) for name in method.history}
        self.average: ParamAverage | None = None
        if isinstance(averaged, Averaged):
            self.average = PlainAverage(store, averaged)
            history[SWA] = self.average.values
        elif averaged is not None:
            self.average = ExponentialAverage(store, averaged)
            history[EMA] = self.average.values
        elif method.average:
            self.average = ParamAverage(store, history[method.average])
        self.history: Mapping[str, Array] = MappingProxyType(history)
        self._still: list[Array] = []  # the diffs of params with a rate of 0
        self._treated = treated(store, groups)
        moving = [param for param in store.trainable() if self._treated(param)[0] > 0]
        self._clip = None if clip_layers is None else LayerClip(store, moving, clip_layers)
        self._groups = self._bind(regu_coef)
        wholes = [group.call for group in self._groups if group.method.by_param]
        self._move_wholes = self.backend.concurrently(wholes) if wholes else in_turn([])
        self._constrained = [p for p in store.trainable() if not isinstance(p.decl.cons, NoCons)]
        self._sum = self.backend.zeros((n,), store.dtype) if iter_size > 1 else None
        n_parts = iter_size * (in_shards.shards.count if in_shards is not None else 1)
        self.noise = NoiseSums(self.backend, iter_size, in_shards) if n_parts > 1 else None
        if self._sum is not None:
            sums = (self._sum, store.diff)
            self._keep = self.backend.elementwise(assign, *sums)
            self._gather = self.backend.elementwise(add_to, *sums)
            self._spread = self.backend.elementwise(add_to, *reversed(sums))

    def _bind(self, regu_coef: float) -> list[UpdateGroup]:
        groups, scratch, spans = [], BlockScratch(self.backend), self.store.spans()
        for (method, lr, regularizer, _), members in groupby(
            self.store.trainable(), self._alike(is_regularized=regu_coef > 0)
        ):
            params = list(members)
            span = slice(spans[id(params[0])].start, spans[id(params[-1])].stop)
            rates = Rates(scratch, self.backend, self.store.dtype)
            group = UpdateGroup(method, regularizer, regu_coef, lr, rates)
            arrays = [self.store.data, self.store.diff]
            arrays += [self.history[name] for name in self.method.history]
            if method.by_param:
                shape = params[0].decl.shape
                whole = (array[span].reshape(shape) for array in arrays)
                group.call = partial(group.block, self.backend.xp, *whole)
            else:
                group.call = self.backend.elementwise(group.block, *(a[span] for a in arrays))
            groups.append(group)
            if lr == 0:
                self._still.append(self.store.diff[span])
        return groups

    def _alike(self, *, is_regularized: bool) -> Callable[[Param], tuple[Any, ...]]:
        """What neighbours must have in common to be updated in one call."""
        names = {id(param): (key, name) for key, name, param in self.store.items()}

        def found(param: Param) -> tuple[Any, ...]:
            lr, regularizer = self._treated(param)
            method = self.method.of(*names[id(param)], param.decl.shape)
            each = id(param) if method.by_param else 0
            return method, lr, regularizer if is_regularized else NoRegu(), each

        return found

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
        if self.noise is not None:
            self.noise.add_batch(self.store.diff)
        if self._sum is not None:
            if k == 0:
                self._keep()
            elif k < self.iter_size - 1:
                self._gather()
            else:
                self._spread()
        if self.noise is not None and k == self.iter_size - 1:
            self.noise.add_sum(self.store.diff)

    def update(self, t: int, lr: float, momentum: float) -> None:
        """Do update number ``t``; ``store.diff`` then holds the gradient the method used."""
        scale = self._gradient_scale()
        is_scaled = not (isinstance(scale, float) and scale == 1)
        for group in self._groups:
            group.rates.set(t, float(lr * group.local_lr), float(momentum))
            group.gradient_scale, group.is_scaled = scale, is_scaled
            if not group.method.by_param:
                group.call()
        self._move_wholes()
        for param in self._constrained:
            param.decl.cons.apply(self.backend, param.data, t)
        if self.average is not None:
            self.average.update(t)

    def _gradient_scale(self) -> Number:
        """The factor on the gradient: for the mean over batches, and for the clip."""
        scale = 1.0 / self.iter_size
        if self._clip is not None:
            self._clip.apply(scale)
        if self.clip_gradients is None:
            return scale
        return self.backend.clip_factor(self.norm(), self.clip_gradients) * scale

    def norm(self) -> Number:
        """The L2 norm of the mean gradient of the params that have a rate."""
        for diff in self._still:  # what does not move takes no part of the norm
            diff.fill(0)
        return self.backend.square_sum(self.store.diff) ** 0.5 * (1.0 / self.iter_size)
