"""Batching: who waits together is computed together, and gets what is their own."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from graphnet.serving.batching import Batcher
from graphnet.serving.refusal import RefusalError


def rows(*values):
    """A request."""
    return {"x": np.array(values, float)[:, None]}


def doubled(arrays):
    """A net's stand-in."""
    return {"y": arrays["x"] * 2}


def run(batcher, asking):
    """Within a loop, with the batcher begun and stopped."""

    async def within():
        batcher.start()
        try:
            return await asking()
        finally:
            await batcher.stop()

    return asyncio.run(within())


def test_each_gets_its_own():
    """In few batches."""
    batcher = Batcher(doubled, most_rows=8)

    async def asking():
        return await asyncio.gather(*(batcher.outputs(rows(i, i + 0.5)) for i in range(20)))

    found = run(batcher, asking)
    assert [f["y"].ravel().tolist() for f in found] == [[2 * i, 2 * i + 1] for i in range(20)]
    assert batcher.n_rows == 40
    assert 5 <= batcher.n_batches <= 6


def test_quick_batches_stay_in_their_thread(monkeypatch):
    """The first is measured in another; so is one that would take longer."""
    threads = []

    def watched(arrays):
        threads.append(threading.current_thread() is threading.main_thread())
        return doubled(arrays)

    monkeypatch.setattr("graphnet.serving.batching.QUICK_S", 3600)
    batcher = Batcher(watched)

    async def asking():
        for _ in range(3):
            await batcher.outputs(rows(1))
        monkeypatch.setattr("graphnet.serving.batching.QUICK_S", 0)
        await batcher.outputs(rows(1))

    run(batcher, asking)
    assert threads == [False, True, True, False]


def test_one_that_fails_tells_all_that_were_with_it():
    """And the next is answered."""
    calls = []

    def failing(arrays):
        calls.append(len(arrays["x"]))
        if len(calls) == 1:
            raise ValueError("broken")
        return doubled(arrays)

    batcher = Batcher(failing)

    async def asking():
        first = await asyncio.gather(
            batcher.outputs(rows(1)), batcher.outputs(rows(2)), return_exceptions=True
        )
        return first, await batcher.outputs(rows(3))

    (one, other), last = run(batcher, asking)
    assert isinstance(one, ValueError)
    assert isinstance(other, ValueError)
    assert last["y"].tolist() == [[6]]


def test_a_full_queue_refuses():
    """With 503, while something is computed."""
    may_go = threading.Event()

    def slow(arrays):
        may_go.wait(30)
        return doubled(arrays)

    batcher = Batcher(slow, most_rows=1, most_waiting=1)

    async def asking():
        first = asyncio.ensure_future(batcher.outputs(rows(1)))
        await asyncio.sleep(0.05)
        second = asyncio.ensure_future(batcher.outputs(rows(2)))
        await asyncio.sleep(0.05)
        with pytest.raises(RefusalError, match="too many requests") as refused:
            await batcher.outputs(rows(3))
        may_go.set()
        return refused.value.status, await first, await second

    status, first, second = run(batcher, asking)
    assert status == 503
    assert (first["y"].item(), second["y"].item()) == (2, 4)


def test_nobody_waits_for_ever_when_it_stops():
    """What is in the queue is refused."""
    may_go = threading.Event()

    def slow(arrays):
        may_go.wait(30)
        return doubled(arrays)

    batcher = Batcher(slow, most_rows=1)

    async def within():
        batcher.start()
        asked = [asyncio.ensure_future(batcher.outputs(rows(i))) for i in range(3)]
        await asyncio.sleep(0.05)
        may_go.set()
        await batcher.stop()
        return await asyncio.gather(*asked, return_exceptions=True)

    found = asyncio.run(within())
    assert all(isinstance(f, RefusalError | asyncio.CancelledError | dict) for f in found)
    assert any(isinstance(f, RefusalError) for f in found)
