"""A pool of threads that share out a fixed list of tasks.

NumPy releases the interpreter lock inside its loops and in BLAS, so a few plain threads keep
the processors busy. Chance decides which thread runs a task, but not what the task computes: as
long as no two tasks write the same element, results are the same for every number of threads.
"""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np

from graphnet.backend.calls import Call, in_turn
from graphnet.backend.numpy.limits import limits
from graphnet.sealed import read_only

#: Flags that a ring sets in one call, without the interpreter's lock. The first is the one that is
#: looked at; to set the others takes 1 µs more, in which the thread that waits takes the lock.
FLAGS = 2**14

#: Looks at a flag in one call (300 µs), and such calls before a waiting thread sleeps. Between two
#: of them it needs the lock: if another thread has it just then, it sleeps, and is late.
LOOKS, ROUNDS_OF_LOOKS = 500_000, 2

#: A helper that has moved to another processor stays there for at least so many jobs.
JOBS_BETWEEN_MOVES = 20

T = TypeVar("T")

#: The calls of a task, to be made one after another, for each slot. A slot is a part of the
#: scratch: each of the threads that share out a list of tasks has one of its own. The caller's is
#: slot 0; there are no more slots than threads or tasks.
Task: TypeAlias = Sequence[Sequence[Call]]


class ThreadPool:
    """``n_threads`` threads, the caller among them.

    Args:
        n_threads: At least 1; 1 starts no thread. There are fewer where the system starts no more.
    """

    __slots__ = ("__weakref__", "_bell", "_jobs", "_n_threads", "_running")

    n_threads: int = read_only("_n_threads")

    def __init__(self, n_threads: int) -> None:
        self._n_threads = n_threads
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._bell = Bell()
        self._running = False
        # before there are helpers: see ``blas_libraries``
        args = (self._jobs, self._bell, limits().hold_thread)
        for i in range(1, n_threads):
            helper = threading.Thread(target=_help, args=args, name=f"graphnet-{i}", daemon=True)
            try:
                helper.start()
            except RuntimeError:  # the system has no more: results are the same with fewer
                self._n_threads = i
                break
        weakref.finalize(self, _dismiss, self._jobs, self._n_threads - 1)

    def task(self, *calls: Call) -> Task:
        """A task that makes the same calls in every slot."""
        return [calls] * self.n_threads

    def bind(self, tasks: Sequence[Task], *, inline: bool) -> Callable[[], None]:
        """A call that runs every task once, in any order.

        Args:
            tasks: No two of them write the same memory, except that of their slot.
            inline: Run them in the caller's thread: they are too small to wake others for.
        """
        if inline or self.n_threads == 1 or len(tasks) <= 1:
            return in_turn([call for task in tasks for call in task[0]])
        return partial(self.run, tasks)

    def run(self, tasks: Sequence[Task]) -> None:
        """Run every task once, in any order, and return when all are done.

        Called within a task, or while another thread is in this method, it runs them all in the
        caller's thread. If a task raises, the rest are not started, and one of the exceptions is
        raised here.
        """
        if self._running:
            error = _drain(iter(tasks), 0)
        else:
            self._running = True
            try:
                error = self._share_out(tasks)
            finally:
                self._running = False
        if error is not None:
            raise error

    def _share_out(self, tasks: Sequence[Task]) -> BaseException | None:
        """Run tasks with the helpers; returns what one of them raised, if anything."""
        n_helpers = min(self.n_threads, len(tasks)) - 1
        slots = iter(range(1, n_helpers + 1))
        job = _Job(iter(tasks), slots, _processor(), SimpleQueue())
        for _ in range(n_helpers):
            self._jobs.put(job)
        error = _drain(job.tasks, 0)
        # do not wait for a helper that has not woken up yet: take its job back
        for _ in range(n_helpers):
            try:
                self._jobs.get_nowait()
            except Empty:
                error = self._bell.await_item(job.done) or error
        return error


