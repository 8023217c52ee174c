"""Streaming: an epoch larger than its buffer, whole, once, and in little memory."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.streaming_files import BLOCK_ROWS, marks, write_files
from benchmarks.streaming_worker import Watch

ROOT = Path(__file__).parent.parent
MIB = 1 << 20
BUFFER = 4 * MIB
CEILING = 32 * MIB  # beside the interpreter and its libraries: the buffer, the net, the batches


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """About 66 MiB of samples in four compressed files, and their glob."""
    folder = tmp_path_factory.mktemp("stream")
    return f"{folder}/*.h5", write_files(folder, 4, 176 * BLOCK_ROWS, (3, 32, 32))


@pytest.mark.parametrize("layer", ["HDF5Data", "AsyncHDF5Data"])
def test_an_epoch_in_little_memory(files, layer):
    """Every sample arrives once, shuffled, as it was stored, in half of the memory all take."""
    source, written = files
    task = {"source": source, "layer": layer, "buffer_bytes": BUFFER, "threads": 1, "check": True}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.streaming_worker", json.dumps(task)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["n_rows"] == found["n_once"] == found["n_delivered"] == written["rows"]
    assert found["n_wrong"] == 0
    assert 0.8 < found["scatter"] < 1.2
    assert written["bytes"] > 2 * CEILING
    assert found["peak_bytes"] - found["begin_bytes"] < CEILING


class Top:
    """A blob with these values."""

    def __init__(self, values):
        self.data = np.asarray(values, np.float32)


def watched(rows, n_rows=4):
    """What a watch finds of one batch of these rows."""
    rows = np.array(rows)
    watch = Watch(check=True)
    watch.begin(n_rows)
    watch.forward(lambda: None, [Top(marks(rows) / 256), Top(rows % 10), Top(rows)])
    return watch.findings()


def test_the_check_can_fail():
    """Rows that never come, come twice or come with other values are counted."""
    assert watched([2, 0, 3, 1])["n_once"] == 4
    found = watched([2, 0, 2, 1])
    assert (found["n_once"], found["n_missing"], found["n_repeated"]) == (2, 1, 1)
    watch = Watch(check=True)
    watch.begin(2)
    rows = np.array([0, 1])
    watch.forward(lambda: None, [Top(marks(rows[::-1]) / 256), Top(rows), Top(rows)])
    assert watch.findings()["n_wrong"] == 2
