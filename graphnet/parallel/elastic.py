"""The communicator of a job that goes on without the ranks it loses, by Open MPI's ULFM.

Where MPI finds that a rank has gone, the others hear of it in their next call, at the latest
because the first of them to hear of it revokes the communicator. They leave what they were doing,
agree that they have all come, and are joined in a new communicator, in which they are counted anew.
Nothing of the old one is used any more.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
from mpi4py import MPI

from graphnet.errors import LostRankError
from graphnet.parallel.communicator import Communicator, Parcel
from graphnet.parallel.elastic_watch import ElasticWatch
from graphnet.parallel.mpi import BEAT, VALUE, MPICommunicator
from graphnet.parallel.watch import STALL_S, timeout

T = TypeVar("T")

#: Of MPI's errors, those that say that a rank has gone. With several calls under way MPI says only
#: that one of them has an error.
_LOST = (MPI.ERR_PROC_FAILED, MPI.ERR_PROC_FAILED_PENDING, MPI.ERR_REVOKED, MPI.ERR_IN_STATUS)
_NAP_S = 1e-3
_ENDS_WITHIN_S = 10.0
#: What mpiexec puts into the environment where ULFM is on.
_ULFM = "OMPI_MCA_mpi_ft_enable"


def made_elastic(job: Communicator, min_ranks: int) -> tuple[Communicator, str]:
    """As ``launch.elastic_of`` says, which calls it where mpi4py is there."""
    if os.environ.get(_ULFM, "0").lower() not in ("1", "true"):
        library = MPI.Get_library_version().splitlines()[0].rstrip("\0 ,")
        return job, f"this job ends when it loses a rank ({library})"
    job.close()
    elastic = ElasticCommunicator(MPI.COMM_WORLD.Dup(), min_ranks)
    elastic.start_watching()
    return elastic, ""


class ElasticCommunicator(MPICommunicator):
    """The ranks of an MPI communicator, some of which may be lost.

    Args:
        world: Nobody else uses it.
        min_ranks: With how few it goes on.
        requests: What must not be freed before MPI has done with it.
    """

    is_elastic = True

    def __init__(
        self, world: MPI.Intracomm, min_ranks: int = 1, requests: Sequence[MPI.Request] = ()
    ) -> None:
        self.min_ranks, self._requests = min_ranks, list(requests)
        self._has_agreed = self._has_lost = False
        with self._noticing():
            self._join(world, world.Dup())
            self._processes = self.all_gather((_machine(), os.getpid()))

    # --- hearing of a loss --------------------------------------------------------------

    @contextmanager
    def _noticing(self) -> Iterator[None]:
        """Raise MPI's errors as what they mean.

        Raises:
            LostRankError: If a rank has gone.
        """
        try:
            yield
        except MPI.Exception as error:
            if error.Get_error_class() not in _LOST:
                raise
            raise LostRankError(f"a rank is lost: {error}") from None

    def exchange(self, sends: Sequence[Parcel], receives: Sequence[Parcel]) -> None:
        """See the contract."""
        with self._noticing():
            super().exchange(sends, receives)

    def _under_way(self, requests: list[MPI.Request]) -> None:
        self._requests = requests

    def broadcast(self, value: T) -> T:
        """See the contract."""
        if self.rank:
            with self._noticing():
                return super().broadcast(value)
        lost: LostRankError | None = None
        for peer in range(1, self.size):  # each is told, whichever of the others has gone
            try:
                with self._noticing():
                    self._send([(peer, value)], VALUE)
            except LostRankError as error:
                lost = error
        if lost is not None:
            raise lost
        return value

    def all_gather(self, value: T) -> list[T]:
        """See the contract."""
        with self._noticing():
            return super().all_gather(value)

    def check(self) -> None:
        """See the contract."""
        if self._world.Is_revoked() or self._world.Get_failed().Get_size():
            raise LostRankError("a rank is lost")

    # --- going on -----------------------------------------------------------------------

    def without_lost(self) -> Communicator:
        """See the contract."""
        if isinstance(self._watch, ElasticWatch):
            self._watch.halt()
        self._watch = None
        self._beats.Revoke()  # the watches of others that have not heard of it fall silent as well
        limit = timeout(os.environ, "GRAPHNET_STALL_TIMEOUT", STALL_S)
        too_long = threading.Timer(limit, self._have_not_met, (limit,))
        too_long.daemon = True
        too_long.start()
        world = self._world
        try:
            self._agree(world, is_well=False)
            while True:
                world = cast(MPI.Intracomm, world.Shrink())
                try:
                    return self._among(world)
                except (LostRankError, MPI.Exception):  # one more
                    self._agree(world, is_well=False)
        finally:
            too_long.cancel()

    def _among(self, world: MPI.Intracomm) -> Communicator:
        """Its successor, among the ranks that are left."""
        successor = ElasticCommunicator(world, self.min_ranks, self._requests)
        successor._has_lost = True  # of this class
        if successor.size < self.min_ranks:
            self._end_with_too_few(successor)
        successor.start_watching()
        return successor

    def _end_with_too_few(self, left: Communicator) -> None:
        """End the job."""
        if left.rank:
            left.broadcast(None)  # until rank 0 has ended it
        are_there = left.describe()
        places = [(rank, place) for rank, place in enumerate(self._places)]
        lost = [f"rank {rank} ({place})" for rank, place in places if place not in are_there]
        self.abort(
            f"{', '.join(lost)} lost: {left.size} ranks are left of at least {self.min_ranks}"
            " (--min-ranks)\n  the job ends; solve again to go on from its last snapshot"
        )

    def agree(self) -> bool:
        """See the contract."""
        return self._agree(self._world, is_well=True)

    def _agree(self, world: MPI.Intracomm, *, is_well: bool) -> bool:
        """Have all ranks that are left come here, once; whether all of them are well."""
        if not is_well:
            world.Revoke()
            if world is self._world and self._has_agreed:
                return False
        self._has_agreed = self._has_agreed or world is self._world
        until = time.monotonic() + _ENDS_WITHIN_S
        while True:
            flag = np.array([is_well], dtype="i")
            with suppress(MPI.Exception):
                world.Ack_failed()
            try:
                request = world.Iagree(flag)
                while not request.Test():
                    time.sleep(_NAP_S)
                    if is_well and time.monotonic() > until:
                        return True  # one that has heard of it may have left already
            except MPI.Exception as error:  # of ranks of which not all knew, and so on all of them
                if error.Get_error_class() not in _LOST:
                    raise
                continue
            return bool(flag[0])

    def close(self) -> None:
        """See the contract; afterwards MPI has a limited time to end."""
        super().close()
        if self._has_lost:
            _end_within(_ENDS_WITHIN_S, 0 if self._has_agreed else 1)

    def _have_not_met(self, limit: float) -> None:
        self.abort(
            f"the ranks that are left have not come together within {limit:.0f} s\n"
            "  the job ends; solve again to go on from its last snapshot"
        )

    # --- ranks that are silent ----------------------------------------------------------

    def _new_watch(self) -> ElasticWatch:
        given = (self._beats, BEAT, self._places, self.abort)
        return ElasticWatch(*given, self._end_rank, self._world.Revoke)

    def _end_rank(self, rank: int) -> None:
        """End a silent rank of this machine, so that MPI tells all that it has gone."""
        machine, process = self._processes[rank]
        if rank != self.rank and machine == _machine():
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)


def _end_within(seconds: float, code: int) -> None:
    """When Python ends, have MPI end within so many seconds, or leave without it.

    It waits for all ranks there ever were, and may not hear that some have gone.
    """
    ends, has_ended = threading.Event(), threading.Event()

    def watch() -> None:
        ends.wait()
        if not has_ended.wait(seconds):
            os._exit(code)

    def finalize() -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError, OSError, ValueError):  # closed, full, or not there
                stream.flush()
        ends.set()
        if not MPI.Is_finalized():
            ctypes.CDLL(MPI.__file__).MPI_Finalize()  # mpi4py's would not let the other thread run
        has_ended.set()

    threading.Thread(target=watch, name="graphnet end", daemon=True).start()
    atexit.register(finalize)


def _machine() -> tuple[str, str]:
    """Where processes know each other by their numbers."""
    namespace = ""
    with suppress(OSError):
        namespace = str(Path("/proc/self/ns/pid").readlink())
    return socket.gethostname(), namespace
