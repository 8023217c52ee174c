"""Memory that is planned before a net runs, beside what NumPy is seen to allocate for it."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.lib import tracemalloc_domain

import graphnet as gn
from benchmarks.cases import CASES, Case
from benchmarks.graphnet_case import load_rows, make_net, make_solver
from benchmarks.suite import Suite
from benchmarks.tables import Table
from graphnet.backend.numpy.elementwise import BLOCK_ELEMENTS, INLINE_ELEMENTS
from graphnet.backend.numpy.sums import SCRATCH_ELEMENTS
from graphnet.net.net import Net
from graphnet.solver.reporter import SilentReporter
from graphnet.solver.solver import Solver

#: Iterations before allocations are counted: threads make their buffers in the first ones.
N_SETTLING, N_COUNTED = 8, 6


class Trace(gn.CoffeeBreak):
    """Looks at what is allocated in every iteration.

    Attributes:
        held: Bytes of arrays, by iteration.
        risen: Bytes of everything, Python's own objects too, that an iteration needed beside
            what there was before it.
    """

    def __init__(self) -> None:
        self.held, self.risen, self.before = list[int](), list[int](), 0

    def enjoy(self, net: Any, state: Any, lounge: Any) -> None:
        """Note the last iteration."""
        peak = tracemalloc.get_traced_memory()[1]
        if state.iter > N_SETTLING:
            self.risen.append(peak - self.before)
        if state.iter in (N_SETTLING, N_SETTLING + N_COUNTED):
            self.held.append(array_bytes())
        tracemalloc.reset_peak()
        self.before = tracemalloc.get_traced_memory()[0]


def array_bytes() -> int:
    """Bytes that NumPy has allocated for arrays since tracing began and not given back."""
    of_numpy = tracemalloc.DomainFilter(inclusive=True, domain=tracemalloc_domain)
    traces = tracemalloc.take_snapshot().filter_traces([of_numpy]).traces
    return sum(trace.size for trace in traces)


def trace(
    case: Case, rows: Mapping[str, np.ndarray], threads: int, precision: str = "float32"
) -> dict[str, Any]:
    """Train for a few iterations; what was planned and what was allocated, in bytes.

    Args:
        case: What is trained.
        rows: Of its data.
        threads: Of the backend.
        precision: Of its products.

    Returns:
        What is known beforehand: ``arena`` (blobs, diffs and scratch) and ``params`` (with their
        diffs), which ``graphnet check`` adds up, ``history`` (of the method), ``working`` (see
        :func:`working_bytes`), ``planned``, the sum of all. What was seen: ``traced``;
        ``left_per_step``, the arrays that an iteration leaves behind; ``risen_per_step``, the
        most that one needs beside them, NumPy's buffers of fixed size for iterating included.
    """
    looking, given = Trace(), make_solver(case, N_SETTLING + N_COUNTED)
    solver = gn.Solver(given.spec.model_copy(update={"precision": precision}))
    solver.add_coffee_break(looking, every_n_iter=1)
    tracemalloc.start()
    try:
        net = make_net(case, rows, threads, precision=precision)
        gn.solve(solver, net, reporter=SilentReporter())
    finally:
        tracemalloc.stop()
    arena = net.compiled.plan.n_bytes
    planned = {
        "arena": arena,
        "params": net.planned_bytes - arena,
        "history": len(solver.spec.method.history) * net.store.diff.nbytes,
        "working": working_bytes(case, rows, net, solver, threads),
    }
    found = planned | {
        "planned": sum(planned.values()),
        "traced": looking.held[0],
        "left_per_step": (looking.held[1] - looking.held[0]) / N_COUNTED,
        "risen_per_step": max(looking.risen),
    }
    net.close()
    return found


def working_bytes(
    case: Case, rows: Mapping[str, np.ndarray], net: Net, solver: Solver, threads: int
) -> int:
    """Bytes that a run needs beside its net: what the data layer, the update and its guard keep.

    They are a batch as it is stored, the order of the rows, the buffer in which a norm is summed
    and the blocks of the update in each thread.
    """
    batch = sum(values[: case.batch].nbytes for values in rows.values())
    n_rows = len(next(iter(rows.values())))
    order = (2 + case.shuffle) * n_rows * np.dtype(np.int64).itemsize
    squares = SCRATCH_ELEMENTS * np.dtype(np.float64).itemsize
    sizes = Counter[tuple[Any, ...]]()
    for param in net.store.trainable():
        sizes[param.decl.lr, param.decl.regu if solver.spec.regu_coef else None] += param.data.size
    blocks = max(
        -(-size // -(-size // BLOCK_ELEMENTS)) * (threads if size >= INLINE_ELEMENTS else 1)
        for size in sizes.values()
    )
    return batch + order + squares + blocks * net.compiled.dtype.itemsize


def measure(suite: Suite) -> list[dict[str, Any]]:
    """One entry a net."""
    found = []
    for name in suite.nets:
        suite.say(f"memory: {name}")
        case = CASES[name]
        rows = load_rows(suite.rows(case))
        entry = trace(case, rows, suite.threads)
        found.append({"net": name, "batch": case.batch} | entry)
    return found


def tables(found: list[dict[str, Any]]) -> list[Table]:
    """Planned beside traced."""
    keys = ("arena", "params", "history", "working", "planned", "traced")
    rows = [
        [
            f"{entry['net']} ({entry['batch']})",
            *(f"{entry[key] / 2**10:,.0f}" for key in keys),
            f"{entry['traced'] / entry['planned'] - 1:+.1%}",
            f"{entry['left_per_step']:.0f} B",
            f"{entry['risen_per_step'] / 2**10:.1f}",
        ]
        for entry in found
    ]
    header = [
        "net (batch), KiB",
        "blobs, diffs, scratch",
        "params",
        "history",
        "working",
        "planned",
        "traced",
        "more",
        "left a step",
        "passing in a step",
    ]
    return [Table("memory", "Planned bytes beside those that NumPy allocates", header, rows)]
