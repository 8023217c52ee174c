"""Tests of graphnet.backend.numpy.limits: what a net changes in its process, and for how long."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from support.shipped_nets import ROOT
from threadpoolctl import ThreadpoolController, threadpool_limits

import graphnet as gn
from graphnet.backend.numpy import limits as numpy_limits
from graphnet.backend.numpy.limits import BUFFERED_ELEMENTS, Limits, blas_libraries
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.load_sharded_net import cut
from graphnet.solver.reporter import SilentReporter

BLAS = ThreadpoolController().select(user_api="blas")


def state():
    """What passes change: threads of each BLAS, elements of a buffer, where this thread may run."""
    processors = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    return [library.num_threads for library in BLAS.lib_controllers], np.getbufsize(), processors


@pytest.fixture(autouse=True)
def _several():
    """BLAS has threads and NumPy has buffers that are not what passes want."""
    before = np.setbufsize(4096)
    with threadpool_limits(2, user_api="blas"):
        yield
    np.setbufsize(before)


@pytest.fixture
def net():
    """A net in two threads, whose passes note the state in ``seen``."""
    net = gn.load_net(ROOT / "nets/iris.yaml", backend="numpy", threads=2)
    seen = []
    net._forward.append((0, lambda: seen.append(state()[:2])))
    net._backward.append(lambda: seen.append(state()[:2]))
    yield SimpleNamespace(net=net, seen=seen)
    net.close()


def held():
    """What passes want."""
    return [1] * len(BLAS.lib_controllers), BUFFERED_ELEMENTS


def train(net):
    """A few iterations."""
    gn.solve(gn.Solver(gn.SolverSpec(max_iter=2)), net, reporter=SilentReporter())


@pytest.mark.parametrize(
    "run",
    [
        gn.Net.forward,
        gn.Net.forward_backward,
        gn.Net.evaluate,
        gn.Net.first_bad_layer,
        lambda net: (net.forward(), net.backward()),
        lambda net: net.predict({"data": np.zeros((5, *net.blobs["data"].shape[1:]))}),
        lambda net: gn.check_gradients(net, max_elements=1),
        train,
        lambda net: cut(net, 2, LocalCommunicator()).forward_backward(),
        gn.Net.close,
    ],
    ids=[
        *("forward", "forward_backward", "evaluate", "first_bad_layer", "backward"),
        *("predict", "check_gradients", "solve", "shards", "close"),
    ],
)
def test_the_process_is_given_back(net, run):
    """Whatever is done with a net, afterwards all is as it was; in a pass it is as it must be."""
    before = state()
    run(net.net)
    assert state() == before
    assert all(seen == held() for seen in net.seen)


def test_loading_changes_nothing():
    """Also where params are drawn by LAPACK, which computes in one thread."""
    before = state()
    gn.load_net(ROOT / "nets/iris.yaml", backend="numpy", threads=2)
    assert state() == before


def test_an_error_in_a_pass(net):
    """Is no reason to keep anything."""
    before = state()

    def fail():
        assert state()[:2] == held()
        raise KeyError("lost")

    net.net._forward.append((0, fail))
    for run in (net.net.forward, net.net.evaluate, lambda: train(net.net)):
        with pytest.raises(KeyError, match="lost"):
            run()
        assert state() == before


def test_threads(net):
    """Threads that run nets at the same time share BLAS; the last one gives it back."""
    before, other = state(), gn.load_net(ROOT / "nets/iris.yaml", backend="numpy", threads=1)
    inside, leave, found = threading.Event(), threading.Event(), []

    def wait():
        inside.set()
        assert leave.wait(20)

    def run():
        start = state()
        other.forward()
        found.append((start[1:], state()[1:]))

    other._forward.append((0, wait))
    thread = threading.Thread(target=run)
    thread.start()
    assert inside.wait(20)
    net.net.forward()
    assert state()[0] == held()[0]  # the other one still computes
    assert state()[1:] == before[1:]
    leave.set()
    thread.join()
    assert state() == before
    assert found[0][0] == found[0][1]
    assert net.seen == [held()]


def test_what_is_changed_within_stays_within(net):
    """A pass within limits of the user's own finds and leaves them."""
    with threadpool_limits(1, user_api="blas"):
        np.setbufsize(512)
        net.net.forward()
        assert np.getbufsize() == 512
        assert state()[0] == held()[0]
    assert state()[0] == [2] * len(BLAS.lib_controllers)


class OpenMP:
    """A BLAS whose number of threads each thread has for itself."""

    def __init__(self):
        self.here = threading.local()

    def get(self):
        """The calling thread's."""
        return getattr(self.here, "n", 4)

    def set(self, n):
        """Likewise."""
        self.here.n = n


def test_a_blas_with_a_number_for_each_thread(monkeypatch):
    """Every thread that enters sets its own; a helper's is set once."""
    blas = OpenMP()
    library = numpy_limits.Blas(blas.get, blas.set, is_per_thread=True, architecture="")
    monkeypatch.setattr(numpy_limits, "blas_libraries", lambda: (library,))
    limits, found = Limits(), []

    def enter():
        with limits, limits:
            found.append(blas.get())
        found.append(blas.get())

    def help_out():
        limits.hold_thread()
        found.append(blas.get())

    with limits:
        for target in (enter, help_out):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
        assert blas.get() == 1
    assert blas.get() == 4
    assert found == [1, 4, 1]


def test_a_library_without_functions_of_its_own():
    """Is set by way of threadpoolctl."""
    library = SimpleNamespace(internal_api="mkl", get_num_threads=min, set_num_threads=max)
    assert numpy_limits._functions(library) == (min, max)
    library = SimpleNamespace(
        internal_api="openblas", threading_layer="openmp", get_num_threads=min, set_num_threads=max
    )
    assert numpy_limits._functions(library) == (min, max)


def test_the_libraries_are_those_of_threadpoolctl():
    """They tell the same numbers, in any thread."""
    assert [blas.get() for blas in blas_libraries()] == state()[0]


@pytest.mark.parametrize("n_threads", [1, 3])
def test_libraries_are_looked_up_before_there_are_helpers(n_threads):
    """A helper that did it while its caller imports a compiled module would stop both for good."""
    code = f"""
import subprocess
import sys
import threading
from graphnet.backend.numpy import limits
looking, controller = [], limits.ThreadpoolController
def look():
    looking.extend(thread.name for thread in threading.enumerate())
    return controller()
limits.ThreadpoolController = look
import graphnet as gn
net = gn.load_net([
    gn.layers.RandomNormal(name="data", tops=["data"], shape=[1, 12, 12], batch_sizes=[64]),
    gn.layers.Convolution(name="conv", bottoms=["data"], tops=["conv"], n_filter=8, kernel=3),
    gn.layers.ReLU(name="relu", bottoms=["conv"]),
], phase="train", threads={n_threads})
net.forward()
names = [thread.name for thread in threading.enumerate()]
print(looking, sum(name.startswith("graphnet-") for name in names))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[0] == f"['MainThread'] {n_threads - 1}", done.stderr
