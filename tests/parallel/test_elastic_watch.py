"""The watch of an elastic job: a silent rank is ended, one that MPI says has gone is not."""

import threading
import time

import pytest

from graphnet.parallel.elastic_watch import ElasticWatch
from tests.parallel.test_watch import PLACES, Beats


class Ranks:
    """Three watches: whom each has ended, and what ended the job."""

    def __init__(self, monkeypatch, silence_s=0.8, stall_s=100.0, here=(0, 1, 2)):
        monkeypatch.setattr("graphnet.parallel.elastic_watch.INTERVAL_S", 0.05)
        monkeypatch.setattr("graphnet.parallel.watch.INTERVAL_S", 0.05)
        self.beats, self.ended, self.said = Beats(3), set(), []
        self.over = threading.Event()
        limits = {"silence_s": silence_s, "stall_s": stall_s}
        self.watches = [
            ElasticWatch(self.beats.of(r), 4, PLACES, self.abort, self.ends(r, here), **limits)
            for r in range(3)
        ]

    def ends(self, rank, here):
        """Ends ranks of its own machine alone."""

        def end(other):
            if rank in here and other in here and other != rank:
                self.ended.add((rank, other))
                self.over.set()

        return end

    def abort(self, message):
        """Noted."""
        self.said.append(message)
        self.over.set()

    def stop(self):
        """All of them."""
        for watch in self.watches:
            watch._stopping.set()


@pytest.mark.parametrize(
    ("silent", "expected"), [(2, {(0, 2), (1, 2)}), (0, {(1, 0), (2, 0)}), (1, {(0, 1), (2, 1)})]
)
def test_a_silent_rank_is_ended(monkeypatch, silent, expected):
    """By whoever finds it, or hears that it is to be ended."""
    ranks = Ranks(monkeypatch)
    for rank, watch in enumerate(ranks.watches):
        if rank != silent:
            watch.start()
    assert ranks.over.wait(30)
    ranks.stop()
    assert ranks.ended
    assert ranks.ended <= expected
    assert ranks.watches[silent].lost == ""


def test_by_a_rank_of_its_machine(monkeypatch):
    """Rank 0 cannot end it, and tells those that may."""
    ranks = Ranks(monkeypatch, here=(1, 2))
    ranks.watches[0].start()
    ranks.watches[1].start()
    assert ranks.over.wait(30)
    ranks.stop()
    assert ranks.ended == {(1, 2)}


def test_one_that_cannot_be_ended(monkeypatch):
    """It ends the job, with a message that names it."""
    ranks = Ranks(monkeypatch, here=())
    ranks.watches[0].start()
    ranks.watches[1].start()
    assert ranks.over.wait(30)
    ranks.stop()
    assert "rank 2 of 3 (process 12 on b) has been silent for" in ranks.said[0]
    assert "and cannot be ended" in ranks.said[0]


def test_one_that_mpi_knows_of(monkeypatch):
    """Its silence is no news, and calls to it are not made again."""
    ranks = Ranks(monkeypatch, silence_s=0.3)

    class Gone:
        """Beats of which one peer has gone."""

        def __init__(self, beats):
            self.beats, self.n_calls = beats, 0

        def __getattr__(self, name):
            return getattr(self.beats, name)

        def Isend(self, beat, peer, tag):  # noqa: N802
            if peer == 2:
                self.n_calls += 1
                raise RuntimeError("it has gone")
            return self.beats.Isend(beat, peer, tag)

    first = ranks.watches[0]
    gone = first._beats = Gone(first._beats)
    first.start()
    ranks.watches[1].start()
    time.sleep(1.0)
    first.halt()
    ranks.stop()
    assert gone.n_calls == 1
    assert not ranks.ended
    assert not ranks.said


def test_the_end(monkeypatch):
    """Leave is taken of those that are there."""
    ranks = Ranks(monkeypatch)
    for watch in ranks.watches:
        watch.start()
    threads = [threading.Thread(target=watch.stop) for watch in ranks.watches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not ranks.said
    assert not any(ranks.beats.of(0).Iprobe(peer, 4) for peer in (1, 2))
