"""LayerClip: bounds the gradient of each layer."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from graphnet.backend.base import Backend
from graphnet.backend.measures import Number
from graphnet.blob import Array
from graphnet.params.param import Param, ParamStore


class LayerClip:
    """Scales the gradients of each layer's params to an L2 norm of at most a limit.

    Args:
        store: The params and their diffs.
        moving: The params that have a rate; what does not move takes no part of a norm.
        most: The limit.
    """

    def __init__(self, store: ParamStore, moving: Collection[Param], most: float) -> None:
        self._layers, ids = [], {id(param) for param in moving}
        for named in store.params.values():
            diffs = [param.diff for param in named.values() if id(param) in ids]
            if diffs:
                self._layers.append(_OneLayer(store.backend, diffs, most))

    def apply(self, scale: float) -> None:
        """Clip, where the gradients are ``scale`` times what the diffs hold."""
        for layer in self._layers:
            layer.clip(scale)


class _OneLayer:
    """The diffs of a layer, and the calls that scale them."""

    def __init__(self, backend: Backend, diffs: list[Array], most: float) -> None:
        self._backend, self._most = backend, most
        self._flat = [diff.reshape(-1) for diff in diffs]
        self._factor: Number = 1.0
        self._scale = [backend.elementwise(self._times, flat) for flat in self._flat]

    def clip(self, scale: float) -> None:
        squares: Number = 0.0
        for flat in self._flat:
            squares = squares + self._backend.square_sum(flat)
        norm = squares**0.5 * scale
        self._factor = self._backend.clip_factor(norm, self._most)
        if isinstance(self._factor, float) and self._factor == 1:
            return
        for call in self._scale:
            call()

    def _times(self, xp: Any, diff: Array) -> None:
        xp.multiply(diff, self._factor, out=diff)
