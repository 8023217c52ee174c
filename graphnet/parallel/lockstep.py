"""Lockstep: the shards of a net whose layers need each other, run abreast, layer by layer.

A layer that needs the whole batch (BatchNorm with ``sync``) runs in stages; what a stage has found
is averaged over all shards before the next one begins. Every shard of a rank has memory of its own
here; nets without such layers run one shard after the other in the same memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from operator import methodcaller
from typing import Any

from graphnet.blob import Array
from graphnet.layers.base import Layer, PassStage
from graphnet.net.compiled import CompiledNet
from graphnet.net.net import Net
from graphnet.parallel.communicator import Communicator
from graphnet.parallel.shards import Shards
from graphnet.parallel.tree_sum import TreeSum

Stages = Callable[[Layer[Any]], list[PassStage]]
_FORWARD, _BACKWARD = methodcaller("forward_stages"), methodcaller("backward_stages")


def meets(compiled: CompiledNet) -> bool:
    """Whether a layer of the net needs the other shards of a batch."""
    return any(layer.spec.meets_shards(compiled.phase) for layer in compiled.layers)


class Lockstep:
    """Runs a rank's shards through the layers together.

    Args:
        nets: By shard, each with diffs and state of its own.
        shards: Whose.
        communicator: To the other ranks.
    """

    def __init__(self, nets: Mapping[int, Net], shards: Shards, communicator: Communicator) -> None:
        self._nets, self._shards, self._communicator = nets, shards, communicator
        compiled = next(iter(nets.values())).compiled
        layers = list(enumerate(compiled.layers))
        self._forward = [(layer, self._calls(i, _FORWARD)) for i, layer in layers]
        self._backward = [
            [*self._calls(i, _BACKWARD), *self._behind(i)]
            for i, layer in reversed(layers)
            if layer.runs_backward
        ]

    def _calls(self, i: int, stages: Stages) -> list[Callable[[], None]]:
        """All calls of the i-th layer of every net, in order."""
        calls: list[Callable[[], None]] = []
        of_shards = {shard: stages(net.layers[i]) for shard, net in self._nets.items()}
        for abreast in zip(*of_shards.values(), strict=True):
            calls += [stage.call for stage in abreast]
            arrays = {s: stage.shared for s, stage in zip(of_shards, abreast, strict=True)}
            shared = {shard: array for shard, array in arrays.items() if array is not None}
            if shared:
                calls.append(self._meeting(shared))
        return calls

    def _behind(self, i: int) -> list[Callable[[], None]]:
        """What follows the i-th layer's backward, if it is a loss."""
        behind = (net.scaling.behind for net in self._nets.values())
        return [calls[i] for calls in behind if i in calls]

    def _meeting(self, shared: Mapping[int, Array]) -> Callable[[], None]:
        """The mean over all shards, to each of them."""
        net, first = next(iter(self._nets.values())), next(iter(shared.values()))
        total = net.backend.zeros(first.shape, first.dtype)
        tree = TreeSum(net.backend, [total], self._shards, self._communicator)
        return partial(self._meet, tree, total, shared)

    def _meet(self, tree: TreeSum, total: Array, shared: Mapping[int, Array]) -> None:
        def give(shard: int) -> None:
            total[...] = shared[shard]
            total[...] *= self._shards.weight(shard)

        tree(give)
        for array in shared.values():
            array[...] = total

    def run(self) -> None:
        """Forward and backward of all shards; their diffs are then in their own stores.

        Raises:
            GraphnetError: If a layer meets bad data.
        """
        for layer, calls in self._forward:
            with layer.located():
                for call in calls:
                    call()
        for calls in self._backward:
            for call in calls:
                call()
        for net in self._nets.values():
            for call in net.afterwards:
                call()
