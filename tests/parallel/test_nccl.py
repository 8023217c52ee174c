# ruff: noqa: D102  # NCCL's own names
"""The communicator by NCCL, with a stand-in for NCCL and for the arrays of a GPU."""

from types import SimpleNamespace

import numpy as np
import pytest
from support.elastic_threads import run_elastic
from support.thread_ranks import ThreadCommunicator, all_of

from graphnet.errors import LostRankError
from graphnet.parallel.communicator import Parcel
from graphnet.parallel.nccl import NCCLCommunicator, pick_device


class DeviceArray:
    """As much of a CuPy array as is asked for; its address is itself."""

    def __init__(self, values):
        self.values = np.array(values, np.float32)
        self.nbytes = self.values.nbytes
        self.data = SimpleNamespace(ptr=self)


class Library:
    """NCCL by way of threads: what a group holds is done at its end."""

    def __init__(self, communicator):
        self.communicator, self.group, self.number = communicator, None, None

    def get_unique_id(self):
        assert self.communicator.rank == 0
        return b"4711"

    def NcclCommunicator(self, size, number, rank):  # noqa: N802
        assert (size, rank) == (self.communicator.size, self.communicator.rank)
        self.number = number
        return self

    def groupStart(self):  # noqa: N802
        self.group = []

    def send(self, address, count, kind, peer, stream):
        assert (count, kind, stream) == (address.nbytes, 0, 99)
        self.group.append(("send", Parcel(peer, address.values)))

    def recv(self, address, count, kind, peer, stream):
        assert (count, kind, stream) == (address.nbytes, 0, 99)
        self.group.append(("receive", Parcel(peer, address.values)))

    def groupEnd(self):  # noqa: N802
        parcels = {kind: [p for k, p in self.group if k == kind] for kind in ("send", "receive")}
        ThreadCommunicator.exchange(self.communicator, parcels["send"], parcels["receive"])
        self.group = None


def test_arrays_of_a_device():
    """They travel in one group; arrays of the machine go the other way."""

    def work(other):
        library = Library(other)
        made = NCCLCommunicator(other, library, lambda: SimpleNamespace(ptr=99))
        assert (made.rank, made.size, made.takes_device) == (other.rank, 2, True)
        assert library.number == b"4711"
        peer = 1 - made.rank
        target = DeviceArray([0, 0])
        made.exchange([Parcel(peer, DeviceArray([made.rank, 5]))], [Parcel(peer, target)])
        host = np.zeros(1)
        made.exchange([Parcel(peer, np.full(1, made.rank))], [Parcel(peer, np.zeros(1, int))])
        made.start_watching()
        made.close()
        assert other.is_watching
        assert other.is_closed
        return target.values.tolist(), made.broadcast(made.rank), made.all_gather(host[0])

    assert all_of(2, work) == [([1, 5], 0, [0, 0]), ([0, 5], 0, [0, 0])]


def test_a_rank_that_is_lost():
    """What is under way is given up, and those that are left have a communicator of their own."""

    class Stuck(Library):
        """An exchange with a rank that has gone never ends."""

        has_aborted = False

        def NcclCommunicator(self, size, number, rank):  # noqa: N802
            self.size = size
            return self

        def groupEnd(self):  # noqa: N802
            pass

        def abort(self):
            self.has_aborted = True

    def work(other):
        library = Stuck(other)
        made = NCCLCommunicator(other, library, lambda: SimpleNamespace(ptr=99, done=False))
        assert made.is_elastic
        if made.rank == 1:
            other.die()
        with pytest.raises(LostRankError, match="is lost"):
            made.exchange([Parcel(1, DeviceArray([1]))], [])
        assert library.has_aborted
        left = made.without_lost()
        assert (left.size, library.size) == (1, 1)
        return left.agree()

    assert run_elastic(2, work) == {0: True, 1: None}


@pytest.mark.parametrize(
    ("environ", "present", "rank", "expected"),
    [
        ({}, 4, 2, "2"),
        ({}, 2, 3, "1"),
        ({}, 1, 1, None),
        ({}, 0, 1, None),
        ({"CUDA_VISIBLE_DEVICES": "5,7"}, 8, 1, "7"),
        ({"CUDA_VISIBLE_DEVICES": "5"}, 8, 1, "5"),
        ({"CUDA_VISIBLE_DEVICES": ""}, 8, 1, ""),
    ],
)
def test_each_rank_gets_a_device(tmp_path, environ, present, rank, expected):
    """In turn, of those that are visible."""
    for number in range(present):
        (tmp_path / f"nvidia{number}").touch()
    (tmp_path / "nvidiactl").touch()
    environ = dict(environ)
    pick_device(environ, rank, tmp_path)
    assert environ.get("CUDA_VISIBLE_DEVICES") == expected
