"""Batching: requests that came while others were computed are computed together."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from graphnet.serving.refusal import RefusalError

Arrays = Mapping[str, np.ndarray]
_UNAVAILABLE = 503
#: Handing a batch to another thread and back takes about as long, and longer on a busy machine.
QUICK_S = 0.001


@dataclass(frozen=True)
class _Waiting:
    rows: Arrays
    answer: asyncio.Future[dict[str, np.ndarray]]

    @property
    def n_rows(self) -> int:
        return len(next(iter(self.rows.values())))


class Batcher:
    """Computes requests one batch after another.

    A batch that is likely to take no longer than :data:`QUICK_S` is computed where it is asked for;
    any other in a thread of its own, so that meanwhile other requests are read.

    Attributes:
        n_batches: How many were computed.
        n_rows: How many rows.

    Args:
        predict: From rows by blob to outputs by blob; called in one thread.
        most_rows: Rows of a batch; a request with more is one by itself.
        most_waiting: Requests that may wait; more are refused.
    """

    def __init__(
        self,
        predict: Callable[[Arrays], dict[str, np.ndarray]],
        most_rows: int = 64,
        most_waiting: int = 1000,
    ) -> None:
        self.n_batches = self.n_rows = 0
        self._predict, self._most_rows = predict, most_rows
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(most_waiting)
        self._thread = ThreadPoolExecutor(1, "graphnet-serve")
        self._task: asyncio.Task[None] | None = None
        self._kept: _Waiting | None = None  # the first of the next batch
        self._is_stopping = False
        self._computing: asyncio.Future[dict[str, np.ndarray]] | None = None
        self._seconds_of_row = math.inf  # of the last batch

    def start(self) -> None:
        """Begin, in the running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Finish what is being computed, and refuse the rest."""
        self._is_stopping = True
        if self._task is not None:
            if self._computing is None:
                self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        left = [] if self._kept is None else [self._kept]
        while not self._queue.empty():
            left.append(self._queue.get_nowait())
        for waiting in left:
            if not waiting.answer.done():
                waiting.answer.set_exception(
                    RefusalError(_UNAVAILABLE, "the service is shutting down")
                )
        self._thread.shutdown()

    async def outputs(self, rows: Arrays) -> dict[str, np.ndarray]:
        """The outputs for rows.

        Raises:
            RefusalError: If too many requests wait, or the service shuts down.
        """
        answer: asyncio.Future[dict[str, np.ndarray]] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait(_Waiting(rows, answer))
        except asyncio.QueueFull:
            raise RefusalError(_UNAVAILABLE, "too many requests are waiting; try later") from None
        return await answer

    async def _run(self) -> None:
        while not self._is_stopping:
            first = self._kept or await self._queue.get()
            self._kept, batch, n_rows = None, [first], first.n_rows
            while not self._queue.empty():
                waiting = self._queue.get_nowait()
                if n_rows + waiting.n_rows > self._most_rows:
                    self._kept = waiting
                    break
                batch.append(waiting)
                n_rows += waiting.n_rows
            batch = [w for w in batch if not w.answer.done()]  # whose clients have gone
            if batch:
                await self._compute(batch)

    def _timed(self, rows: Arrays, n_rows: int) -> dict[str, np.ndarray]:
        start = time.perf_counter()
        found = self._predict(rows)
        self._seconds_of_row = (time.perf_counter() - start) / n_rows
        return found

    async def _compute(self, batch: list[_Waiting]) -> None:
        rows = {n: np.concatenate([w.rows[n] for w in batch]) for n in batch[0].rows}
        n_rows = sum(w.n_rows for w in batch)
        try:
            if self._seconds_of_row * n_rows < QUICK_S:
                found = self._timed(rows, n_rows)
            else:
                loop = asyncio.get_running_loop()
                self._computing = loop.run_in_executor(self._thread, self._timed, rows, n_rows)
                found = await self._computing
        except Exception as error:  # noqa: BLE001  # each request is told
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
            return
        finally:
            self._computing = None
        self.n_batches += 1
        first = 0
        for waiting in batch:
            part = slice(first, first + waiting.n_rows)
            first += waiting.n_rows
            self.n_rows += waiting.n_rows
            if not waiting.answer.done():
                waiting.answer.set_result({n: array[part] for n, array in found.items()})
