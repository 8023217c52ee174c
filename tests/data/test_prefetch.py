"""The thread that keeps batches ready."""

import gc
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest

from graphnet.backend.staging import HostStaging
from graphnet.data.prefetch import Prefetcher
from graphnet.errors import DataError

ROOT = Path(__file__).parents[2]


class Counting:
    """Stands in for Batches: batch i is full of i; fails at those it is told to, once."""

    def __init__(self, failing=()):
        self.cursor, self.closed_in, self.failing = 0, [], set(failing)

    def bind(self, targets):
        """What makes the next batch."""
        return lambda: self.make(targets)

    def make(self, targets):
        """The next batch."""
        if self.cursor in self.failing:
            self.failing.discard(self.cursor)
            raise DataError(f"file, row {self.cursor}")
        targets[0].fill(self.cursor)
        self.cursor += 1
        return self.cursor

    def close(self):
        """Remember which thread closed."""
        self.closed_in.append(threading.current_thread().name)


def staging():
    """Room for a batch of one array."""
    return HostStaging([np.empty(3)])


def prefetcher(batches, depth=2):
    return Prefetcher(batches, staging, depth, "reader")


def take(made, n, pause=0.0):
    found = []
    for _ in range(n):
        batch = made.next()
        time.sleep(pause)
        found.append((batch.staging.arrays[0].tolist(), batch.n_valid))
        made.release(batch)
    return found


def expected(first, n):
    return [([i] * 3, i + 1) for i in range(first, first + n)]


def readers():
    return [t for t in threading.enumerate() if t.name == "reader"]


@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("pause", [0.0, 0.002])
def test_in_order(depth, pause):
    """Batches come in order, none lost or repeated, whatever the depth and the timing."""
    made = prefetcher(Counting(), depth)
    assert take(made, 30, pause) == expected(0, 30)
    made.stop()


def test_bounded():
    """No more batches are made ahead than asked for."""
    batches = Counting()
    made = prefetcher(batches, depth=3)
    made.release(made.next())
    deadline = time.monotonic() + 5
    while batches.cursor < 4 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.02)
    assert batches.cursor == 4
    made.stop()


def test_not_started_before_it_is_needed():
    """There is no thread before the first batch is asked for."""
    made = prefetcher(Counting())
    assert readers() == []
    take(made, 1)
    assert len(readers()) == 1
    made.stop()
    assert readers() == []


def test_goes_on_after_a_stop():
    """After a stop the next batch is the one that ``batches`` then stands at."""
    batches = Counting()
    made = prefetcher(batches)
    take(made, 3)
    made.stop()
    made.stop()
    batches.cursor = 10
    assert take(made, 3) == expected(10, 3)
    made.stop()


def test_files_are_closed_in_the_thread():
    """What the thread opened it closes itself."""
    batches = Counting()
    made = prefetcher(batches)
    take(made, 1)
    made.stop()
    assert batches.closed_in == ["reader"]


def test_failure_surfaces_in_its_place():
    """A failure is raised for the batch it belongs to, after those before it; then it goes on."""
    made = prefetcher(Counting(failing=[4]), depth=3)
    assert take(made, 4) == expected(0, 4)
    with pytest.raises(DataError, match=r"^file, row 4$"):
        made.next()
    assert readers() == []
    assert take(made, 3) == expected(4, 3)
    made.stop()


def test_forgotten_owner():
    """The thread ends when its owner is forgotten without a stop."""
    made = prefetcher(Counting())
    take(made, 1)
    gone = weakref.ref(made)
    del made
    gc.collect()
    assert gone() is None
    assert readers() == []


def test_interpreter_ends():
    """A running thread does not keep Python from ending, nor disturb its end."""
    code = """
import numpy as np
from graphnet.backend.staging import HostStaging
from graphnet.data.prefetch import Prefetcher
class Slow:
    def bind(self, targets):
        return lambda: 1
    def close(self):
        print("closed")
made = Prefetcher(Slow(), lambda: HostStaging([np.empty(3)]), 2, "reader")
made.next()
print("end")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\nclosed\n", "")
