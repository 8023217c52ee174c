# ruff: noqa: D102  # MPI's own names
"""The watch: a rank that is silent, one that is stuck, one that leaves."""

import queue
import threading
import time

import pytest

from graphnet.errors import SpecError
from graphnet.parallel.watch import Watch, timeout

PLACES = ["process 10 on a", "process 11 on a", "process 12 on b"]


class Beats:
    """What the watch needs of an MPI communicator, between threads."""

    def __init__(self, size):
        self.mail = {(a, b): queue.SimpleQueue() for a in range(size) for b in range(size)}
        self.size = size

    def of(self, rank):
        beats = self

        class Rank:
            def Get_rank(self):  # noqa: N802
                return rank

            def Get_size(self):  # noqa: N802
                return beats.size

            def Isend(self, beat, peer, _tag):  # noqa: N802
                beats.mail[rank, peer].put(beat.copy())
                return self

            def Test(self):  # noqa: N802
                return True

            def Iprobe(self, peer, _tag):  # noqa: N802
                return not beats.mail[peer, rank].empty()

            def Recv(self, beat, peer, _tag):  # noqa: N802
                beat[...] = beats.mail[peer, rank].get()

        return Rank()


class Ranks:
    """Three watches, and why each has ended the job."""

    def __init__(self, monkeypatch, silence_s=0.8, stall_s=100.0):
        monkeypatch.setattr("graphnet.parallel.watch.INTERVAL_S", 0.05)
        beats, self.said, self.over = Beats(3), {}, threading.Event()
        self.watches = [
            Watch(beats.of(r), 4, PLACES, self.ends(r), silence_s=silence_s, stall_s=stall_s)
            for r in range(3)
        ]

    def ends(self, rank):
        def end(message):
            self.said.setdefault(rank, message)
            self.over.set()
            threading.Event().wait(0.2)

        return end

    def stop(self):
        for watch in self.watches:
            watch._stopping.set()


def test_ranks_that_live(monkeypatch):
    """Nothing is said, and no message is left over in the end."""
    ranks = Ranks(monkeypatch)
    for watch in ranks.watches:
        watch.start()
    time.sleep(1.2)
    threads = [threading.Thread(target=watch.stop) for watch in ranks.watches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ranks.said == {}
    beats = ranks.watches[0]._beats
    assert not any(beats.Iprobe(peer, 4) for peer in (1, 2))


@pytest.mark.parametrize("silent", [0, 2])
def test_a_silent_rank_is_named(monkeypatch, silent):
    """By rank 0, or where it is rank 0, by the others."""
    ranks = Ranks(monkeypatch)
    for rank, watch in enumerate(ranks.watches):
        if rank != silent:
            watch.start()
    assert ranks.over.wait(30)
    said = next(iter(ranks.said.values()))
    assert f"rank {silent} of 3 ({PLACES[silent]}) has been silent for 1 s" in said
    assert "solve again to go on from its last snapshot" in said
    ranks.stop()


def test_a_rank_others_wait_for(monkeypatch):
    """It sends beats, but does not get on."""
    ranks = Ranks(monkeypatch, silence_s=30.0, stall_s=0.5)
    for watch in ranks.watches:
        watch.start()
    for rank in (0, 2):
        ranks.watches[rank].wait_begins()
    assert ranks.over.wait(30)
    assert "rank 1 of 3 (process 11 on a) is alive, but others wait for it" in ranks.said[0]
    ranks.stop()


def test_waiting_that_ends(monkeypatch):
    """A rank that has waited long, and no longer does, is no reason."""
    ranks = Ranks(monkeypatch, silence_s=30.0, stall_s=0.6)
    for watch in ranks.watches:
        watch.start()
    for _ in range(8):
        ranks.watches[2].wait_begins()
        time.sleep(0.1)
        ranks.watches[2].wait_ends()
    assert not ranks.over.wait(0.2)
    ranks.stop()


def test_timeout():
    """From the environment."""
    assert timeout({}, "GRAPHNET_RANK_TIMEOUT", 8.0) == 8.0
    assert timeout({"GRAPHNET_RANK_TIMEOUT": "2.5"}, "GRAPHNET_RANK_TIMEOUT", 8.0) == 2.5
    for wrong in ("-1", "0", "nan", "soon"):
        with pytest.raises(SpecError, match="GRAPHNET_RANK_TIMEOUT: expected a number of seconds"):
            timeout({"GRAPHNET_RANK_TIMEOUT": wrong}, "GRAPHNET_RANK_TIMEOUT", 8.0)


def test_a_rank_that_has_left_and_is_waited_for(monkeypatch):
    """It will send nothing more."""
    monkeypatch.setattr("graphnet.parallel.watch._GONE_S", 0.2)
    ranks = Ranks(monkeypatch)
    for watch in ranks.watches:
        watch.start()
    ranks.watches[2].wait_begins(is_patient=True)
    ranks.watches[0].stop()
    assert ranks.over.wait(30)
    assert "rank 0 of 3 (process 10 on a) has left, and is waited for" in ranks.said[2]
    ranks.stop()


def test_a_patient_rank_waits_for_nobody(monkeypatch):
    """While rank 0 takes a coffee break."""
    ranks = Ranks(monkeypatch, silence_s=30.0, stall_s=0.3)
    for watch in ranks.watches:
        watch.start()
    for rank in (1, 2):
        ranks.watches[rank].wait_begins(is_patient=True)
    assert not ranks.over.wait(0.8)
    ranks.stop()


def test_a_rank_that_was_held_up_itself_blames_nobody(monkeypatch):
    """Where the whole machine stood still, the others have been silent with it."""
    ranks = Ranks(monkeypatch)
    first, second, _ = ranks.watches
    second.start()
    listen = second._listen
    second._listen = lambda: (time.sleep(1.5), listen())
    ranks.over.wait(1.8)
    second._listen = listen
    assert ranks.said == {}
    first.start()
    ranks.stop()
