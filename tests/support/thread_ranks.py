# ruff: noqa: D102  # the contract says what each method does
"""Ranks that are threads of one process, so that what they agree on can be tested at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphnet.errors import RankError
from graphnet.parallel.communicator import Communicator, Parcel

#: No test takes so long, not even on a machine that is busy.
PATIENCE_S = 60


class Job:
    """What the ranks share."""

    def __init__(self, size: int) -> None:
        self.mail = {(a, b): queue.SimpleQueue() for a in range(size) for b in range(size)}
        self.is_over = threading.Event()
        self.message = ""


class ThreadCommunicator(Communicator):
    """One rank of a job of threads; arrays are copied on their way."""

    is_launched = True

    def __init__(self, job: Job, rank: int, size: int) -> None:
        self.job, self.rank, self.size = job, rank, size
        self.local_rank, self.local_size = rank, size
        self.n_bytes = 0
        self.is_watching = self.is_closed = False

    def _send(self, peer: int, value: Any) -> None:
        self.job.mail[self.rank, peer].put(value)

    def _receive(self, peer: int) -> Any:
        mail = self.job.mail[peer, self.rank]
        for _ in range(PATIENCE_S * 100):
            try:
                return mail.get(timeout=0.01)
            except queue.Empty:
                if self.job.is_over.is_set() and mail.empty():  # what was sent before has come
                    raise RankError(self.job.message) from None
        raise RankError(f"rank {self.rank} waits for rank {peer}")

    def exchange(self, sends: Sequence[Parcel], receives: Sequence[Parcel]) -> None:
        for parcel in sends:
            self.n_bytes += parcel.array.nbytes
            self._send(parcel.peer, np.array(parcel.array))
        for parcel in receives:
            sent = self._receive(parcel.peer)
            assert (sent.shape, sent.dtype) == (parcel.array.shape, parcel.array.dtype)
            parcel.array[...] = sent

    def broadcast(self, value: Any) -> Any:
        if self.rank:
            return self._receive(0)
        for peer in range(1, self.size):
            self._send(peer, value)
        return value

    def all_gather(self, value: Any) -> list[Any]:
        for peer in range(self.size):
            self._send(peer, value)
        return [self._receive(peer) for peer in range(self.size)]

    def abort(self, message: str) -> Any:
        self.job.message = message
        self.job.is_over.set()
        raise RankError(message)

    def start_watching(self) -> None:
        self.is_watching = True

    def close(self) -> None:
        self.is_closed = True


def run_ranks(size: int, work: Callable[[ThreadCommunicator], Any]) -> list[Any]:
    """What ``work`` returns on each rank, or the exception it raised there."""
    job, results = Job(size), [None] * size

    def run(rank: int) -> None:
        try:
            results[rank] = work(ThreadCommunicator(job, rank, size))
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            results[rank] = error
            job.message = job.message or f"rank {rank}: {error}"
            if not isinstance(error, SystemExit):
                job.is_over.set()

    threads = [threading.Thread(target=run, args=(rank,), daemon=True) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * PATIENCE_S)
    return results


def all_of(size: int, work: Callable[[ThreadCommunicator], Any]) -> list[Any]:
    """What ``work`` returns on each rank; an exception is raised again."""
    results = run_ranks(size, work)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results
