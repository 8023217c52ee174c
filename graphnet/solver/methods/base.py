"""Method: the contract of an update rule.

A method is a frozen spec with one function on blocks of the flat buffers. All that it remembers
is in the history arrays it names, each as long as the gradient, and in the number of the update:
a snapshot of those is a snapshot of the method.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any, ClassVar

import numpy as np

from graphnet.backend.base import Backend
from graphnet.blob import Array, Shape
from graphnet.declare.fields import Model
from graphnet.solver import lr_policy


class BlockScratch(threading.local):
    """Scratch arrays for one block: a set in each thread, kept from call to call.

    Args:
        backend: Where they are.
    """

    def __init__(self, backend: Backend) -> None:
        self._zeros = backend.zeros
        self._arrays: dict[int, Array] = {}

    def like(self, xp: Any, block: Array, slot: int = 0) -> Array:
        """An array of the block's shape and dtype with arbitrary contents.

        Args:
            xp: The array module.
            block: Its shape and dtype.
            slot: Which one; equal slots of one thread are the same memory.
        """
        return self.shaped(xp, block.shape, block.dtype, slot)

    def shaped(self, xp: Any, shape: Shape, dtype: np.dtype, slot: int = 0) -> Array:
        """An array of that shape with arbitrary contents; see :meth:`like`."""
        array, size = self._arrays.get(slot), prod(shape)
        if array is None or array.size < size:
            array = self._arrays[slot] = self._zeros((size,), dtype)
        if array.shape == shape:
            return array
        return array[:size].reshape(shape)


class Rates:
    """The numbers of one update, for one group of params with the same local rate.

    Attributes:
        lr: The policy's rate × the run's scale × the group's local rate.
        momentum: The policy's momentum.
        t: The number of the update, from 1.
        scratch: Scratch arrays.
        backend: The backend of the params.
        add_decay: ``add_decay(xp, w, target)`` adds the gradient of the regularizer of ``w`` to an
            array of its shape; for methods with ``decays_itself``. It uses scratch slot 3.
        minus_lr, times_momentum: −lr and the momentum in the form that ufuncs take fastest.

    Args:
        scratch: Scratch arrays.
        backend: The backend of the params.
        dtype: The dtype of the params.
    """

    def __init__(self, scratch: BlockScratch, backend: Backend, dtype: np.dtype) -> None:
        self.lr = self.momentum = 0.0
        self.t = 0
        self.scratch, self.backend = scratch, backend
        self.add_decay: Callable[[Any, Array, Array], None] = _no_decay
        self._refilled = partial(backend.refilled, dtype=dtype)
        self.minus_lr = self._refilled(None, 0.0)
        self.times_momentum = self._refilled(None, 0.0)

    def set(self, t: int, lr: float, momentum: float) -> None:
        """Put in the numbers of the next update."""
        self.t = t
        if (lr, momentum) == (self.lr, self.momentum):
            return
        self.lr, self.momentum = lr, momentum
        self.minus_lr = self._refilled(self.minus_lr, -lr)
        self.times_momentum = self._refilled(self.times_momentum, momentum)


class Method(Model):
    """An update rule.

    In the formulas W is a param, g its gradient with the regularizer's in it, r the rate
    (policy × local) and m the momentum; everything is element-wise.
    """

    chosen_by_type: ClassVar[bool] = True
    stands_under: ClassVar[str] = "method"
    #: The names of its history arrays, in the order :meth:`step` takes them.
    history: ClassVar[tuple[str, ...]] = ()
    #: Whether it takes a momentum policy.
    has_momentum: ClassVar[bool] = False
    #: Whether the regularizer's gradient moves the params by itself instead of joining ``g``.
    decoupled: ClassVar[bool] = False
    #: Whether :meth:`step` applies the regularizer's gradient, which ``rates.add_decay`` adds.
    decays_itself: ClassVar[bool] = False
    #: Whether :meth:`step` is given each param as a whole, in its shape, in place of blocks.
    by_param: ClassVar[bool] = False
    #: The history array that holds averaged params, which are those to measure; or empty.
    average: ClassVar[str] = ""
    #: The rate where the solver states none.
    default_lr_policy: ClassVar[lr_policy.AnyLRPolicy] = lr_policy.Fixed(base_lr=0.01)

    @abstractmethod
    def step(self, xp: Any, rates: Rates, w: Array, g: Array, *history: Array) -> None:
        """Move ``w`` and its ``history`` by one update; ``g`` is only read. All are of one shape.

        ``xp`` is the array module; ``rates`` has rate, momentum and the number of the update.
        """

    def of(self, key: str, name: str, shape: Shape) -> Method:
        """The rule that a param follows; a method of several rules chooses here.

        Args:
            key: Of the param in the store: its layer's name.
            name: Its name.
            shape: Its shape.
        """
        return self

    def chosen(self) -> Sequence[tuple[str, Sequence[str]]]:
        """The keys of this method that name params, and the names they give."""
        return ()


def _no_decay(xp: Any, w: Array, target: Array) -> None:
    """Nothing: there is no regularizer."""
