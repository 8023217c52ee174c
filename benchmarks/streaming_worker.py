"""One process of the streaming benchmark: trains on files and says what it took, as JSON.

    python -m benchmarks.streaming_worker '{"source": "FOLDER/*.h5", ...}'

The keys are the fields of :class:`Task`. The data layer's forward is timed in the plain ``solve``
path, so that what it takes is what a training step waits for.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import graphnet as gn
from benchmarks.process_memory import max_rss_bytes, peak_bytes
from benchmarks.streaming_files import N_CLASS, marks
from graphnet.blob import Blob
from graphnet.layers import LAYER_TYPES
from graphnet.layers.data.async_hdf5_data import AsyncHDF5DataLayer
from graphnet.layers.data.hdf5_data import HDF5DataLayer
from graphnet.net.load_net import load_net
from graphnet.net.spec import NetSpec, Node, read_net
from graphnet.solver.load_solver import load_solver
from graphnet.solver.reporter import SilentReporter

ROOT = Path(__file__).parent.parent
SCALE = 2.0**-8  # a power of two: the marks of a row stay exact


@dataclass(frozen=True)
class Task:
    """What a worker does.

    Attributes:
        source: Glob of the files.
        layer: ``HDF5Data`` or ``AsyncHDF5Data``.
        net: File in ``nets/`` whose data layers are replaced; empty: one convolution.
        n_filter: Of that convolution.
        n_steps: Training steps; 0: as many as deliver an epoch.
        batch_size: Samples of a step.
        buffer_bytes: Of the data layer.
        threads: Of the net.
        check: Whether to look at every sample that is delivered.
    """

    source: str
    layer: str = "AsyncHDF5Data"
    net: str = ""
    n_filter: int = 16
    n_steps: int = 0
    batch_size: int = 64
    buffer_bytes: int = 1 << 28
    threads: int = 2
    check: bool = False


class Watch:
    """Times the data layer and, where asked, checks what it delivers.

    Attributes:
        first_s: Seconds until the first batch was there.
        waits: Seconds of every further call.
        between: Seconds from the end of the call before to the beginning of each.
        counts: How often each row came in the first epoch.
        order: The rows in the order in which they came.
    """

    def __init__(self, *, check: bool) -> None:
        self.first_s, self.waits, self.between = 0.0, list[float](), list[float]()
        self.check, self.n_wrong, self._at, self._left = check, 0, 0, 0.0
        self.counts = self.order = np.empty(0, np.int64)

    def begin(self, n_rows: int) -> None:
        """Count this many rows."""
        if self.check:
            self.counts, self.order = np.zeros(n_rows, np.int64), np.empty(n_rows, np.int64)

    def forward(self, plain: Callable[[], None], tops: Sequence[Blob]) -> None:
        """In place of the data layer's own, which is ``plain``."""
        begin = time.perf_counter()
        plain()
        end = time.perf_counter()
        if self._left:
            self.waits.append(end - begin)
            self.between.append(begin - self._left)
        else:
            self.first_s = end - begin
        if self.check:
            self._look(*(top.data for top in tops))
        self._left = time.perf_counter()  # what checking took is left out

    def _look(self, data: Any, label: Any, row: Any) -> None:
        rows = row.astype(np.int64)
        first = data.reshape(len(data), -1)[:, :2]
        self.n_wrong += int(
            (first != marks(rows) * SCALE).any(axis=1).sum() + (label != rows % N_CLASS).sum()
        )
        rows = rows[: len(self.order) - self._at]  # the rest is of the next epoch
        np.add.at(self.counts, rows, 1)
        self.order[self._at : self._at + len(rows)] = rows
        self._at += len(rows)

    def findings(self) -> dict[str, Any]:
        """What checking found: of the first epoch but for ``n_wrong``, which is of all samples."""
        if not self.check:
            return {}
        order = self.order[: self._at]
        return {
            "n_delivered": self._at,
            "n_once": int((self.counts == 1).sum()),
            "n_missing": int((self.counts == 0).sum()),
            "n_repeated": int((self.counts > 1).sum()),
            "n_wrong": self.n_wrong,
            # of two rows drawn at random, a third of all rows on the average
            "scatter": float(np.abs(np.diff(order)).mean() / (len(self.counts) / 3)),
        }


