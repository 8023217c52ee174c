"""Tests of graphnet.backend.numpy.threads."""

from __future__ import annotations

import gc
import os
import threading
from functools import partial
from queue import SimpleQueue

import pytest

from graphnet.backend.numpy import threads
from graphnet.backend.numpy.threads import Bell, ThreadPool, _keep_to, _processor, _processors


@pytest.mark.parametrize("n_threads", [1, 2, 4])
def test_every_task_runs_once(n_threads):
    """Whoever runs it, and however often the pool is used."""
    pool = ThreadPool(n_threads)
    for n_tasks in (1, 2, 3, 50):
        seen = []
        call = pool.bind([pool.task(partial(seen.append, i)) for i in range(n_tasks)], inline=False)
        for _ in range(20):
            seen.clear()
            call()
            assert sorted(seen) == list(range(n_tasks))


def test_helpers_take_part():
    """Two tasks that wait for each other can only end when two threads run them."""
    pool, barrier = ThreadPool(2), threading.Barrier(2, timeout=20)
    pool.run([pool.task(barrier.wait)] * 2)


def test_tasks_that_run_together_have_different_slots():
    """A slot's scratch has one user at a time."""
    n = 4
    pool, barrier, slots = ThreadPool(n), threading.Barrier(n, timeout=20), []
    task = [(partial(slots.append, slot), barrier.wait) for slot in range(n)]
    pool.run([task] * n)
    assert sorted(slots) == list(range(n))


def test_the_caller_has_the_first_slot():
    """Work too small for helpers runs in order, in slot 0, in the caller's thread."""
    pool, seen = ThreadPool(3), []

    def note(i, slot):
        seen.append((i, slot, threading.get_ident()))

    tasks = [[(partial(note, i, slot),) for slot in range(3)] for i in range(5)]
    pool.bind(tasks, inline=True)()
    assert seen == [(i, 0, threading.get_ident()) for i in range(5)]


@pytest.mark.parametrize("n_threads", [1, 3])
def test_an_exception_reaches_the_caller(n_threads):
    """It stops the rest, and the pool can be used again."""
    pool = ThreadPool(n_threads)

    def fail():
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        pool.run([pool.task(fail)] * 7)
    seen = []
    pool.run([pool.task(partial(seen.append, i)) for i in range(5)])
    assert sorted(seen) == list(range(5))


def test_an_exception_of_a_helper_reaches_the_caller():
    """Also where the caller's own tasks went well."""
    pool, barrier = ThreadPool(2), threading.Barrier(2, timeout=20)

    def fail():
        raise KeyError("lost")

    task = [(barrier.wait,), (barrier.wait, fail)]  # fails in slot 1 alone
    with pytest.raises(KeyError, match="lost"):
        pool.run([task] * 2)


def test_tasks_may_use_the_pool():
    """What they share out there runs in their own thread, all of it, before they go on."""
    pool, seen, idle = ThreadPool(3), [], threading.Event()

    def inner(of):
        seen.append((of, threading.get_ident()))
        idle.wait(0.002)  # another thread would have the time to take the next one

    def outer(of):
        pool.run([pool.task(partial(inner, of))] * 4)
        mine = [thread for which, thread in seen if which == of]
        assert mine == [threading.get_ident()] * 4

    pool.run([pool.task(partial(outer, i)) for i in range(5)])
    assert len(seen) == 20


def test_helpers_end_with_their_pool():
    """A pool nobody uses any more leaves no threads behind."""
    before = set(threading.enumerate())
    pool = ThreadPool(3)
    helpers = set(threading.enumerate()) - before
    assert len(helpers) == 2
    del pool
    gc.collect()
    for helper in helpers:
        helper.join(timeout=20)
        assert not helper.is_alive()


@pytest.mark.parametrize("rounds", [0, 1, 1000], ids=["asleep", "both", "looking"])
def test_a_waiting_thread_gets_what_it_waits_for(monkeypatch, rounds):
    """Whether it still looks at the flag or sleeps by then, in order, and nothing twice."""
    monkeypatch.setattr(threads, "ROUNDS_OF_LOOKS", rounds)
    bell, items, answers, n = Bell(), SimpleQueue(), SimpleQueue(), 200

    def answer():
        for i in range(n):
            answers.get()
            items.put(i)
            bell.ring()

    thread = threading.Thread(target=answer)
    thread.start()
    found = []
    for _ in range(n):
        answers.put(None)
        found.append(bell.await_item(items))
    thread.join()
    assert found == list(range(n))
    assert items.empty()


def test_a_look_ends_with_the_ring(monkeypatch):
    """A view that would take minutes to go through is left at once, with the lock released."""
    monkeypatch.setattr(threads, "LOOKS", 10**12)
    bell, items = Bell(), SimpleQueue()

    def ring():
        items.put("here")
        bell.ring()

    thread = threading.Timer(0.05, ring)
    thread.start()
    assert bell.await_item(items) == "here"
    thread.join()


def test_an_item_before_the_wait():
    """Is taken without a look."""
    bell, items = Bell(), SimpleQueue()
    items.put(1)
    bell._look = None
    assert bell.await_item(items) == 1


def on_its_own_thread(call):
    """What a call returns, made in a thread that ends with it."""
    results = []
    thread = threading.Thread(target=lambda: results.append(call()))
    thread.start()
    thread.join()
    return results[0]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads stay where they are put")
def test_a_thread_can_keep_to_some_processors():
    """It is moved at once, and no other thread with it; what cannot be is left as it was."""
    allowed = os.sched_getaffinity(0)
    one = {min(allowed)}

    def move():
        _keep_to(one)
        found = os.sched_getaffinity(0), _processor()
        _keep_to({10**6})
        return *found, os.sched_getaffinity(0)

    chosen, processor, after = on_its_own_thread(move)
    assert chosen == after == one
    assert processor in {-1, *one}
    assert os.sched_getaffinity(0) == allowed


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads stay where they are put")
def test_with_one_processor_there_is_no_choice():
    """Helpers that have nowhere else to go stay."""

    def look():
        _keep_to({min(os.sched_getaffinity(0))})
        return _processors()

    assert on_its_own_thread(look) == set()


def test_nobody_is_woken_in_vain():
    """A task alone, and tasks of a pool of one, are the caller's; two tasks are shared out."""
    pool, alone, barrier = ThreadPool(2), ThreadPool(1), threading.Barrier(2, timeout=20)
    assert pool.bind([pool.task(print)], inline=False) is print
    seen = []
    note = [alone.task(lambda i=i: seen.append((i, threading.get_ident()))) for i in range(2)]
    alone.bind(note, inline=False)()
    assert seen == [(i, threading.get_ident()) for i in range(2)]
    pool.bind([pool.task(barrier.wait)] * 2, inline=False)()
