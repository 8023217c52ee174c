"""The sum of gradients over ranks, timed: started by mpiexec, rank 0 prints the seconds.

mpiexec -n RANKS python -m benchmarks.scaling.sums BYTES [BYTES ...]
"""

from __future__ import annotations

import json
import sys
import time
from statistics import median

import numpy as np

from graphnet.backend import open_backend
from graphnet.parallel.launch import current
from graphnet.parallel.shards import Shards
from graphnet.parallel.tree_sum import TreeSum

REPEATS = 15


def seconds_of_sum(n_bytes: int) -> float:
    """The median over repeats of the slowest rank's time for a buffer of float32."""
    communicator = current()
    gradients = np.ones(n_bytes // 4, np.float32)
    shards = Shards(communicator.size, communicator.size, communicator.rank, communicator.size)
    total = TreeSum(open_backend("numpy", 1), [gradients], shards, communicator)
    taken = []
    for _ in range(REPEATS + 2):
        communicator.all_gather(None)  # all begin together
        start = time.perf_counter()
        total(gradients.fill)
        taken.append(max(communicator.all_gather(time.perf_counter() - start)))
    return median(taken[2:])


if __name__ == "__main__":
    found = [seconds_of_sum(int(text)) for text in sys.argv[1:]]
    if current().rank == 0:
        print(json.dumps(found))
    current().close()
