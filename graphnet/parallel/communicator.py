"""Communicator: how the ranks of a job reach each other, and nothing about what they add up.

Arrays travel from one rank to another; what is made of them, and in which order, is the business
of whoever asked for them. So every kind of communicator gives the same bits.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn, TypeVar

from graphnet.blob import Array
from graphnet.errors import GraphnetError, RankError, located
from graphnet.sealed import OpenToOthers

T = TypeVar("T")


class Parcel(NamedTuple):
    """An array on its way.

    Attributes:
        peer: The rank it goes to or comes from.
        array: One-dimensional and contiguous; on both sides of one dtype and size.
    """

    peer: int
    array: Array


class Communicator(OpenToOthers):
    """How a rank reaches the others; all ranks call each method together, except for ``abort``.

    Attributes:
        rank: The number of this rank, from 0.
        size: How many ranks there are.
        local_rank: The number of this rank among those of its machine.
        local_size: How many ranks its machine has.
        is_launched: Whether a launcher started the job; its default is then several shards.
        takes_device: Whether arrays in a device's memory can be exchanged as they are.
        is_elastic: Whether the ranks that are left can go on when one is lost; methods then raise
            ``LostRankError``.
        min_ranks: With how few of them.
    """

    rank = 0
    size = 1
    local_rank = 0
    local_size = 1
    is_launched = False
    takes_device = False
    is_elastic = False
    min_ranks = 1

    @abstractmethod
    def exchange(self, sends: Sequence[Parcel], receives: Sequence[Parcel]) -> None:
        """Send arrays and fill others; returns when all have been sent and filled.

        What one rank sends another arrives in the order of its list.

        Raises:
            RankError: If a rank has gone.
        """

    @abstractmethod
    def broadcast(self, value: T) -> T:
        """What rank 0 gives; what the others give is ignored.

        The others may have to wait for it as long as rank 0 likes.

        Raises:
            RankError: If a rank has gone.
        """

    @abstractmethod
    def all_gather(self, value: T) -> list[T]:
        """What each rank gives, in their order.

        Raises:
            RankError: If a rank has gone.
        """

    @abstractmethod
    def abort(self, message: str) -> NoReturn:
        """End the whole job at once, saying why."""

    def describe(self) -> list[str]:
        """Where each rank runs, for messages."""
        return []

    def start_watching(self) -> None:  # one rank has nobody to lose
        """Watch from now on whether the other ranks are alive; a second call changes nothing."""

    def close(self) -> None:  # the same
        """Stop watching the other ranks: each may end when it likes."""

    # --- where it is elastic ------------------------------------------------------------

    def check(self) -> None:  # the same
        """See that no rank is known to be lost.

        Raises:
            LostRankError: If one is.
        """

    def without_lost(self) -> Communicator:
        """The ranks that are left, in their order; all of them call it, and leave this one alone.

        Raises:
            RankError: If this kind cannot do without a rank.
        """
        raise RankError("a rank is lost, and this job cannot go on without it")

    def agree(self) -> bool:
        """Whether all ranks that are left have called this one, and none :meth:`without_lost`."""
        return True


class LocalCommunicator(Communicator):
    """A job of one process."""

    def exchange(self, sends: Sequence[Parcel], receives: Sequence[Parcel]) -> None:
        """Nothing: there is nobody."""

    def broadcast(self, value: T) -> T:
        """The value."""
        return value

    def all_gather(self, value: T) -> list[T]:
        """The value alone."""
        return [value]

    def abort(self, message: str) -> NoReturn:
        """Leave.

        Raises:
            SystemExit: With the message.
        """
        raise SystemExit(message)


def together(communicator: Communicator, function: Callable[[], T]) -> T:
    """Call a function on every rank; if it fails on any, it has failed on all.

    Raises:
        GraphnetError: On rank 0: its own, or else that of the first rank that has one, which is
            named.
        SystemExit: On the others.
    """
    error: GraphnetError | None = None
    result: Any = None
    try:
        result = function()
    except GraphnetError as found:
        error = found
    errors = communicator.all_gather(error) if communicator.size > 1 else [error]
    failed = next((rank for rank, found in enumerate(errors) if found is not None), None)
    if failed is None:
        return result  # type: ignore[no-any-return]
    communicator.close()
    if communicator.rank:
        raise SystemExit(1)
    if error is None:
        error = errors[failed]
        with located(None, f"on rank {failed} of {communicator.size}: "):
            raise error  # type: ignore[misc]
    raise error
