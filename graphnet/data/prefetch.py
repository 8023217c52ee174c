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
    """A finished batch.

    Attributes:
        staging: Where it was made; it is on its way from there.
        make: Makes it, and tells how many rows count.
        n_valid: How many.
    """

    staging: Staging
    make: Callable[[], int]
    n_valid: int = 0


class _BatchMaker:
    """What the thread and its owner share; it does not keep the owner alive."""

    def __init__(self, batches: Batches, staged: list[PreparedBatch]) -> None:
        self.batches = batches
        self.stopping = threading.Event()
        self.free: queue.SimpleQueue[PreparedBatch | None] = queue.SimpleQueue()
        self.ready: queue.SimpleQueue[PreparedBatch | BaseException] = queue.SimpleQueue()
        for batch in staged:
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
    """Batches made ahead of time, in order; which they are does not depend on the timing.

    Args:
        batches: Used by the thread alone while it runs.
        new_staging: Makes room for one batch.
        depth: How many batches are made ahead, at least 1.
        name: Of the thread.
    """

    def __init__(
        self, batches: Batches, new_staging: Callable[[], Staging], depth: int, name: str
    ) -> None:
        self._batches, self._new_staging, self._depth = batches, new_staging, depth
        self._name = name
        self._staged: list[PreparedBatch] = []
        self._reader: _BatchMaker | None = None
        self._end: weakref.finalize[[_BatchMaker, threading.Thread], Prefetcher] | None = None

    def next(self) -> PreparedBatch:
        """The next batch; it must be given back with :meth:`release`.

        Raises:
            DataError: If it could not be made; a further call tries again.
        """
        reader = self._reader or self._start()
        item = reader.ready.get()
        if isinstance(item, PreparedBatch):
            return item
        self.stop()
        raise item

    def release(self, batch: PreparedBatch) -> None:
        """Let the thread make another batch where this one was, which has been delivered."""
        if self._reader is not None:
            self._reader.free.put(batch)

    def stop(self) -> None:
        """End the thread and drop what it has made.

        :meth:`next` starts another, which goes on where ``batches`` then stands.
        """
        if self._end is not None:
            self._end()
        self._reader = self._end = None

    def _start(self) -> _BatchMaker:
        if not self._staged:
            rooms = [self._new_staging() for _ in range(self._depth)]
            self._staged = [PreparedBatch(room, self._batches.bind(room.arrays)) for room in rooms]
        reader = self._reader = _BatchMaker(self._batches, self._staged)
        thread = threading.Thread(target=reader.run, name=self._name, daemon=True)
        thread.start()
        # also when the owner is forgotten, and before the interpreter ends
        self._end = weakref.finalize(self, _end, reader, thread)
        return reader


def _end(reader: _BatchMaker, thread: threading.Thread) -> None:
    reader.stop()
    thread.join()
