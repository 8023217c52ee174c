"""Carried: the state that each shard hands to its next batch, kept as rows of the whole batch.

The store holds it for the whole batch, where snapshots find it. A shard's net holds the rows of one
shard; where shards of a rank use one net after the other, each finds its own rows there.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from graphnet.blob import Array
from graphnet.net.net import Net
from graphnet.parallel.communicator import Communicator, Parcel
from graphnet.parallel.shards import Shards
from graphnet.params.param import ParamStore


class Carried:
    """What recurrent layers carry from batch to batch.

    Args:
        store: Holds it for the whole batch.
        nets: By shard.
        shards: Whose.
    """

    def __init__(self, store: ParamStore, nets: Mapping[int, Net], shards: Shards) -> None:
        self._shards, self._backend = shards, store.backend
        self._pairs: dict[int, list[tuple[Array, Array]]] = {}
        self._whole: list[Array] = []
        for shard, net in nets.items():
            first, end = shards.rows(shard)
            pairs = []
            for vertex, layer in zip(net.compiled.layers, net.layers, strict=True):
                decls = vertex.spec.state_decls(vertex.bottom_shapes)
                for name, decl in decls.items():
                    if decl.per_batch:
                        whole = store.state[vertex.state_key(decl)][name]
                        pairs.append((whole[first:end], layer.state[name]))
                        if not any(array is whole for array in self._whole):
                            self._whole.append(whole)
            self._pairs[shard] = pairs

    def enter(self, shard: int) -> None:
        """Let a shard's net go on from where the shard stood."""
        for rows, state in self._pairs[shard]:
            state[...] = rows

    def leave(self, shard: int) -> None:
        """Keep what it hands to its next batch."""
        for rows, state in self._pairs[shard]:
            rows[...] = state

    def collect(self, communicator: Communicator) -> None:
        """Bring the rows of all ranks to rank 0."""
        if communicator.size == 1:
            return
        for whole in self._whole:
            self._collect(whole, communicator)

    def spread(self, communicator: Communicator) -> None:
        """Bring the rows of all ranks to every rank, for those that are left if one is lost."""
        for whole in self._whole:
            host = self._backend.download(whole)
            others = [rank for rank in range(communicator.size) if rank != communicator.rank]
            own = self._rows(host, communicator.rank)
            communicator.exchange(
                [Parcel(rank, own) for rank in others],
                [Parcel(rank, self._rows(host, rank)) for rank in others],
            )
            self._backend.upload(host, whole)

    def _rows(self, host: np.ndarray, rank: int) -> np.ndarray:
        """The rows of a rank, flat."""
        own = self._shards.own(rank)
        first, end = self._shards.rows(own[0])[0], self._shards.rows(own[-1])[1]
        return host[first:end].reshape(-1)

    def _collect(self, whole: Array, communicator: Communicator) -> None:
        host = self._backend.download(whole)
        if communicator.rank:
            communicator.exchange([Parcel(0, self._rows(host, communicator.rank))], [])
            return
        others = range(1, communicator.size)
        communicator.exchange([], [Parcel(rank, self._rows(host, rank)) for rank in others])
        self._backend.upload(host, whole)
