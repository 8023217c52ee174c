"""Method: the contract of an update rule.

A method is a frozen spec with one function on blocks of the flat buffers. All that it remembers
is in the history arrays it names, each as long as the gradient, and in the number of the update:
a snapshot of those is a snapshot of the method.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from functools import partial
from typing import Any, ClassVar

import numpy as np

from graphnet.backend.base import Backend
from graphnet.blob import Array
from graphnet.declare.fields import Model
from graphnet.solver import lr_policy


class BlockScratch(threading.local):
    """Scratch arrays for one block: a set in each thread, kept from call to call."""

    def __init__(self) -> None:
        self._arrays: dict[int, Array] = {}

    def like(self, xp: Any, block: Array, slot: int = 0) -> Array:
        """An array of the block's shape and dtype with arbitrary contents.

        Args:
            xp: The array module.
            block: Its shape and dtype.
            slot: Which one; equal slots of one thread are the same memory.
        """
        array = self._arrays.get(slot)
        if array is None or array.size < block.size:
            array = self._arrays[slot] = xp.empty(block.size, block.dtype)
        if array.shape == block.shape:
            return array
        return array[: block.size].reshape(block.shape)


class Rates:
    """The numbers of one update, for one group of params with the same local rate.

    Attributes:
        lr: The policy's rate × the run's scale × the group's local rate.
        momentum: The policy's momentum.
        t: The number of the update, from 1.
        scratch: Scratch arrays.
        minus_lr, times_momentum: −lr and the momentum in the form that ufuncs take fastest.

    Args:
        scratch: Scratch arrays.
        backend: The backend of the params.
        dtype: The dtype of the params.
    """

    def __init__(self, scratch: BlockScratch, backend: Backend, dtype: np.dtype) -> None:
        self.lr = self.momentum = 0.0
        self.t = 0
        self.scratch = scratch
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
    #: The rate where the solver states none.
    default_lr_policy: ClassVar[lr_policy.AnyLRPolicy] = lr_policy.Fixed(base_lr=0.01)

    @abstractmethod
    def step(self, xp: Any, rates: Rates, w: Array, g: Array, *history: Array) -> None:
        """Move ``w`` and its ``history`` by one update; ``g`` is only read. All are of one shape.

        ``xp`` is the array module; ``rates`` has rate, momentum and the number of the update.
        """
