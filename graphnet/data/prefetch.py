"""A thread that keeps a few finished batches ready."""

from __future__ import annotations

import queue
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass

from graphnet.backend.staging import Staging
from graphnet.data.batches import Batches


@dataclass(eq=False)
class PreparedBatch:
    """A batch that the thread makes, or has made.

    Attributes:
        staging: Where it is made, and from where it is moved to the net.
        make: Makes it, and returns ``n_valid``.
        n_valid: How many of its samples count.
    """

    staging: Staging
    make: Callable[[], int]
    n_valid: int = 0


class _BatchMaker:
    """The thread's work, and what it shares with its owner; it does not keep the owner alive."""

    def __init__(self, batches: Batches, prepared: list[PreparedBatch]) -> None:
        self.batches = batches
        self.stopping = threading.Event()
        self.free: queue.SimpleQueue[PreparedBatch | None] = queue.SimpleQueue()
        self.ready: queue.SimpleQueue[PreparedBatch | BaseException] = queue.SimpleQueue()
        for batch in prepared:
            self.free.put(batch)

    def run(self) -> None:
        """Make batches until told to stop, or until one cannot be made."""
        try:
            while not self.stopping.is_set():
                batch = self.free.get()
                if batch is None or self.stopping.is_set():
                    break
                batch.staging.wait()
                batch.n_valid = batch.make()
                batch.staging.send()
                self.ready.put(batch)
        except BaseException as error:  # noqa: BLE001 - raised again in the owner's thread
            self.ready.put(error)
        finally:
            self.batches.close()  # files are closed in the thread that opened them

    def stop(self) -> None:
        """Have the thread end after the batch it is making."""
        self.stopping.set()
        self.free.put(None)


class Prefetcher:
    """Batches made ahead of time by a thread, always the same ones in the same order.

    Args:
        batches: Used by the thread alone while it runs.
        new_staging: Allocates the arrays of one batch.
        depth: How many batches are made ahead, at least 1.
        name: Of the thread.
    """

    def __init__(
        self, batches: Batches, new_staging: Callable[[], Staging], depth: int, name: str
    ) -> None:
        self._batches, self._new_staging, self._depth = batches, new_staging, depth
        self._name = name
        self._prepared: list[PreparedBatch] = []
        self._maker: _BatchMaker | None = None
        self._end: weakref.finalize[[_BatchMaker, threading.Thread], Prefetcher] | None = None

    def next(self) -> PreparedBatch:
        """The next batch; it must be given back with :meth:`release`.

        Raises:
            DataError: If it could not be made; a further call tries again.
        """
        maker = self._maker or self._start()
        item = maker.ready.get()
        if isinstance(item, PreparedBatch):
            return item
        self.stop()
        raise item

    def release(self, batch: PreparedBatch) -> None:
        """Let the thread make another batch in the arrays of one that has been delivered."""
        if self._maker is not None:
            self._maker.free.put(batch)

    def stop(self) -> None:
        """End the thread and drop what it has made; :meth:`next` starts another."""
        if self._end is not None:
            self._end()
        self._maker = self._end = None

    def _start(self) -> _BatchMaker:
        for _ in range(self._depth - len(self._prepared)):
            staging = self._new_staging()
            self._prepared.append(PreparedBatch(staging, self._batches.bind(staging.arrays)))
        maker = self._maker = _BatchMaker(self._batches, self._prepared)
        thread = threading.Thread(target=maker.run, name=self._name, daemon=True)
        thread.start()
        # also when the owner is forgotten, and before the interpreter ends
        self._end = weakref.finalize(self, _end, maker, thread)
        return maker


def _end(maker: _BatchMaker, thread: threading.Thread) -> None:
    maker.stop()
    thread.join()
