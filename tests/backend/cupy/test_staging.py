"""Tests of graphnet.backend.cupy.staging: the stand-in for CuPy finds who does not wait."""

from __future__ import annotations

import numpy as np
import pytest
from support.fake_cupy import FakeCupy
from support.fake_cupy_streams import RaceError

from graphnet.backend.cupy.backend import CupyBackend
from graphnet.data.prefetch import Prefetcher

SHAPES = ((4, 3), (4,))


class Net:
    """Two arrays on a device, and what is computed with them.

    Args:
        depth: How many batches are staged in turn.
    """

    def __init__(self, depth=2):
        self.cp = FakeCupy()
        self.backend = CupyBackend(self.cp)
        self.targets = [self.backend.empty_blob(shape, np.dtype("f4")) for shape in SHAPES]
        self.total = self.backend.zeros((), np.dtype("f4"))
        self.stages = [self.backend.staging(self.targets) for _ in range(depth)]

    def compute(self):
        """A step on the batch that was delivered: something that reads it."""
        for target in self.targets:
            self.cp.add(self.total, target.sum(), out=self.total)


def fill(staging, value):
    """Make a batch."""
    for array in staging.arrays:
        array.fill(value)


def run(net, n=6, skip=()):
    """Batches 0, 1, …, each made and sent while the one before is computed with."""
    for i in range(n + 1):
        if i < n:
            staging = net.stages[i % len(net.stages)]
            if "wait" not in skip:
                staging.wait()
            fill(staging, i)
            staging.send()
        if i:
            net.stages[(i - 1) % len(net.stages)].deliver()
            net.compute()
    return float(net.total)


@pytest.mark.parametrize("depth", [2, 3])
def test_every_batch_arrives(depth):
    """What was made is what is computed with, batch by batch."""
    assert run(Net(depth)) == 16 * sum(range(6))


def test_arrays_are_pinned():
    """Only from page-locked memory does a device copy by itself; nothing else is uploaded."""
    net = Net()
    for staging in net.stages:
        assert all(net.cp.timeline.pinned.holds(array) for array in staging.arrays)
        assert [a.shape for a in staging.arrays] == list(SHAPES)


def test_one_stream_for_all():
    """Batches come one after another, beside the computation."""
    net = Net(3)
    assert len({id(staging._stream) for staging in net.stages}) == 1
    assert net.stages[0]._stream.non_blocking


def test_the_host_may_not_write_too_early():
    """Without the wait a batch would be overwritten on its way."""
    net = Net(1)
    with pytest.raises(RaceError, match="pinned memory was written while a copy"):
        run(net, skip=["wait"])
    net.cp.timeline._in_flight.clear()  # it has been told of


@pytest.mark.parametrize(
    ("event", "message"),
    [("_sent", "has not waited for the copy into it"), ("_taken", "that another stream still use")],
)
def test_each_event_is_needed(event, message, monkeypatch):
    """Without one of them the net would read too early, or a copy come too early."""
    net = Net()
    for staging in net.stages:
        monkeypatch.setattr(getattr(staging, event), "record", lambda _: None)
    with pytest.raises(RaceError, match=message):
        run(net)


def test_with_a_thread():
    """The thread that makes batches sends them too."""
    net = Net()

    class Counting:
        """Batch i is full of i."""

        cursor = 0

        def bind(self, arrays):
            """What makes the next batch."""
            return lambda: self.make(arrays)

        def make(self, arrays):
            for array in arrays:
                array.fill(self.cursor)
            self.cursor += 1
            return 4

        def close(self):
            """Nothing is open."""

    made = Prefetcher(Counting(), lambda: net.backend.staging(net.targets), 2, "reader")
    for i in range(8):
        batch = made.next()
        batch.staging.deliver()
        made.release(batch)
        np.testing.assert_array_equal(net.backend.download(net.targets[0]), i)
    made.stop()


def test_memory_is_not_taken_over_too_early():
    """The first copy comes after all that was asked for before there was room for it."""
    net = Net(1)
    net.compute()
    before = net.cp.timeline.null.done
    (staging,) = net.stages
    later = net.backend.staging(net.targets)
    assert staging._taken.known[net.cp.timeline.null.id] < before
    assert later._taken.known[net.cp.timeline.null.id] == before


def test_memory_is_not_given_back_too_early():
    """A batch that nobody takes over has arrived before its memory goes to somebody else."""
    net = Net(1)
    staging = net.stages.pop()
    fill(staging, 1)
    staging.send()
    sent = staging._sent
    assert not sent.done
    del staging
    assert sent.done


def test_an_empty_batch():
    """Arrays without elements are legal."""
    net = Net()
    target = net.backend.empty_blob((0, 3), np.dtype("f4"))
    staging = net.backend.staging([target])
    staging.send()
    staging.deliver()
    assert staging.arrays[0].shape == (0, 3)
