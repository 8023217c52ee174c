"""Loading a net to be computed in shards: nothing is ever allocated for the whole batch."""

from __future__ import annotations

import os
import sys
import warnings

import numpy as np

from graphnet.backend import open_backend
from graphnet.backend.base import Backend
from graphnet.backend.processors import n_processors
from graphnet.errors import GraphnetWarning, Position, SpecError, located
from graphnet.net.checks.in_step import chance_meetings
from graphnet.net.compiled import compile_net
from graphnet.net.net import Net
from graphnet.net.spec import NetSpec
from graphnet.parallel.communicator import Communicator
from graphnet.parallel.nccl import by_nccl, pick_device
from graphnet.parallel.sharded_net import ShardedNet
from graphnet.params.param import ParamStore


def load_sharded_net(  # noqa: PLR0913  # as of load_net, whose net it cuts
    spec: NetSpec,
    count: int,
    communicator: Communicator,
    backend: str | Backend = "auto",
    *,
    seed: int = 0,
    threads: int | None = None,
    memory_limit: int | None = None,
    precision: str = "float32",
    shards_at: Position | None = None,
) -> ShardedNet:
    """Load the training phase of a net in shards.

    Args:
        spec: The net; its data sources are there.
        count: How many shards.
        communicator: To the other ranks.
        backend: ``numpy``, ``cupy`` or ``auto``; or one that is open.
        seed: Keys the initial values, the shuffle and every random layer.
        threads: Default: this rank's part of the machine's processors.
        memory_limit: The most bytes a shard's net may plan. Default: what the machine has free.
        precision: To what the operands of products are rounded.
        shards_at: Where ``shards`` stands in the YAML, for messages.

    Raises:
        GraphnetError: As :func:`graphnet.net.load_net.load_net`.
        SpecError: If the net cannot be cut into so many shards, or they cannot be shared out.
    """
    if isinstance(backend, Backend):
        opened = backend
    else:
        if backend != "numpy" and communicator.local_size > 1:
            pick_device(os.environ, communicator.local_rank)
        opened = open_backend(backend, threads or _share_of_processors(communicator), precision)
        if opened.name == "cupy" and communicator.size > 1:
            communicator = by_nccl(communicator)
    # what would be needed for the whole batch does not matter: it is never bound to memory
    whole = compile_net(
        spec, "train", opened, np.dtype(np.float32), "needed", memory_limit=sys.maxsize
    )
    store = ParamStore(opened, whole.dtype, whole.declared, seed)
    with located(shards_at):
        for text in chance_meetings(whole.layers):
            warnings.warn(f"net '{spec.name}': {text}", GraphnetWarning, stacklevel=2)
        return ShardedNet(whole, store, seed, count, communicator, memory_limit=memory_limit)


def _share_of_processors(communicator: Communicator) -> int | None:
    """Threads of a rank that shares its machine with others; None where it does not."""
    if communicator.local_size == 1:
        return None
    return max(1, n_processors() // communicator.local_size)


def cut(net: object, count: int, communicator: Communicator) -> ShardedNet:
    """A net that is loaded already, in shards; its params stay where they are.

    Raises:
        SpecError: If it cannot be cut into so many shards, or they cannot be shared out.
    """
    if not isinstance(net, Net):
        raise SpecError(
            f"shards: a {type(net).__name__} cannot be cut into {count}\n  load it with load_net"
        )
    return ShardedNet(
        net.compiled,
        net.store,
        net.context.seed,
        count,
        communicator,
        net.inputs,
        net.compiled.memory_limit,
    )