def spec_of(task: Task) -> NetSpec:
    """The net behind one shuffling data layer."""
    data = LAYER_TYPES[task.layer].model_validate(
        {
            "name": "rows",
            "source": task.source,
            "batch_size": task.batch_size,
            "shuffle": True,
            "buffer_bytes": task.buffer_bytes,
            "tops": ("data", "label", "row"),
            "transformers": {"data": [{"type": "Scale", "scale": SCALE}]},
        }
    )
    if not task.net:
        return read_net([data, *_one_convolution(task.n_filter)])
    spec = read_net(ROOT / "nets" / task.net)
    kept = [n for n in spec.nodes if n not in spec.data_nodes()]
    return spec.with_nodes([Node.of(data), *kept])


def _one_convolution(n_filter: int) -> list[dict[str, Any]]:
    return [
        {"name": "conv", "type": "Convolution", "n_filter": n_filter, "kernel": 5, "stride": 4}
        | {"neuron": "ReLU", "bottoms": ["data"], "tops": ["conv"]},
        {"name": "pool", "type": "Pooling", "kernel": 2, "stride": 2}
        | {"bottoms": ["conv"], "tops": ["pool"]},
        {"name": "ip", "type": "InnerProduct", "output_dim": N_CLASS}
        | {"bottoms": ["pool"], "tops": ["ip"]},
        {"name": "loss", "type": "SoftmaxLoss", "bottoms": ["ip", "label"]},
    ]


def run(task: Task) -> dict[str, Any]:
    """Train; what it took, in seconds and bytes."""
    begin_bytes = peak_bytes()
    watch = Watch(check=task.check)
    layer_type = {"HDF5Data": HDF5DataLayer, "AsyncHDF5Data": AsyncHDF5DataLayer}[task.layer]
    plain = layer_type.forward
    # the net binds its layers' methods when it is made, so this comes before
    layer_type.forward = lambda layer: watch.forward(  # type: ignore[method-assign, assignment]
        partial(plain, layer), layer.tops
    )
    net = load_net(spec_of(task), keep="needed", threads=task.threads)
    n_rows = int(net.n_samples or 0)
    watch.begin(n_rows)
    n_steps = task.n_steps or -(-n_rows // task.batch_size)
    given = load_solver(ROOT / "solvers" / "mnist.yaml").spec
    update = {"max_iter": n_steps, "max_epoch": None, "exp_dir": "", "coffee_breaks": ()}
    begin = time.perf_counter()
    gn.solve(gn.Solver(given.model_copy(update=update)), net, reporter=SilentReporter())
    seconds = time.perf_counter() - begin
    net.close()
    steps = np.add(watch.waits, watch.between)
    return {
        **asdict(task),
        "n_steps": n_steps,
        "n_rows": n_rows,
        "loss": net.loss(),
        "seconds": seconds,
        "first_batch_s": watch.first_s,
        "step_ms": float(np.mean(steps)) * 1e3,
        "wait_ms": float(np.mean(watch.waits)) * 1e3,
        "wait_share": float(np.sum(watch.waits) / np.sum(steps)),
        "longest_wait_ms": max(watch.waits) * 1e3,
        "begin_bytes": begin_bytes,
        "peak_bytes": peak_bytes(),
        "max_rss_bytes": max_rss_bytes(),
        **watch.findings(),
    }


def main(arguments: Sequence[str]) -> None:
    """Do the task given as JSON."""
    print(json.dumps(run(Task(**json.loads(arguments[0])))))


if __name__ == "__main__":
    main(sys.argv[1:])
