"""The communicator of a job that mpiexec has started, by mpi4py.

Nothing waits inside MPI: all calls return at once and are asked again until they are done, so
that a rank that waits leaves the processor to others and hears of a rank that has gone.
"""

from __future__ import annotations

import atexit
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, TypeVar

from mpi4py import MPI

from graphnet.errors import RankError
from graphnet.parallel.communicator import Communicator, Parcel
from graphnet.parallel.watch import Watch
from graphnet.readable import write_line

T = TypeVar("T")

_ARRAYS, VALUE, _GATHERED, BEAT = 1, 2, 3, 4  # tags
#: How often a waiting rank asks before it lets others have the processor, and then how long.
_ASKS, _NAP_S, _LONG_NAP_S = 200, 5e-5, 2e-3
_ABORTED_WITHIN_S = 2.0
#: A launcher that is told to end a job may drop what it has not passed on yet: the message above.
_FORWARDED_WITHIN_S = 0.2


class MPICommunicator(Communicator):
    """The ranks of ``MPI.COMM_WORLD``."""

    _world: MPI.Intracomm
    _beats: MPI.Intracomm

    is_launched = True

    def __init__(self) -> None:
        self._join(MPI.COMM_WORLD.Dup(), MPI.COMM_WORLD.Dup())
        if self.size > 1:
            sys.excepthook = self._on_uncaught
            atexit.register(self._on_exit)

    def _join(self, world: MPI.Intracomm, beats: MPI.Intracomm) -> None:
        """Be one of the ranks of ``world``, who hear of each other by ``beats``."""
        self._world, self._beats = world, beats
        self.rank, self.size = self._world.Get_rank(), self._world.Get_size()
        # not by MPI's Split_type: Open MPI crashes in it when a rank dies meanwhile
        machines = self.all_gather(_machine())
        self.local_rank = machines[: self.rank].count(machines[self.rank])
        self.local_size = machines.count(machines[self.rank])
        self._places = self.all_gather(f"process {os.getpid()} on {socket.gethostname()}")
        self._watch: Watch | None = None
        self._aborting = threading.Lock()

    # --- exchange -----------------------------------------------------------------------

    def exchange(self, sends: Sequence[Parcel], receives: Sequence[Parcel]) -> None:
        """See the contract."""
        requests: list[MPI.Request] = []
        self._under_way(requests)
        requests += [self._world.Irecv(p.array, p.peer, _ARRAYS) for p in receives]
        requests += [self._world.Isend(p.array, p.peer, _ARRAYS) for p in sends]
        self._wait(lambda: MPI.Request.Testall(requests))

    def _under_way(self, requests: list[MPI.Request]) -> None:
        """What is being exchanged, for those who have to keep it."""

    def broadcast(self, value: T) -> T:
        """See the contract."""
        if self.rank:
            return self._receive(0, VALUE, is_patient=True)  # type: ignore[no-any-return]
        self._send([(peer, value) for peer in range(1, self.size)], VALUE)
        return value

    def all_gather(self, value: T) -> list[T]:
        """See the contract."""
        if self.rank:
            self._send([(0, value)], _GATHERED)
            return self._receive(0, _GATHERED)  # type: ignore[no-any-return]
        values = [value, *(self._receive(peer, _GATHERED) for peer in range(1, self.size))]
        self._send([(peer, values) for peer in range(1, self.size)], _GATHERED)
        return values

    def _send(self, values: Sequence[tuple[int, Any]], tag: int) -> None:
        requests = [self._world.isend(value, peer, tag) for peer, value in values]
        self._wait(lambda: all(request.test()[0] for request in requests))

    def _receive(self, peer: int, tag: int, *, is_patient: bool = False) -> Any:
        found: list[Any] = []

        def ask() -> bool:
            message = self._world.improbe(peer, tag)
            if message is not None:
                found.append(message)
            return bool(found)

        self._wait(ask, is_patient=is_patient)
        return found[0].recv()

    def _wait(self, is_done: Callable[[], bool], *, is_patient: bool = False) -> None:
        """Ask until it is done.

        Args:
            is_done: Asked.
            is_patient: Whether the others may take as long as they like.
        """
        if is_done():
            return
        watch, n_asked = getattr(self, "_watch", None), 0
        if watch is not None:
            watch.wait_begins(is_patient=is_patient)
        try:
            while not is_done():
                n_asked += 1
                if n_asked > _ASKS:
                    time.sleep(_LONG_NAP_S if n_asked > 10 * _ASKS else _NAP_S)
                if watch is not None and watch.lost:
                    raise RankError(watch.lost)
        finally:
            if watch is not None:
                watch.wait_ends()

    # --- looking after each other -------------------------------------------------------

    def describe(self) -> list[str]:
        """See the contract."""
        return self._places

    def start_watching(self) -> None:
        """See the contract."""
        if self.size > 1 and self._watch is None and MPI.Query_thread() == MPI.THREAD_MULTIPLE:
            self.all_gather(None)  # nobody is silent because it has not begun
            self._watch = self._new_watch()
            self._watch.start()

    def _new_watch(self) -> Watch:
        return Watch(self._beats, BEAT, self._places, self.abort)

    def close(self) -> None:
        """See the contract."""
        if self._watch is not None:
            self._watch.stop()
            self._watch = None

    def abort(self, message: str) -> NoReturn:
        """See the contract."""
        if not self._aborting.acquire(blocking=False):
            threading.Event().wait()  # another thread has said why, and ends this process
        try:
            with suppress(AttributeError, OSError, ValueError):  # closed, full, or not there
                sys.stdout.flush()
            write_line(sys.stderr, message)
        finally:
            # where the others cannot be reached MPI might try for ever
            exit_soon = threading.Timer(_ABORTED_WITHIN_S, os._exit, (1,))
            exit_soon.daemon = True
            exit_soon.start()
            time.sleep(_FORWARDED_WITHIN_S)
            MPI.COMM_WORLD.Abort(1)
        os._exit(1)

    def _on_uncaught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """A rank that ends must not leave the others waiting for it."""
        text = "".join(traceback.format_exception(kind, error, trace)).rstrip()
        self.abort(f"rank {self.rank} of {self.size}: {text}")

    def _on_exit(self) -> None:
        if self._watch is not None:
            self.abort(f"rank {self.rank} of {self.size} has left in the middle of a run")


def _machine() -> tuple[str, str]:
    """Which machine this is: hosts may share a name, but not the start of their system."""
    started = ""
    with suppress(OSError):
        started = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return socket.gethostname(), started
