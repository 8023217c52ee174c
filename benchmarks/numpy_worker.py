"""The loops of ``numpy_loops.py``, asked over standard input."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.numpy_loops import LOOPS, Params, one_hot
from benchmarks.process_memory import peak_bytes
from benchmarks.workers import answer, requests, serve

LR = 1.25


def run(task: dict[str, Any]) -> None:
    """Answer requests, each for one pass over the rows, until the input ends."""
    begin = peak_bytes()
    threadpool_limits(task["threads"], user_api="blas")
    x, y = np.load(task["rows"]["data"]), one_hot(np.load(task["rows"]["label"]))
    loop, params, rng = LOOPS[task["loop"]], Params.random(), np.random.default_rng(0)
    n_steps = len(x) // task["batch"]
    answer({"version": np.__version__, "begin_bytes": begin, "steps": n_steps})
    for what, *_ in requests():
        if what == "peak":
            answer(peak_bytes())
            continue
        start = time.perf_counter()
        loop(params, x, y, rng.permutation(len(x)), task["batch"], LR)
        answer((time.perf_counter() - start) / n_steps)


if __name__ == "__main__":
    serve(run)
