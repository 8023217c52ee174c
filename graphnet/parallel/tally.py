"""Tally: the few numbers that travel with the gradient.

Losses, statistics and running statistics of the layers (as of BatchNorm) of each shard, the ranks'
ballots, and where it is asked for the squared length of each shard's gradient, in one array of
float64. Each shard moves the running statistics from where they stood before the batch; they come
to stand at the mean, weighted by rows, of where the shards left them.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from graphnet.backend.measures import Number
from graphnet.blob import Array
from graphnet.net.net import Net
from graphnet.parallel.shards import Shards
from graphnet.params.param import ParamStore

#: How many numbers a rank can add to each batch.
N_BALLOT = 3


class Tally:
    """Takes each shard's numbers, and says what their sums mean.

    Attributes:
        array: What is added up.
        losses: Of the last batch, by loss layer.
        sums: The running sums of losses and statistics, by layer name.
        ballot: Numbers that this rank adds to each batch.
        counted: The sum of all ranks' ballots in the last batch.
        square: Of the last batch: the mean of the shards' squared lengths of gradients, by rows.

    Args:
        store: The run's.
        net: Of any shard.
        shards: Whose.
    """

    def __init__(self, store: ParamStore, net: Net, shards: Shards) -> None:
        self._store, self._shards = store, shards
        self._running = running_statistics(store)
        self._before = [array.copy() for array in self._running]
        self.losses = dict.fromkeys(net.losses(), 0.0)
        self.sums = {name: np.zeros_like(s) for name, s in net.state_dict()["statistics"].items()}
        sizes = [
            len(self.losses),
            sum(s.size for s in self.sums.values()),
            sum(array.size for array in self._running),
            N_BALLOT,
            1,
        ]
        edges = np.cumsum([0, *sizes]).tolist()
        self.array = np.zeros(edges[-1])
        self._losses, self._sums, self._states, self._votes, self._square = (
            self.array[a:b] for a, b in pairwise(edges)
        )
        self.ballot, self.counted = np.zeros(N_BALLOT), np.zeros(N_BALLOT)
        self.square = 0.0

    def begin(self) -> None:
        """A batch begins: remember where the running statistics stand."""
        for before, array in zip(self._before, self._running, strict=True):
            before[...] = array

    def rewind(self, net: Net) -> None:
        """A shard begins: its net is to find everything as the batch found it."""
        for before, array in zip(self._before, running_statistics(net.store), strict=True):
            array[...] = before
        net.reset_statistics()

    def give(self, shard: int, net: Net, square: Number = 0.0) -> None:
        """Write what a shard has come to; ``square`` is that of the length of its gradient."""
        weight = self._shards.weight(shard)
        self._losses[:] = list(net.losses().values())
        self._losses *= weight
        measured = net.state_dict()["statistics"].values()
        self._sums[:] = np.concatenate([*measured, np.empty(0)])
        download = net.backend.download
        running = [download(array).reshape(-1) for array in running_statistics(net.store)]
        self._states[:] = np.concatenate([*running, np.empty(0)])
        self._states *= weight
        is_first = shard == self._shards.own()[0]
        self._votes[:] = self.ballot if is_first else 0.0
        self._square[:] = weight * float(square)

    def end(self) -> None:
        """Take over the sums of all shards."""
        self.losses = dict(zip(self.losses, self._losses.tolist(), strict=True))
        start = 0
        for sums in self.sums.values():
            np.add(sums, self._sums[start : start + sums.size], out=sums)
            start += sums.size
        start = 0
        for array in self._running:
            values = self._states[start : start + array.size].reshape(array.shape)
            self._store.backend.upload(values.astype(self._store.dtype), array)
            start += array.size
        self.counted[:] = self._votes
        (self.square,) = self._square.tolist()


def running_statistics(store: ParamStore) -> list[Array]:
    """The state of a store that is not handed from batch to batch."""
    return [
        store.state[key][name]
        for key, decls in store.state_decls.items()
        for name, decl in decls.items()
        if not decl.per_batch
    ]