class Bell:
    """Wakes a thread that waits actively.

    Waking a thread that sleeps takes 30 to 60 µs, as long as a small layer. So the waiting thread
    looks at a flag: in a NumPy call over a view that repeats the flag, ``any``, which ends as soon
    as the flag is set. Neither this call nor the one that sets the flag holds the interpreter's
    lock. The one that rings goes on setting flags that nobody looks at: if it came back at once,
    it would have the lock again before the one that is woken, which would then sleep.
    """

    def __init__(self) -> None:
        self._flags = np.zeros(FLAGS, bool)
        self._set = np.ones(FLAGS, bool)
        self._first = self._flags[:1]
        self._look = np.broadcast_to(self._first, (LOOKS,)).any

    def ring(self) -> None:
        """Have the waiting thread look into its queue."""
        np.copyto(self._flags, self._set)

    def await_item(self, queue: SimpleQueue[T]) -> T:
        """The next item of a queue, which another thread fills before it rings.

        After a while the waiting thread sleeps.
        """
        for _ in range(ROUNDS_OF_LOOKS):
            self._first[0] = False
            try:
                return queue.get_nowait()
            except Empty:
                self._look()
        return queue.get()


class _Job(NamedTuple):
    """A list of tasks to help with.

    Attributes:
        tasks: An iterator, which hands out each task exactly once.
        slots: Hands out one to each helper.
        processor: The one the caller ran on; -1 if unknown.
        done: What each helper that took part raised, or None, when it has finished.
    """

    tasks: Iterator[Task]
    slots: Iterator[int]
    processor: int
    done: SimpleQueue[BaseException | None]


def _drain(tasks: Iterator[Task], slot: int) -> BaseException | None:
    """Run tasks until none is left; returns what one of them raised, if anything."""
    try:
        for task in tasks:
            for call in task[slot]:
                call()
    except BaseException as error:  # noqa: BLE001  # raised again in the thread that asked
        for _ in tasks:  # leave nothing for the others to start
            pass
        return error
    return None


def _help(jobs: SimpleQueue[_Job | None], bell: Bell, hold_thread: Callable[[], object]) -> None:
    """The life of a helper."""
    hold_thread()
    processors = _processors()
    stay = 0  # jobs until the helper may move again
    # An overflow becomes inf or NaN, which shows in the loss; a warning would depend on which
    # thread met it.
    with np.errstate(all="ignore"):
        while (job := jobs.get()) is not None:
            if stay:
                stay -= 1
            elif job.processor in processors and _processor() == job.processor:
                _keep_to(processors - {job.processor})
                stay = JOBS_BETWEEN_MOVES
            job.done.put(_drain(job.tasks, next(job.slots)))
            bell.ring()


# On a small, fairly busy machine the scheduler wakes a thread on the processor where it ran before,
# even if its caller now runs there and another processor idles. The two then take turns, sometimes
# for seconds. So a helper that finds itself on its caller's processor keeps away from it from then
# on. Where the processor is unknown, or there is only one, this does nothing.


def _find_processor() -> Callable[[], int]:
    """A function that returns the processor its caller runs on, or -1 if unknown."""
    try:
        return ctypes.PyDLL(None).sched_getcpu
    except (AttributeError, OSError, TypeError):  # not Linux, or another C library
        return lambda: -1


_processor = _find_processor()


def _processors() -> set[int]:
    """The processors this thread may run on; none if there is no choice."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    return allowed if len(allowed) > 1 else set()


def _keep_to(processors: set[int]) -> None:
    """Run this thread on these from now on."""
    with suppress(OSError):  # the process may no longer be allowed to
        os.sched_setaffinity(0, processors)


def _dismiss(jobs: SimpleQueue[_Job | None], n_helpers: int) -> None:
    """End every helper."""
    for _ in range(n_helpers):
        jobs.put(None)
